import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bench, bench, bytesOf, forever, missing, newId, outputOf, plan } from "./fixture.ts";

describe.skipIf(missing !== undefined)(`sandboxes as containers ${missing ?? ""}`, () => {
  let b: Bench;
  beforeAll(() => {
    b = bench();
  });
  afterAll(() => b.close());

  it("runs an image without a command until it is stopped, and keeps its output", async () => {
    const asked = plan({ command: ["sh", "-c", "echo hello; echo oops >&2; cat"] });
    const before = Date.now();
    const { started_at, ended } = await b.engine.startSandbox(asked, forever);
    expect(Math.abs(started_at - before)).toBeLessThan(10_000);
    await expect.poll(async () => (await b.engine.logs(asked.id, { since: 0, limit: 10 })).length).toBe(2);
    await b.engine.stopSandbox(asked.id);
    expect(await ended).toMatchObject({ exit_code: 137 });
    const lines = await b.engine.logs(asked.id, { since: before - 1000, limit: 10 });
    expect(lines.map(({ line, stream }) => [stream, line]).sort()).toEqual([
      ["stderr", "oops"],
      ["stdout", "hello"],
    ]);
    await b.engine.stopSandbox(asked.id);
    await b.engine.removeSandbox(asked.id);
    await b.engine.removeSandbox(asked.id);
    await expect(b.engine.logs(asked.id, { since: 0, limit: 10 })).rejects.toMatchObject({ code: "not_found" });
  });

  it.each([0, 3, 255])("tells that the main process ended with %i", async (code) => {
    const asked = plan({ command: ["sh", "-c"], args: [`exit ${code}`] });
    const { ended } = await b.engine.startSandbox(asked, forever);
    const end = await ended;
    expect(end).toEqual({ exit_code: code, finished_at: expect.any(Number) });
  });

  it("tells that a sandbox ran out of memory", async () => {
    const asked = plan({
      command: ["sh", "-c", "tail /dev/zero"],
      resources: { memory_bytes: 16 * 1024 * 1024 },
    });
    const { ended } = await b.engine.startSandbox(asked, forever);
    expect(await ended).toMatchObject({ reason: "out_of_memory", exit_code: 137 });
  });

  it("runs commands with their output, input, environment and exit code", async () => {
    const asked = plan({ env: { COLOUR: "deep blue" } });
    await b.engine.startSandbox(asked, forever);
    expect(await b.run(asked.id, "sh", "-c", 'printf out; printf err >&2; printf "$COLOUR"; exit 7')).toEqual({
      stdout: "outdeep blue",
      stderr: "err",
      exit_code: 7,
    });
    const exec = await b.engine.exec(asked.id, { exec_id: "ex-1", command: ["cat"], stdin: true });
    const writing = bytesOf("through and back").pipeTo(exec.stdin ?? new WritableStream());
    expect(await outputOf(exec)).toEqual({ stdout: "through and back", stderr: "", exit_code: 0 });
    await writing;
  });

  it("says 127 for a command that is not there, with the reason on stderr", async () => {
    const asked = plan();
    await b.engine.startSandbox(asked, forever);
    const { stdout, stderr, exit_code } = await b.run(asked.id, "no-such-command");
    expect([stdout, exit_code]).toEqual(["", 127]);
    expect(stderr).toMatch(/no-such-command/);
    expect((await b.run(asked.id, "/etc/passwd")).exit_code).toBe(126);
    expect(await b.run(asked.id, "sh", "-c", "echo OCI runtime exec failed: not; exit 126")).toEqual({
      stdout: "OCI runtime exec failed: not\n",
      stderr: "",
      exit_code: 126,
    });
  });

  it("passes every byte of a large output on, at the reader's pace", async () => {
    const asked = plan();
    await b.engine.startSandbox(asked, forever);
    const exec = await b.engine.exec(asked.id, {
      exec_id: "ex-2",
      command: ["dd", "if=/dev/zero", "bs=1048576", "count=64"],
      stdin: false,
    });
    void exec.stderr.cancel();
    let bytes = 0;
    for await (const chunk of exec.stdout) bytes += chunk.byteLength;
    expect([bytes, await exec.exit]).toEqual([64 * 1024 * 1024, { exit_code: 0 }]);
  });

  it("kills a command with all that it started, and nothing else", async () => {
    const asked = plan();
    await b.engine.startSandbox(asked, forever);
    const script =
      "sleep 901 & (setsid sleep 902 &) ; env -i setsid sleep 903 & (trap '' HUP TERM; sleep 904) & sleep 905";
    const other = await b.engine.exec(asked.id, { exec_id: newId("ex"), command: ["sleep", "906"], stdin: false });
    const exec = await b.engine.exec(asked.id, { exec_id: newId("ex"), command: ["sh", "-c", script], stdin: false });
    const sleeping = async () =>
      [...(await b.run(asked.id, "ps", "-o", "args")).stdout.matchAll(/^sleep (\d+)$/gm)].map(([, n]) => n).sort();
    await expect.poll(sleeping).toEqual(["901", "902", "903", "904", "905", "906"]);
    await exec.kill();
    expect((await exec.exit).exit_code).toBe(137);
    expect(await sleeping()).toEqual(["906"]);
    await exec.kill();
    await b.engine.stopSandbox(asked.id);
    await expect(other.exit.then(({ exit_code }) => exit_code)).resolves.toBe(137);
    await other.kill();
  });

  it("refuses commands in what does not run", async () => {
    const asked = plan({ command: ["true"] });
    const { ended } = await b.engine.startSandbox(asked, forever);
    await ended;
    const refused = { code: "not_running" };
    const command = { exec_id: "ex", command: ["true"], stdin: false };
    await expect(b.engine.exec(asked.id, command)).rejects.toMatchObject(refused);
    await expect(b.engine.exec("sb-unknown", command)).rejects.toMatchObject(refused);
  });

  it("rejects with the reason when the image cannot be had, and leaves nothing behind", async () => {
    const before = await b.left();
    for (const image of ["127.0.0.1:9/nothing:1", "127.0.0.1:9/nothing@sha256:".padEnd(91, "0"), "NOT//valid"]) {
      const failed = b.engine.startSandbox(plan({ image }), forever);
      await expect(failed, image).rejects.toMatchObject({
        code: "image_pull",
        message: expect.stringContaining(image),
      });
    }
    expect(await b.left()).toEqual(before);
  });

  it("rejects when the engine does not start it, and leaves nothing behind", async () => {
    const before = await b.left();
    const missing = bench({ installation: b.installation, isolation: { runtime: "no-such-runtime" } });
    await expect(missing.engine.startSandbox(plan(), forever)).rejects.toMatchObject({
      code: "engine_error",
      message: expect.stringContaining("no-such-runtime"),
    });
    await missing.engine.close();
    expect(await b.left()).toEqual(before);
    const little = plan({ resources: { memory_bytes: 1024 } });
    await expect(b.engine.startSandbox(little, forever)).rejects.toMatchObject({ code: "unsupported" });
  });

  it("leaves nothing behind when a start is called off", async () => {
    const before = await b.left();
    for (const ms of [0, 5, 20, 60, 120]) {
      const asked = plan();
      const stop = new AbortController();
      const starting = b.engine.startSandbox(asked, stop.signal);
      setTimeout(() => stop.abort(new Error("called off")), ms);
      const outcome = await starting.then(
        () => "started",
        (error: Error) => error.message,
      );
      if (outcome === "started") await b.engine.removeSandbox(asked.id);
      else expect(outcome).toBe("called off");
    }
    expect(await b.left()).toEqual(before);
  });

  it("takes up what a former engine started", async () => {
    const [lives, ended] = [plan(), plan({ command: ["sh", "-c", "exit 4"] })];
    const former = bench({ installation: b.installation });
    await former.engine.startSandbox(lives, forever);
    await (await former.engine.startSandbox(ended, forever)).ended;
    await former.engine.close();

    const { sandboxes } = await b.engine.inventory();
    expect(sandboxes).toEqual(expect.arrayContaining([lives.id, ended.id]));
    expect(await (await b.engine.attachSandbox(ended.id))?.ended).toMatchObject({ exit_code: 4 });
    const attached = await b.engine.attachSandbox(lives.id);
    expect((await b.run(lives.id, "echo", "still here")).stdout).toBe("still here\n");
    await b.engine.stopSandbox(lives.id);
    expect(await attached?.ended).toMatchObject({ exit_code: 137 });
    expect(await b.engine.attachSandbox("sb-unknown")).toBeUndefined();
  });

  it("joins long lines, and keeps the newest", async () => {
    const script =
      "i=0; while [ $i -lt 30 ]; do echo line $i; i=$((i+1)); done; head -c 50000 /dev/zero | tr '\\0' x; echo; echo last; cat";
    const asked = plan({ command: ["sh", "-c", script] });
    await b.engine.startSandbox(asked, forever);
    const read = (limit: number) => b.engine.logs(asked.id, { since: 0, limit });
    await expect.poll(async () => (await read(1))[0]?.line).toBe("last");
    expect((await read(3)).map(({ line }) => (line.length > 100 ? line.length : line))).toEqual([
      "line 29",
      50_000,
      "last",
    ]);
    expect(await read(1000)).toHaveLength(32);
  });
});
