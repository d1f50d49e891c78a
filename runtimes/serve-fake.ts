// A fake on a port of its own, with its control channel; started by run.ts, once for each runtime. It says where it is
// in one line of JSON, and ends when its standard input does, so that it never outlives what started it.
import { randomUUID } from "node:crypto";
import { createFakeSandboxApi } from "@porter-sandbox/testing";
import { listen } from "@porter-sandbox/testing/node";
import { bashShell } from "@porter-sandbox/testing/shell";
import { fakeOptions } from "./fake-options.ts";

const apiKey = randomUUID();
const fake = createFakeSandboxApi({ ...fakeOptions.fake, shell: bashShell(), auth: { keys: [apiKey] } });
const server = await listen(fake, { port: 0 });
console.log(JSON.stringify({ url: server.url, apiKey }));
process.stdin.resume();
process.stdin.once("end", async () => {
  await server.close();
  process.exit(0);
});
