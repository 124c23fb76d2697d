// The same in Node, with the verifier of the example in the folder that is named first.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [folder, url, apiKey] = process.argv.slice(2);
const { Verifier } = await import(pathToFileURL(`${folder}/verifier.js`));
const verifier = new Verifier(url, { apiKey });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const isIn = (token) => verifier.verify(token).then(() => true, () => false);
for (;;) {
  const trouble = await verifier.verify("x").then(() => "", (error) => error.constructor.name);
  if (trouble !== "Unavailable") break;
  await sleep(10);
}
console.log("ready");
for await (const token of createInterface({ input: process.stdin })) {
  console.log((await isIn(token)) ? "in" : "not in");
  while (await isIn(token)) await sleep(1);
  console.log(String(Number(process.hrtime.bigint()) / 1e9));
}
