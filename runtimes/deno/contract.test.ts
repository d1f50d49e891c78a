import { readContract } from "../provide.ts";
import { suite } from "../suite.ts";

for (const { name, skip, run } of suite(readContract(Deno.env.get("CONTRACT")))) {
  // Connections stay open between cases, as they do in a program.
  Deno.test({ name, ignore: skip, sanitizeOps: false, sanitizeResources: false, fn: run });
}
