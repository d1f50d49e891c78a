// The fakes, each on a port of its own, with their control channels; started by run.ts, once for each runtime. It says
// where they are in one line of JSON, and ends when its standard input does, so that it never outlives what started it.
import { listen } from "@porter-sandbox/testing/node";
import { createFake, kinds } from "./fakes.ts";

const servers = await Promise.all(kinds.map(async (kind) => [kind, (await listen(createFake(kind))).url] as const));
console.log(JSON.stringify(Object.fromEntries(servers)));
process.stdin.resume();
process.stdin.once("end", () => process.exit(0));
