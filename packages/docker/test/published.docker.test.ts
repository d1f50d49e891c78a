import { createSandboxApi, type SandboxApi } from "@porter-sandbox/api";
import { Porter } from "@porter-sandbox/core";
import { registerContract } from "@porter-sandbox/testing/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testImage } from "./engine.ts";
import { type Bench, bench, missing } from "./fixture.ts";

/** What the client does by itself where a server has no extension for it. */
const portable = new Set([
  ...["exec", "exec options", "fleets", "following logs", "handles as json", "iterate", "jobs", "lifetime"],
  ...["log filters", "reasons", "sandbox files", "waiting", "watching jobs"],
]);
/** What no extension changes: these run on containers in `contract.docker.test.ts`. */
const alike = new Set([
  ...["bad input", "capabilities", "counts", "create", "errors", "health", "idempotency keys", "lifecycle", "listing"],
  ...["listing files", "logs", "lookup", "moving files", "names", "reading files", "request ids", "routing"],
  ...["tolerance", "volumes", "walking files", "writing files"],
]);
const subjectOf = (name: string) => name.split(": ")[0] ?? "";

describe.skipIf(missing !== undefined)("behind a server of the published API alone", { timeout: 240_000 }, () => {
  let here: Bench;
  let api: SandboxApi;
  let porter: Porter;

  beforeAll(() => {
    here = bench();
    api = createSandboxApi({ engine: here.engine, extensions: false });
    porter = new Porter({ fetch: (input, init) => api.fetch(input, init) });
  });
  afterAll(async () => {
    porter?.close();
    await api?.close();
    await here?.close();
  });

  test("a command has its directory, variables, user, input and bounds all the same", async () => {
    const sandbox = await porter.sandboxes.create({ image: testImage, env: { KEPT: "kept", CHANGED: "before" } });
    await sandbox.waitUntilRunning();
    await sandbox.exec("grep -q ^daemon: /etc/passwd || echo daemon:x:1:1:daemon:/:/bin/sh >>/etc/passwd");
    const heard: string[] = [];
    const result = await sandbox.exec('pwd; echo "$KEPT $CHANGED"; id -un; cat', {
      cwd: "/tmp",
      env: { CHANGED: "it's $new" },
      user: "daemon",
      stdin: "the input\n",
      onStdout: (text) => heard.push(text),
    });
    const expected = "/tmp\nkept it's $new\ndaemon\nthe input\n";
    expect(result).toMatchObject({ stdout: expected, stderr: "", exit_code: 0 });
    expect(heard.join("")).toBe(expected);
    const cut = await sandbox.exec("printf begin; head -c 100000 /dev/zero | tr '\\0' x; printf end", {
      maxOutputBytes: 10,
    });
    expect([cut.stdout, cut.stdout_tail, cut.stdout_truncated]).toEqual(["begin", "xxend", true]);
    await expect(sandbox.exec(["true"], { cwd: "/no/such" })).rejects.toMatchObject({ field: "cwd" });
    await expect(sandbox.spawn("top", { tty: { rows: 24, cols: 80 } })).rejects.toThrow(/tty/);
    await sandbox.terminate();
  });

  // The others of these subjects ask for an extension, or for a clock to move.
  const cases = registerContract(
    {
      image: testImage,
      fetch: (input, init) => api.fetch(input, init),
      bootTimeoutMs: 150_000,
      capabilities: ["shell", "sandbox_files", "no_extensions", "exit_codes", "any_headers", "many"],
    },
    { Porter },
  ).filter(({ skip }) => skip === undefined);
  test("every subject with cases that need no extension is in one of the lists", () => {
    const subjects = new Set(cases.map(({ name }) => subjectOf(name)));
    expect([...subjects].sort()).toEqual([...portable, ...alike].sort());
  });
  describe("the contract", { concurrent: true }, () => {
    const chosen = cases.filter(({ name }) => missing === undefined && portable.has(subjectOf(name)));
    for (const { name, run } of chosen) test(name, { timeout: 240_000 }, async () => void (await run()));
  });
});
