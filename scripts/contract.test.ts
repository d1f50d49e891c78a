import { execFile } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFakeSandboxApi } from "../packages/testing/src/index.ts";
import { type Listening, listen } from "../packages/testing/src/node.ts";

const fake = createFakeSandboxApi({ auth: { keys: ["the-right-key"] } });
let server: Listening;
beforeAll(async () => {
  server = await listen(fake);
});
afterAll(async () => {
  await server.close();
  await fake.close();
});

const contract = (...args: string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const script = join(import.meta.dirname, "contract.ts");
    execFile(process.execPath, [script, ...args], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });

test("a server is held to the contract, and what it can do is told", async () => {
  const { code, stdout } = await contract("--base-url", server.url, "--api-key", "the-right-key", "--only", "health:");
  expect(stdout).toContain("ok    health: healthz says ok");
  expect(stdout).toMatch(/^health +5 +4 +0 +1 +partly$/m);
  expect(stdout).toContain("1 because the target lacks control");
  expect(stdout).toContain("4 passed, 0 failed, 1 skipped");
  expect(code).toBe(0);
  expect(await fake.control.leaks()).toEqual({ sandboxes: [], volumes: [], requests: [] });
}, 30_000);

test("a server that breaks the contract is told where, and the run fails", async () => {
  await fake.control.inject({
    operation: "healthz",
    times: "always",
    fault: { kind: "status", status: 418, commit: false },
  });
  const args = ["--base-url", server.url, "--api-key", "the-right-key", "--only", "health: healthz", "--json"];
  const { code, stdout } = await contract(...args);
  await fake.control.clearFaults();
  const results = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(results).toMatchObject([{ name: "health: healthz says ok", outcome: "failed" }]);
  expect(results[0].reason).toContain("expected status 200, got 418");
  expect(code).toBe(1);
}, 30_000);

test.each([
  [[], "--base-url is required"],
  [["--base-url", "ftp://x"], '--base-url: must be an http or https URL (got "ftp://x")'],
  [["--base-url", "http://127.0.0.1:9", "--only", "no such case"], '--only: no case has "no such case" in its name'],
  [["--base-url", "http://127.0.0.1:9", "--without", "speed"], "--without: speed is no capability"],
  [["--base-url", "http://127.0.0.1:9", "--concurrency", "0"], "--concurrency: must be a whole number of at least 1"],
  [["--nonsense"], "--nonsense"],
])("wrong usage %j is explained", async (args, message) => {
  const { code, stderr } = await contract(...args);
  expect(stderr).toContain(message);
  expect(stderr).toContain("Usage: pnpm contract");
  expect(code).toBe(2);
});

test("a server that cannot be reached, and a wrong key, are told without a stack", async () => {
  const nobody = await contract("--base-url", "http://127.0.0.1:9");
  expect(nobody.stderr).toMatch(/^contract: /);
  expect(nobody.code).toBe(1);
  const wrong = await contract("--base-url", server.url, "--api-key", "wrong");
  expect(wrong.stderr).toContain("401");
  expect(wrong.stderr).not.toContain("    at ");
  expect(wrong.code).toBe(1);
}, 30_000);
