import { EXEC_STREAM_TYPE } from "@porter-sandbox/spec/stream-frames";
import { describe, expect, it } from "vitest";
import { encode, json, refusal } from "../../test/answers.ts";
import {
  type Answer,
  all,
  type Bytes,
  capabilities,
  exit,
  output,
  pieces,
  readAll,
  sandboxOn,
  start,
  textOf,
} from "../../test/process-streams.ts";
import { rejection, type Sent } from "../../test/scripted-client.ts";
import { turn } from "../../test/step-clock.ts";
import type { Process, Sandbox } from "../index.ts";
// Loaded here, so that no test has to wait for it.
import "./exec-options.ts";

describe("spawn", () => {
  it("answers when the command has begun, with one request, and gives output and end as they come", async () => {
    const { sandbox, sent } = sandboxOn([
      pieces([start(), output("stdout", "one\ntw"), output("stderr", "oops"), output("stdout", "o\n"), exit(8, 4)]),
    ]);
    const process = await sandbox.spawn(["make", "all"]);
    expect(process.id).toBe("exec-1");
    expect(sent).toHaveLength(1);
    expect(sent[0]?.headers.accept).toBe(EXEC_STREAM_TYPE);
    expect(JSON.parse(String(sent[0]?.body))).toEqual({ command: ["make", "all"] });
    expect(await textOf(process.stdout)).toBe("one\ntwo\n");
    expect(await textOf(process.stderr)).toBe("oops");
    expect(await process.exited).toEqual({ exit_code: 0, reason: "exited", stdout_bytes: 8, stderr_bytes: 4 });
  });

  it("gives lines, the last one without its end too, and characters that were cut apart whole", async () => {
    const [a, b] = [encode("größe\r\n").subarray(0, 3), encode("größe\r\n").subarray(3)];
    const { sandbox } = sandboxOn([
      pieces([start(), output("stdout", a), output("stdout", b), output("stdout", "x\n\nlast"), exit(16)]),
    ]);
    const process = await sandbox.spawn("ls");
    const lines: string[] = [];
    for await (const line of process.lines()) lines.push(line);
    expect(lines).toEqual(["größe", "x", "", "last"]);
  });

  it("passes options on where the server has them, and compiles them to arguments where it has not", async () => {
    const whole = () => pieces([start(), exit(0)]);
    const options = { cwd: "/srv", env: { A: "1", B: undefined }, timeoutMs: 4999.5 };
    const extended = sandboxOn([capabilities(...all), whole()]);
    await extended.sandbox.spawn("pwd", { ...options, tty: { rows: 24, cols: 80 }, stdin: true });
    expect(JSON.parse(String(extended.sent[1]?.body))).toEqual({
      command: ["sh", "-c", "pwd"],
      cwd: "/srv",
      env: { A: "1" },
      timeout_ms: 5000,
      tty: { rows: 24, cols: 80 },
      stdin: true,
    });
    const published = sandboxOn([refusal(404), json({ stdout: "/srv\n", stderr: "", exit_code: 0 })]);
    const process = await published.sandbox.spawn("pwd", options);
    const body = JSON.parse(String(published.sent[1]?.body));
    expect(Object.keys(body)).toEqual(["command"]);
    expect(body.command).toEqual(expect.arrayContaining(["/srv", "A=1", "pwd"]));
    expect(await textOf(process.stdout)).toBe("/srv\n");
    expect(await process.exited).toEqual({ exit_code: 0, reason: "unknown", stdout_bytes: 5, stderr_bytes: 0 });
  });

  it.each([{ stdin: true }, { tty: { rows: 24, cols: 80 } }])("refuses %j before anything is sent", async (options) => {
    const { sandbox, sent } = sandboxOn([refusal(404)]);
    expect(await rejection(sandbox.spawn("sh", options))).toMatchObject({ name: "UnsupportedError", admitted: false });
    expect(sent.map(({ method }) => method)).toEqual(["GET"]);
  });

  it("refuses what breaks a rule before it asks anything", async () => {
    const { sandbox, sent } = sandboxOn([refusal(404)]);
    for (const [options, field] of [
      [{ cwd: "srv" }, "cwd"],
      [{ env: { "A-B": "x" } }, "env"],
      [{ user: "a b" }, "user"],
      [{ timeoutMs: -1 }, "timeoutMs"],
      [{ tty: { rows: 0, cols: 80 } }, "tty.rows"],
    ] as const)
      expect(await rejection(sandbox.spawn("x", options))).toMatchObject({
        name: "InvalidRequestError",
        field: expect.stringContaining(field),
      });
    expect(await rejection(sandbox.spawn([]))).toMatchObject({ field: expect.stringContaining("command") });
    expect(sent).toEqual([]);
  });

  it("waits until the sandbox runs", async () => {
    const waiting = refusal(409, "sandbox_not_running", { phase: "creating" });
    const { sandbox, sent, clock } = sandboxOn([waiting, waiting, pieces([start(), exit(0)])]);
    const process = await clock.settle(sandbox.spawn("true"));
    expect((await process.exited).exit_code).toBe(0);
    expect(sent).toHaveLength(3);
  });

  it("kills a command that was given up before its start was heard of", async () => {
    const controller = new AbortController();
    let answer: (response: Response) => void = () => {};
    const { sandbox, sent, clock } = sandboxOn([
      () => new Promise<Response>((resolve) => (answer = resolve)),
      new Response(null, { status: 204 }),
    ]);
    const call = rejection(sandbox.spawn(["deploy"], { signal: controller.signal }));
    await turn();
    controller.abort("enough");
    expect(await call).toBe("enough");
    expect(sent).toHaveLength(1);
    answer(pieces([start()], "hang"));
    await turn();
    await turn();
    expect(sent.map(({ url }) => url.replace(/.*sbx-1/, ""))).toEqual(["/exec", "/processes/exec-1/kill"]);
    await turn();
    expect(clock.pending).toBe(0);
  });

  it("is not waited for longer than a moment when it was given up, nor sent again", async () => {
    const controller = new AbortController();
    const { sandbox, sent, clock } = sandboxOn([() => new Promise<Response>(() => {})]);
    const call = rejection(sandbox.spawn(["deploy"], { signal: controller.signal }));
    await turn();
    controller.abort("enough");
    await call;
    expect(sent[0]?.signal.aborted).toBe(false);
    expect(clock.step()).toBe(true);
    expect(sent[0]?.signal.aborted).toBe(true);
    expect(clock.pending).toBe(0);

    const waiting = refusal(409, "sandbox_not_running", { phase: "creating" });
    const queued = sandboxOn([waiting]);
    const other = new AbortController();
    const later = rejection(queued.sandbox.spawn(["deploy"], { signal: other.signal }));
    await turn();
    other.abort("enough");
    expect(await later).toBe("enough");
    expect(queued.clock.pending).toBe(0);
    expect(queued.sent).toHaveLength(1);
  });

  it("never sends the command twice, and says that its end is not known, when the answer breaks off at once", async () => {
    const { sandbox, sent } = sandboxOn([pieces([], "fail")]);
    expect(await rejection(sandbox.spawn("true"))).toMatchObject({
      name: "StreamInterruptedError",
      admitted: true,
    });
    expect(sent).toHaveLength(1);
  });
});

describe("a process", () => {
  const running = (more: Answer[] = []) => sandboxOn([pieces([start(), output("stdout", "hi")], "hang"), ...more]);
  const done = () => new Response(null, { status: 204 });

  it("goes on when the time to follow it is up, which says so", async () => {
    const known = {
      exec_id: "exec-1",
      command: ["x"],
      running: true,
      stdout_bytes: 0,
      stderr_bytes: 0,
      stdin_bytes: 0,
    };
    const { sandbox, clock } = sandboxOn([
      capabilities(...all),
      json({ ...known, started_at: "2026-11-20T08:00:00Z", tty: false, stdin: false }),
      pieces([start(), output("stdout", "hi")], "hang"),
    ]);
    const process = await sandbox.processes.attach("exec-1", { timeoutMs: 200 });
    const error = await clock.settle(rejection(process.exited));
    expect(error).toMatchObject({ name: "CommandTimeoutError", stdout: "", stderr: "", killed: false });
  });

  it("takes input in order, with offsets that make repeats harmless, and its end", async () => {
    const taken: unknown[] = [];
    const take = (sent: Sent) => {
      const query = new URL(sent.url).searchParams;
      taken.push([query.get("offset"), query.get("eof"), new TextDecoder().decode(sent.body as Bytes)]);
      return json({ stdin_bytes: 1 });
    };
    const { sandbox, clock } = running([new TypeError("reset"), take, take, take]);
    const process = await sandbox.spawn("cat");
    await clock.settle(Promise.all([process.write("grün"), process.write(encode("ab")), process.closeStdin()]));
    expect(taken).toEqual([
      ["0", null, "grün"],
      ["5", null, "ab"],
      ["7", "true", ""],
    ]);
    process.disconnect();
  });

  it("does not write behind a write that failed", async () => {
    const { sandbox, sent } = running([refusal(409, "stdin_closed")]);
    const process = await sandbox.spawn("cat");
    const [first, second] = await Promise.all([rejection(process.write("a")), rejection(process.write("b"))]);
    expect(first).toMatchObject({ name: "ConflictError", code: "stdin_closed" });
    expect(second).toBe(first);
    expect(sent).toHaveLength(2);
    process.disconnect();
  });

  it("takes bytes of any kind, and refuses what is none without a request", async () => {
    const { sandbox, sent } = running([json({ stdin_bytes: 2 })]);
    const process = await sandbox.spawn("cat");
    await process.write(encode("hi").buffer as unknown as Uint8Array);
    expect(sent[1]?.body).toEqual(encode("hi"));
    for (const data of [5, null, {}, "x\ud800"])
      expect(await rejection(process.write(data as string))).toMatchObject({
        name: "InvalidRequestError",
        field: "data",
      });
    expect(sent).toHaveLength(2);
    process.disconnect();
  });

  it("is a stream of input too", async () => {
    const { sandbox, sent } = running([json({ stdin_bytes: 3 }), json({ stdin_bytes: 3 })]);
    const process = await sandbox.spawn("cat");
    await new Blob(["abc"]).stream().pipeTo(process.stdin as WritableStream<Uint8Array>);
    expect(sent.slice(1).map(({ url }) => new URL(url).search)).toEqual(["?offset=0", "?offset=3&eof=true"]);
    process.disconnect();
  });

  it("is sent signals and sizes, and refuses others before anything is sent", async () => {
    const { sandbox, sent } = running([done, done]);
    const process = await sandbox.spawn("x");
    await process.kill();
    await process.resize({ rows: 50, cols: 132 });
    expect(
      sent.slice(1).map(({ method, url, body }) => [method, new URL(url).pathname, JSON.parse(String(body))]),
    ).toEqual([
      ["POST", "/v1/sandbox/sbx-1/processes/exec-1/kill", { signal: "SIGKILL" }],
      ["POST", "/v1/sandbox/sbx-1/processes/exec-1/resize", { rows: 50, cols: 132 }],
    ]);
    expect(await rejection(process.kill("SIGNIFICANT"))).toMatchObject({
      name: "InvalidRequestError",
      field: "signal",
    });
    expect(await rejection(process.resize({ rows: 0, cols: 1 }))).toMatchObject({ field: "rows" });
    expect(sent).toHaveLength(3);
    process.disconnect();
  });

  it("is killed when the signal of its spawn aborts, and everything of it fails with the reason", async () => {
    const controller = new AbortController();
    const { sandbox, sent, clock } = running([done]);
    const process = await sandbox.spawn("x", { signal: controller.signal });
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await rejection(process.exited)).toBe(reason);
    expect(await readAll(process.stdout)).toMatchObject({ text: "hi", error: reason });
    await turn();
    expect(sent.slice(1).map(({ url }) => new URL(url).pathname)).toEqual(["/v1/sandbox/sbx-1/processes/exec-1/kill"]);
    expect(sent[0]?.signal.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("goes on when it is disconnected, or the client is closed", async () => {
    for (const leave of [(process: Process) => process.disconnect(), "close"] as const) {
      const { sandbox, sent, porter, clock } = running();
      const process = await sandbox.spawn("x");
      if (leave === "close") porter.close();
      else leave(process);
      expect(await rejection(process.exited)).toMatchObject({
        code: leave === "close" ? "client_closed" : "disconnected",
      });
      await turn();
      expect(sent).toHaveLength(1);
      expect(clock.pending).toBe(0);
    }
  });

  it("is killed at the end of an await using block", async () => {
    const { sandbox, sent } = running([done]);
    {
      await using process = await sandbox.spawn("x");
      expect(process.id).toBe("exec-1");
    }
    expect(sent[1]?.url).toMatch(/kill$/);
  });

  it("can be followed from where another program stood, by what its JSON says", async () => {
    const { sandbox, sent } = sandboxOn([
      pieces([start(), output("stdout", "hello"), output("stderr", "e")], "hang"),
      capabilities(...all),
      json({
        exec_id: "exec-1",
        command: ["x"],
        started_at: "2026-11-20T08:00:00Z",
        tty: false,
        stdin: true,
        running: true,
        stdout_bytes: 5,
        stderr_bytes: 1,
        stdin_bytes: 4,
      }),
      pieces([start(5, 0), output("stderr", "e"), output("stdout", "!"), exit(6, 1)]),
    ]);
    const first = await sandbox.spawn("x");
    const reader = first.stdout.getReader();
    await reader.read();
    const kept = JSON.parse(JSON.stringify(first));
    expect(kept).toEqual({
      kind: "process",
      version: 1,
      sandbox_id: "sbx-1",
      id: "exec-1",
      stdout_offset: 5,
      stderr_offset: 0,
    });
    first.disconnect();
    const second = await sandbox.processes.attach(kept);
    expect([await textOf(second.stdout), await textOf(second.stderr)]).toEqual(["!", "e"]);
    expect(new URL(sent[3]?.url ?? "").search).toBe("?stdout_offset=5&stderr_offset=0");
    expect((await second.exited).exit_code).toBe(0);
  });

  it.each([
    ["list", (sandbox: Sandbox) => sandbox.processes.list()],
    ["attach", (sandbox: Sandbox) => sandbox.processes.attach("exec-1")],
  ])("%s throws on a server without processes before it sends anything", async (_, act) => {
    const { sandbox, sent } = sandboxOn([refusal(404)]);
    expect(await rejection(act(sandbox))).toMatchObject({ name: "UnsupportedError" });
    expect(sent).toHaveLength(1);
  });
});
