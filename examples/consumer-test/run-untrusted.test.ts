import { createFakeSandboxApi } from "@porter-sandbox/testing";
import { Porter } from "porter-sandbox";
import { afterEach, expect, test } from "vitest";
import { runUntrusted } from "./run-untrusted.ts";

const fake = createFakeSandboxApi();
const porter = new Porter({ fetch: fake.fetch, random: () => 0 });

afterEach(async () => {
  await fake.assertNoLeaks();
  await fake.control.reset();
});

test("the output of the script comes back", async () => {
  fake.commands.on(["node", "--eval"], { stdout: "42\n" });
  expect(await runUntrusted(porter, "console.log(42)")).toBe("42\n");
});

test("a script that fails is an error, and its sandbox is gone all the same", async () => {
  fake.commands.on(["node", "--eval"], { stderr: "SyntaxError\n", exit_code: 1 });
  await expect(runUntrusted(porter, "(")).rejects.toThrow("The script failed: SyntaxError");
});

test("a server that asks to wait is waited for", async () => {
  await fake.control.inject({
    operation: "createSandbox",
    fault: { kind: "status", status: 429, retry_after_s: 0, commit: false },
  });
  fake.commands.on(["node", "--eval"], { stdout: "ok\n" });
  expect(await runUntrusted(porter, "console.log('ok')")).toBe("ok\n");
});
