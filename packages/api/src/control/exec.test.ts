import { describe, expect, test } from "vitest";
import { defer, streamOf } from "../../test/engine-double.ts";
import { createHarness } from "../../test/harness.ts";
import { settle } from "../../test/manual-clock.ts";
import { EngineError } from "../engine.ts";
import { createMemoryStore } from "../memory-store.ts";

const done = (exit_code = 0) => Promise.resolve({ exit_code });

describe("exec", () => {
  test("answers output and exit code; a nonzero one is no error", async () => {
    const { ask, run, engine } = createHarness();
    engine.onExec = () => ({ stdout: streamOf("out\n"), stderr: streamOf("err\n"), exit: done(7) });
    expect(await ask("POST", `/v1/sandbox/${await run()}/exec`, { command: ["false"] })).toMatchObject({
      status: 200,
      body: { stdout: "out\n", stderr: "err\n", exit_code: 7, stdout_truncated: false, stderr_truncated: false },
    });
  });

  test("puts characters together that arrive in parts, and replaces what is none", async () => {
    const { ask, run, engine } = createHarness();
    const bytes = new TextEncoder().encode("\ufeffgrün €");
    engine.onExec = () => ({
      stdout: streamOf(...Array.from(bytes, (byte) => Uint8Array.of(byte))),
      stderr: streamOf(Uint8Array.of(0x61, 0xff, 0xe2, 0x82)),
      exit: done(),
    });
    const { body } = await ask("POST", `/v1/sandbox/${await run()}/exec`, { command: ["x"] });
    expect(body.stdout).toBe("\ufeffgrün €");
    expect(body.stderr).toBe("a\ufffd\ufffd");
  });

  test("bounds what it answers, reads on to the end, and says that it cut", async () => {
    const { ask, run, engine } = createHarness({ limits: { execOutputBytes: 5 } });
    let drained = false;
    engine.onExec = () => ({
      stdout: new ReadableStream({
        async start(controller) {
          for (const part of ["abc", "d€", "more", "still more"]) controller.enqueue(new TextEncoder().encode(part));
          controller.close();
          drained = true;
        },
      }),
      stderr: streamOf("12345"),
      exit: done(),
    });
    const id = await run();
    const { body } = await ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"] });
    expect(body).toEqual({
      stdout: "abcd",
      stderr: "12345",
      exit_code: 0,
      stdout_truncated: true,
      stderr_truncated: false,
      stdout_bytes: 21,
      stderr_bytes: 5,
      reason: "exited",
    });
    expect(drained).toBe(true);
  });

  test.each([
    [9, "01234", "e\u20ac"],
    [7, "0123", "\u20ac"],
    [6, "012", "\u20ac"],
    [5, "012", ""],
    [1, "0", ""],
    [0, "", ""],
  ])("of a longer output than asked for answers the beginning and the end (%i bytes)", async (max, text, tail) => {
    const { ask, run, engine } = createHarness();
    const bytes = new TextEncoder().encode("0123456789abcde€");
    engine.onExec = () => ({
      stdout: streamOf(...Array.from(bytes, (byte) => Uint8Array.of(byte))),
      stderr: streamOf("€"),
      exit: done(),
    });
    const { body } = await ask("POST", `/v1/sandbox/${await run()}/exec`, { command: ["x"], max_output_bytes: max });
    expect(body).toMatchObject({ stdout: text, stdout_tail: tail, stdout_truncated: true, stdout_bytes: 18 });
    expect(body.stderr_truncated).toBe(max < 3);
  });

  test("answers all of an output that fits, in one piece though it was kept in two", async () => {
    const { ask, run, engine } = createHarness();
    engine.onExec = () => ({ stdout: streamOf("0€", "€1"), stderr: streamOf(), exit: done() });
    const { body } = await ask("POST", `/v1/sandbox/${await run()}/exec`, { command: ["x"], max_output_bytes: 8 });
    expect(body).toMatchObject({ stdout: "0€€1", stdout_truncated: false });
    expect(body).not.toHaveProperty("stdout_tail");
  });

  test("hands the options to the engine", async () => {
    const { ask, run, engine } = createHarness();
    const options = { cwd: "/tmp", env: { A: "1" }, user: "1000", tty: { rows: 24, cols: 80 } };
    await ask("POST", `/v1/sandbox/${await run()}/exec`, { command: ["x"], ...options });
    expect(engine.execs[0]).toEqual({ exec_id: expect.any(String), command: ["x"], stdin: false, ...options });
  });

  test("kills a command whose time is over, and says so", async () => {
    const { ask, run, engine, clock } = createHarness();
    engine.onExec = (_, killed) => ({
      stdout: streamOf("so far"),
      stderr: streamOf(),
      exit: killed.then(() => ({ exit_code: 137 })),
    });
    const executing = ask("POST", `/v1/sandbox/${await run()}/exec`, { command: ["x"], timeout_ms: 500 });
    await clock.advance(499);
    expect(engine.kills).toEqual([]);
    await clock.advance(1);
    expect((await executing).body).toMatchObject({
      stdout: "so far",
      exit_code: 137,
      reason: "timed_out",
      signal: "SIGKILL",
    });
  });

  test("kills it again when the engine failed to", async () => {
    const { ask, run, engine, clock } = createHarness();
    const id = await run();
    const exec = engine.exec;
    let kills = 0;
    engine.exec = async (...args) => {
      const started = await exec(...args);
      return { ...started, kill: () => (++kills < 3 ? Promise.reject(new Error("busy")) : started.kill()) };
    };
    engine.onExec = (_, killed) => ({
      stdout: streamOf(),
      stderr: streamOf(),
      exit: killed.then(() => ({ exit_code: 137 })),
    });
    const executing = ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"], timeout_ms: 500 });
    await clock.advance(500);
    expect(kills).toBe(1);
    await clock.advance(10_000);
    expect((await executing).body).toMatchObject({ exit_code: 137, reason: "timed_out" });
    await clock.advance(60_000);
    expect(kills).toBe(3);
  });

  test("kills it when it cannot be answered for, because the store failed", async () => {
    const store = createMemoryStore();
    const { ask, run, engine } = createHarness({ store });
    const id = await run();
    const get = store.getSandbox;
    engine.onExec = (_, killed) => {
      store.getSandbox = async () => Promise.reject(new Error("full"));
      return { stdout: streamOf(), stderr: streamOf(), exit: killed.then(() => ({ exit_code: 137 })) };
    };
    expect((await ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"] })).status).toBe(500);
    store.getSandbox = get;
    expect(engine.kills).toEqual(["x"]);
  });

  test("that the server killed with its sandbox did not exit by itself", async () => {
    const { ask, run, engine } = createHarness();
    const id = await run();
    engine.onExec = (_, killed) => ({
      stdout: streamOf(),
      stderr: streamOf(),
      exit: killed.then(() => ({ exit_code: 137 })),
    });
    const executing = ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"] });
    await settle();
    await ask("DELETE", `/v1/sandbox/${id}`);
    expect((await executing).body).toMatchObject({ exit_code: 137, signal: "SIGKILL", reason: "killed" });
  });

  test.each([
    [{ exit_code: 143 }, { reason: "exited" }],
    [
      { exit_code: 143, signal: "SIGTERM" },
      { reason: "signaled", signal: "SIGTERM" },
    ],
  ])("does not guess at signals: %j", async (end, expected) => {
    const { ask, run, engine } = createHarness();
    engine.onExec = () => ({ stdout: streamOf(), stderr: streamOf(), exit: Promise.resolve(end) });
    const { body } = await ask("POST", `/v1/sandbox/${await run()}/exec`, { command: ["x"] });
    expect(body).toMatchObject({ exit_code: 143, ...expected });
    expect("signal" in body).toBe("signal" in expected);
  });

  test("a server of the published API alone has no marks of cut output", async () => {
    const { ask, run } = createHarness({ extensions: false });
    const { body } = await ask("POST", `/v1/sandbox/${await run()}/exec`, { command: ["x"] });
    expect(Object.keys(body).sort()).toEqual(["exit_code", "stderr", "stdout"]);
  });

  test("and knows none of the options, and no streams", async () => {
    const { ask, run, api } = createHarness({ extensions: false });
    const id = await run();
    for (const option of [{ cwd: "/" }, { stdin: false }, { timeout_ms: 5 }]) {
      const { status, body } = await ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"], ...option });
      expect([status, body.field]).toEqual([400, Object.keys(option)[0]]);
    }
    const headers = { accept: "application/vnd.sandbox.exec-stream" };
    const body = JSON.stringify({ command: ["x"] });
    const answer = await api.fetch(`http://api.test/v1/sandbox/${id}/exec`, { method: "POST", headers, body });
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect((await ask("GET", `/v1/sandbox/${id}/processes`)).status).toBe(404);
  });

  test("needs a running sandbox, and says where the others are", async () => {
    const { ask, run, engine } = createHarness();
    expect((await ask("POST", "/v1/sandbox/none/exec", { command: ["x"] })).status).toBe(404);
    const ended = await run();
    engine.end(ended, { exit_code: 1 });
    engine.beforeStart = () => new Promise(() => {});
    const waiting = await run();
    for (const [id, phase] of [
      [ended, "failed"],
      [waiting, "creating"],
    ]) {
      expect(await ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"] })).toMatchObject({
        status: 409,
        body: { code: "sandbox_not_running", phase },
      });
    }
  });

  test("ends when its sandbox does, and makes no end up where the engine knows none", async () => {
    const { ask, run, engine, clock } = createHarness();
    const id = await run();
    engine.onExec = () => ({ stdout: new ReadableStream(), stderr: new ReadableStream(), exit: new Promise(() => {}) });
    const executing = ask("POST", `/v1/sandbox/${id}/exec`, { command: ["sleep", "inf"] });
    await settle();
    engine.end(id, { exit_code: 0 });
    await clock.advance(1000);
    expect(await executing).toMatchObject({ status: 409, body: { code: "sandbox_not_running", phase: "succeeded" } });
    expect(engine.kills).toContain("sleep inf");
    expect(clock.pending).toBe(1); // the retention of the sandbox
  });

  test("passes on the exit that the engine knows although the sandbox ended", async () => {
    const { ask, run, engine } = createHarness();
    const id = await run();
    engine.onExec = (_, killed) => ({
      stdout: streamOf("so far"),
      stderr: streamOf(),
      exit: killed.then(() => ({ exit_code: 137 })),
    });
    const executing = ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"] });
    await settle();
    await ask("DELETE", `/v1/sandbox/${id}`);
    expect((await executing).body).toMatchObject({ stdout: "so far", exit_code: 137 });
  });

  test("an end that the engine cannot know is an error: a 409 when the sandbox ended, else a 500", async () => {
    const { ask, run, engine } = createHarness();
    const id = await run();
    const exit = defer<{ exit_code: number }>();
    engine.onExec = () => ({ stdout: streamOf(), stderr: streamOf(), exit: exit.promise });
    const executing = ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"] });
    await settle();
    exit.reject(new EngineError("engine_error", "connection lost"));
    expect((await executing).status).toBe(500);
    engine.onExec = () => ({
      stdout: streamOf(),
      stderr: streamOf(),
      exit: Promise.reject(new EngineError("not_running", "gone")),
    });
    expect((await ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"] })).status).toBe(409);
  });

  test.each([
    [{}, "command"],
    [{ command: [] }, "command"],
    [{ command: [""] }, "command"],
    [{ command: "ls" }, "command"],
    [{ command: ["a", "b\0"] }, "command[1]"],
    [{ command: ["a"], shell: true }, "shell"],
    [{ command: ["a"], cwd: "tmp" }, "cwd"],
    [{ command: ["a"], tty: true }, "tty"],
    [{ command: ["a"], stdin: true }, "stdin"],
  ])("refuses %j", async (body, field) => {
    const { ask, run } = createHarness();
    expect(await ask("POST", `/v1/sandbox/${await run()}/exec`, body)).toMatchObject({
      status: 400,
      body: { field: expect.stringContaining(field) },
    });
  });
});

describe("logs", () => {
  test("hold the lines of the workload and of commands, in order, with level and command", async () => {
    const { ask, run, engine, clock } = createHarness();
    const id = await run();
    engine.workloadLogs.push({ timestamp: clock.now(), line: "listening", stream: "stdout" });
    clock.jump(10);
    engine.onExec = () => ({
      stdout: streamOf("one\ntw", "o\r\nlast"),
      stderr: streamOf("WARN: slow\n"),
      exit: done(),
    });
    await ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"] });
    clock.jump(10);
    engine.workloadLogs.push({ timestamp: clock.now(), line: "oops", stream: "stderr" });
    const { body } = await ask("GET", `/v1/sandbox/${id}/logs`);
    expect(body.sandbox_id).toBe(id);
    const lines = body.logs.map(({ line, level }: { line: string; level: string }) => [line, level]);
    expect(lines[0]).toEqual(["listening", "info"]);
    expect(lines.slice(1, -1).sort()).toEqual([
      ["WARN: slow", "warning"],
      ["last", "info"],
      ["one", "info"],
      ["two", "info"],
    ]);
    expect(lines.at(-1)).toEqual(["oops", "error"]);
    expect(body.logs[0].exec_id).toBe("");
    expect(body.logs[1].exec_id).toMatch(/^exec-/);
    expect(body.logs[1].timestamp).toBe("2026-01-02T03:04:05.010Z");
  });

  test("keep the newest lines, cap the limit, and go back as far as asked", async () => {
    const { ask, run, engine, clock } = createHarness({ limits: { logLines: 4 } });
    const id = await run();
    for (let i = 0; i < 6; i += 1) {
      engine.workloadLogs.push({ timestamp: clock.now(), line: `line ${i}`, stream: "stdout" });
      clock.jump(60_000);
    }
    const lines = async (query: string) =>
      (await ask("GET", `/v1/sandbox/${id}/logs?${query}`)).body.logs.map(({ line }: { line: string }) => line);
    expect(await lines("limit=2")).toEqual(["line 4", "line 5"]);
    expect(await lines("limit=5000000")).toHaveLength(4);
    expect(await lines("since=2m")).toEqual(["line 4", "line 5"]);
    expect(await lines("since=2026-01-02T03:09:05Z")).toEqual(["line 5"]);
    for (const query of ["limit=0", "limit=x", "since=soon", "since=-1h", "since="]) {
      const expected = query === "since=" ? 200 : 400;
      expect((await ask("GET", `/v1/sandbox/${id}/logs?${query}`)).status).toBe(expected);
    }
  });

  test("outlive the sandbox until its retention is over", async () => {
    const { ask, run, clock } = createHarness({ limits: { retentionMs: 30_000 } });
    const id = await run();
    await ask("POST", `/v1/sandbox/${id}/exec`, { command: ["hello"] });
    await ask("DELETE", `/v1/sandbox/${id}`);
    await clock.advance(29_999);
    expect((await ask("GET", `/v1/sandbox/${id}/logs`)).body.logs).toHaveLength(1);
    await clock.advance(1);
    expect((await ask("GET", `/v1/sandbox/${id}/logs`)).status).toBe(404);
  });

  test("do not fill up with one endless line", async () => {
    const { ask, run, engine } = createHarness({ limits: { logLineChars: 10 } });
    const id = await run();
    engine.onExec = () => ({
      stdout: streamOf("x".repeat(100), "y".repeat(100), "\nnext\n"),
      stderr: streamOf(),
      exit: done(),
    });
    await ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"] });
    const { body } = await ask("GET", `/v1/sandbox/${id}/logs`);
    expect(body.logs.map(({ line }: { line: string }) => line)).toEqual(["x".repeat(10), "next"]);
  });
});
