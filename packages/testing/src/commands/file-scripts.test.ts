import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Porter, type Sandbox } from "@porter-sandbox/core";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { createFakeSandboxApi } from "../fake.ts";
import { bashShell } from "../shell.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "double-")));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Shells with the tools that go with them in images: what this machine has, and busybox where it is. */
function shells(): { name: string; sh: string; path: string }[] {
  const found = [{ name: "sh and coreutils", sh: "/bin/sh", path: process.env.PATH ?? "/usr/bin:/bin" }];
  const busybox = ["/bin/busybox", "/usr/bin/busybox"].find(existsSync);
  if (busybox === undefined) return found;
  const applets = mkdtempSync(join(folder, "applets-"));
  for (const applet of spawnSync(busybox, ["--list"], { encoding: "utf8" }).stdout.split("\n"))
    if (applet !== "") symlinkSync(busybox, join(applets, applet));
  return [...found, { name: "busybox", sh: join(applets, "sh"), path: applets }];
}

/** A sandbox that is this machine: its commands really run. */
function machine({ sh, path }: { sh: string; path: string }): Sandbox {
  const porter = new Porter({
    async fetch(_url, init) {
      const { command } = JSON.parse(String(init.body)) as { command: string[] };
      const child = spawn(sh, command.slice(1), { env: { PATH: path }, stdio: ["ignore", "pipe", "pipe"] });
      const output = { stdout: "", stderr: "" };
      child.stdout.on("data", (data: Buffer) => {
        output.stdout += data.toString("latin1");
      });
      child.stderr.on("data", (data: Buffer) => {
        output.stderr += data.toString("latin1");
      });
      const exit_code = await new Promise((resolve) => child.on("close", resolve));
      return Response.json({ ...output, exit_code });
    },
  });
  return porter.sandboxes.fromId("this-machine");
}

type Files = Sandbox["files"];
type Step = (files: Files, here: string) => Promise<unknown>;

/** Few names, so that steps come upon what others made. */
const path = fc
  .array(fc.constantFrom("a", "b", "-c d\n'", ".hidden"), { minLength: 1, maxLength: 3 })
  .map((names) => `/${names.join("/")}`);
const content = fc.uint8Array({ maxLength: 40 }).map((bytes) => Uint8Array.from(bytes));
const part = fc.record({
  offset: fc.option(fc.nat(45), { nil: undefined }),
  length: fc.option(fc.nat(45), { nil: undefined }),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(path, content).map(
      ([p, c]) =>
        (f: Files, h: string) =>
          f.writeFile(h + p, c),
    ),
  },
  fc.tuple(path, fc.constantFrom(0o600, 0o755)).map(
    ([p, mode]) =>
      (f: Files, h: string) =>
        f.writeText(h + p, "x", { mode }),
  ),
  { weight: 2, arbitrary: path.map((p) => (f: Files, h: string) => f.mkdir(h + p)) },
  fc.tuple(path, part).map(([p, range]) => async (f: Files, h: string) => [...(await f.readFile(h + p, range))]),
  fc.tuple(path, path).map(
    ([from, to]) =>
      (f: Files, h: string) =>
        f.moveFile(h + from, h + to),
  ),
  fc.tuple(path, fc.boolean()).map(
    ([p, recursive]) =>
      (f: Files, h: string) =>
        f.remove(h + p, { recursive }),
  ),
  path.map((p) => (f: Files, h: string) => f.exists(h + p)),
  path.map((p) => async (f: Files, h: string) => {
    const { type, size_bytes, mode, name } = await f.stat(h + p);
    return { type, size_bytes, mode, name };
  }),
  path.map((p) => async (f: Files, h: string) => (await f.listdir(h + p)).map(({ name }) => name)),
  path.map((p) => async (f: Files, h: string) => (await f.search("A", h + p)).map(({ name }) => name)),
);

/** What came of a step, without where it was. */
async function outcome(run: Step, files: Files, here: string): Promise<unknown> {
  try {
    return (await run(files, here)) ?? "done";
  } catch (error) {
    const { name, code, field, admitted, message } = error as Record<string, unknown>;
    return { name, code, field, admitted, message: String(message).replaceAll(here, "") };
  }
}

async function treeOf(files: Files, here: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { path, type, size_bytes } of files.iterdir(here))
    found.push([path.slice(here.length), type, size_bytes, type === "file" ? await files.readText(path) : ""]);
  return found;
}

describe.each(shells())("the files of a sandbox, on the fake and with $name", (shell) => {
  test("come to the same, whatever is done with them", { timeout: 120_000 }, async () => {
    const fake = createFakeSandboxApi();
    const porter = new Porter({ fetch: fake.fetch });
    const double = (await porter.sandboxes.create({ image: "any" })).files;
    const real = machine(shell).files;
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        count += 1;
        const here = join(folder, `${shell.name.length}-${count}`);
        await Promise.all([real.mkdir(here), double.mkdir(here)]);
        for (const run of steps) expect(await outcome(run, double, here)).toEqual(await outcome(run, real, here));
        expect(await treeOf(double, here)).toEqual(await treeOf(real, here));
      }),
      { seed: 11, numRuns: 25 },
    );
  });
});

describe("the files of a sandbox on the fake", () => {
  test("are the same beside a shell, and none of the commands that a test asks for", async () => {
    const fake = createFakeSandboxApi({ shell: bashShell() });
    const porter = new Porter({ fetch: fake.fetch });
    const sandbox = await porter.sandboxes.create({ image: "any" });
    fake.commands.on(/./, { stdout: "scripted" });
    await sandbox.files.writeText("/made/by.client", "words");
    expect((await sandbox.exec(["cat", "x"])).stdout).toBe("scripted");
    fake.commands.clear();
    expect((await sandbox.exec("cat /made/*")).stdout).toBe("words");
    expect(fake.files({ sandbox: sandbox.id }).readText("/made/by.client")).toBe("words");
    expect(fake.commands.runs().map(({ command }) => command)).toEqual([["sh", "-c", "cat /made/*"]]);
  });

  test("say what a mount refuses", async () => {
    const fake = createFakeSandboxApi();
    const porter = new Porter({ fetch: fake.fetch });
    const bucket = await porter.volumes.create({
      type: "object",
      object: { bucket: "kept", access: "read_only" },
    });
    const disk = await porter.volumes.create();
    const sandbox = await porter.sandboxes.create({
      image: "any",
      volume_mounts: { "/bucket": bucket.id, "/disk": disk.id },
    });
    const denied = { name: "PermissionDeniedError", code: "permission_denied" };
    await expect(sandbox.files.writeText("/bucket/a", "x")).rejects.toMatchObject(denied);
    await expect(sandbox.files.mkdir("/bucket/a")).rejects.toMatchObject(denied);
    await expect(sandbox.files.remove("/disk", { recursive: true })).rejects.toMatchObject({ code: "file_system" });
    await sandbox.files.writeText("/disk/a", "x");
    expect(await disk.readText("/a")).toBe("x");
  });
});
