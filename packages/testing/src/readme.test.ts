import { readFile } from "node:fs/promises";
import { Porter } from "@porter-sandbox/core";
import { expect } from "vitest";
import { plainCommandNames } from "./commands/plain.ts";
import { test } from "./vitest.ts";

// The guide of the README, run as it is written there; its functions and tests are compared line by line below.
async function check(porter: Porter, project: string) {
  await using sandbox = await porter.sandboxes.create({ image: "node:24", tags: { project } });
  const { exit_code, stdout } = await sandbox.exec(["npm", "test"]);
  return exit_code === 0 ? "passed" : `failed: ${stdout.trim()}`;
}

test("says why a project failed", async ({ fake }) => {
  fake.commands.on("npm test", { stdout: "1 of 3 failed\n", exit_code: 1 });
  const porter = new Porter({ fetch: fake.fetch });
  expect(await check(porter, "shop")).toBe("failed: 1 of 3 failed");
  expect(fake.commands.runs()).toMatchObject([{ command: ["npm", "test"], exit_code: 1 }]);
});

test("the README's guide is what runs here", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const here = await readFile(new URL(import.meta.url), "utf8");
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => code).slice(0, 2);
  const lines = blocks.flatMap((code) => code.split("\n")).filter((line) => line !== "" && !line.startsWith("import"));
  expect(lines.length).toBeGreaterThan(8);
  for (const line of lines) expect(here).toContain(line.replace(/^export /, ""));
});

test.describe("on a clock that stands still, which the client goes by too", () => {
  const bootDelayMs = 2000;
  test.override({ fakeOptions: { start: Date.UTC(2030, 0, 1), bootDelayMs } });
  test("what waits for a sandbox ends when the clock is moved on as the README says", async ({ fake }) => {
    const porter = new Porter({ fetch: fake.fetch, clock: fake.clock });
    const booting = () => porter.sandboxes.create({ image: "busybox" });
    const made = await Promise.all(Array.from({ length: 20 }, booting));
    const outputs = Promise.all(made.map((sandbox) => sandbox.exec(["echo", "hi"])));
    const running = Promise.all(made.map((sandbox) => sandbox.waitUntilRunning()));
    const ended = Promise.all(made.map((sandbox) => sandbox.wait()));
    await fake.control.advance(bootDelayMs);
    await fake.control.advance(2_500);
    expect((await outputs).map(({ stdout }) => stdout)).toEqual(made.map(() => "hi\n"));
    await running;
    await Promise.all(made.map((sandbox) => sandbox.terminate()));
    await fake.control.advance(7_000);
    await ended;
  });
});

test("the README names every plain command", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  expect(plainCommandNames.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
