// Verifies what was sent to a webhook with the official library, as a receiver does, and prints what became of each.

import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

for (const { secret, headers, body } of JSON.parse(readFileSync("received.json", "utf8"))) {
  try {
    console.log(JSON.stringify(new Webhook(secret).verify(body, headers)));
  } catch (error) {
    console.log(error.message);
  }
}
