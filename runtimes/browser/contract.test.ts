import { inject, test } from "vitest";
import { suite } from "../suite.ts";

const { runtime, targets, server } = inject("contract");
for (const { name, skip, run } of suite(runtime, targets, server)) {
  test.skipIf(skip)(name, async () => {
    await run();
  });
}
