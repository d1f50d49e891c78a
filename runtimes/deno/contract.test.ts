import { readContract } from "../provide.ts";
import { suite } from "../suite.ts";

const { runtime, targets, server } = readContract(Deno.env.get("CONTRACT"));
for (const { name, skip, run } of suite(runtime, targets, server)) {
  // Connections stay open between cases, as they do in a program.
  Deno.test({ name, ignore: skip, sanitizeOps: false, sanitizeResources: false, fn: async () => void (await run()) });
}
