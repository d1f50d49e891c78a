import { test as base } from "vitest";
import { createFakeSandboxApi, type FakeOptions, type FakeSandboxApi } from "./fake.ts";

/**
 * Vitest's `test` with a fresh `fake` for each test that asks for it. After a test that passed, the fake must be empty:
 * sandboxes that still run, volumes and unfinished requests fail the test. `fakeOptions` can be overridden.
 *
 * @example
 * ```ts
 * import { test } from "@porter-sandbox/testing/vitest";
 *
 * test("runs the build", async ({ fake }) => {
 *   fake.commands.on("make", { exit_code: 0 });
 *   await build(new Porter({ fetch: fake.fetch }));
 * });
 *
 * const slow = test.extend({ fakeOptions: { bootDelayMs: 30_000 } });
 * ```
 */
export const test = base.extend<{ fakeOptions: FakeOptions; fake: FakeSandboxApi }>({
  fakeOptions: {},
  fake: async ({ fakeOptions, task }, use) => {
    const fake = createFakeSandboxApi(fakeOptions);
    try {
      await use(fake);
      // A test that failed has no chance to clean up, and a second error would hide the first.
      if (task.result?.state !== "fail") await fake.assertNoLeaks();
    } finally {
      await fake.close();
    }
  },
});
