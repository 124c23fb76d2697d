// Says of each line of its input whether it is the token of somebody who is let in, and why not.
import { createInterface } from "node:readline";
import { Unavailable, Verifier } from "./verifier.js";

const [url, apiKey, maxAge] = process.argv.slice(2);
const verifier = new Verifier(url, { apiKey, maxAge: Number(maxAge) });
for await (const token of createInterface({ input: process.stdin })) {
  const answer = await verifier.verify(token).then(
    (payload) => `in ${payload.sub} ${payload.sid}`,
    (error) => `${error instanceof Unavailable ? "unavailable" : "refused"} ${error.message}`,
  );
  console.log(answer.replaceAll("\n", " "));
}
verifier.close();
