import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createFakeSandboxApi } from "../packages/testing/src/index.ts";
import { listen } from "../packages/testing/src/node.ts";
import { root } from "./process.ts";

/** The README's programs, as they are written. */
const programs = [...readFileSync(`${root}/README.md`, "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
  ([, code = ""]) => code,
);

/** Runs a program where the packages it names are found, and answers what it printed. */
async function printed(program: string, env: Record<string, string>): Promise<string> {
  const words = ["--input-type=module-typescript", "--eval", program];
  const options = { cwd: `${root}/examples/quickstart`, env: { PATH: process.env.PATH ?? "", ...env } };
  return (await promisify(execFile)(process.execPath, words, options)).stdout;
}

test("the README's ten lines print what they say", async () => {
  const fake = createFakeSandboxApi();
  fake.commands.on(["python", "-c", "print(6 * 7)"], { stdout: "42\n" });
  await using server = await listen(fake);
  expect(await printed(programs[0] ?? "", { PORTER_SANDBOX_BASE_URL: server.url })).toBe("42\n\n");
  expect(await fake.control.leaks()).toMatchObject({ sandboxes: [], requests: [] });
  await fake.close();
});

test("the README's lines for a test run as they are", async () => {
  expect(programs).toHaveLength(2);
  const use =
    'const sandbox = await porter.sandboxes.create({ image: "x" });\nconsole.log((await sandbox.exec(["python"])).stdout);';
  expect(await printed(`${programs[1]}\n${use}`, {})).toBe("42\n\n");
});
