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

test("the README names every plain command", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  expect(plainCommandNames.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
