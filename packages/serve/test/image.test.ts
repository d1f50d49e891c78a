import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { parseCli } from "../src/cli/options.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const dockerfile = readFileSync(join(root, "deploy/Dockerfile"), "utf8");

test("the image's command is one that the server takes", () => {
  const words = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? "") as string[];
  expect(parseCli(words)).toMatchObject({
    action: "serve",
    options: { engine: "docker", host: "0.0.0.0", port: 8080 },
  });
  const compose = readFileSync(join(root, "deploy/compose.yaml"), "utf8");
  const lines = [...compose.matchAll(/^ {6}- (--.*)$/gm)].map(([, word = ""]) =>
    word.replace(/\$\{EGRESS.*\}/, "unenforced"),
  );
  expect(parseCli(lines)).toMatchObject({ action: "serve", options: { engine: "docker", egress: "unenforced" } });
});

test("the one file of the image runs by itself", { timeout: 60_000 }, async () => {
  await run(process.execPath, [join(root, "bundle.ts")]);
  const copied = /^COPY (\S+)/m.exec(dockerfile)?.[1] ?? "";
  const { stdout } = await run(process.execPath, [join(root, copied), "--help"], { cwd: "/" });
  expect(stdout).toContain("--engine docker|memory");
  const docker = ["--engine", "docker", "--egress", "unenforced", "--port", "0", "--installation", "x"];
  const env = { PATH: process.env.PATH, DOCKER_HOST: "unix:///nowhere.sock" };
  await expect(run(process.execPath, [join(root, copied), ...docker], { cwd: "/", env })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("/nowhere.sock does not answer"),
  });
});
