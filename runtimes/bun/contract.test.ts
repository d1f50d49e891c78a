import { test } from "bun:test";
import { readContract } from "../provide.ts";
import { suite } from "../suite.ts";

const { runtime, targets, server } = readContract(process.env.CONTRACT);
for (const { name, skip, run } of suite(runtime, targets, server)) {
  test.skipIf(skip)(name, async () => {
    await run();
  });
}
