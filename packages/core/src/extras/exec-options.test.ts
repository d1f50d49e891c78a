import { EXEC_STREAM_TYPE, eventFrame, frameHeader, type OutputName } from "@porter-sandbox/spec/stream-frames";
import { describe, expect, it } from "vitest";
import { json, refusal } from "../../test/answers.ts";
import { rejection, setUp } from "../../test/scripted-client.ts";
import { turn } from "../../test/step-clock.ts";
import type { InvalidRequestError } from "../index.ts";
import "./exec-options.ts";
import { createKeeper } from "./kept-output.ts";

const published = refusal(404);
const extended = json({ extensions: ["exec_options"] });
const streaming = json({ extensions: ["exec_streams", "exec_options", "processes"] });
const result = { stdout: "hi\n", stderr: "", exit_code: 0 };
const sandboxOn = (...answers: Parameters<typeof setUp>[0]) => {
  const made = setUp(answers);
  return { ...made, sandbox: made.porter.sandboxes.fromId("sbx-1") };
};
const bodyOf = (sent: { body: unknown } | undefined) => JSON.parse(String(sent?.body));

type Frame = [OutputName, string] | Parameters<typeof eventFrame>[0];
/** A streamed answer; with `open` it does not end. */
const stream = (frames: readonly Frame[], open = false) => {
  const parts = frames.flatMap((frame) => {
    if (!Array.isArray(frame)) return [eventFrame(frame)];
    const bytes = new TextEncoder().encode(frame[1]);
    return [frameHeader(frame[0], bytes.length), bytes];
  });
  return () =>
    new Response(
      new ReadableStream({
        start(controller) {
          for (const part of parts) controller.enqueue(part);
          if (!open) controller.close();
        },
      }),
      { headers: { "content-type": EXEC_STREAM_TYPE } },
    );
};
const start = { type: "start", exec_id: "exec-1", stdout_offset: 0, stderr_offset: 0 } as const;
const exit = (stdout_bytes: number, more = {}) =>
  ({ type: "exit", exit_code: 0, reason: "exited", stdout_bytes, stderr_bytes: 0, ...more }) as const;

describe("exec with options", () => {
  it("runs a line with sh, and asks for no extension when it needs none", async () => {
    const { sandbox, sent } = sandboxOn(json(result));
    expect(await sandbox.exec("ls | wc -l")).toEqual({ ...result, reason: "unknown" });
    expect(bodyOf(sent[0])).toEqual({ command: ["sh", "-c", "ls | wc -l"] });
    expect(sent).toHaveLength(1);
  });

  it("compiles them to arguments on a server of the published API, which gets nothing else", async () => {
    const { sandbox, sent } = sandboxOn(published, json(result));
    const options = { cwd: "/srv", env: { GREETING: "hello" }, user: "nobody", stdin: "input", timeoutMs: 5000 };
    expect(await sandbox.exec(["cat"], { ...options, maxOutputBytes: 100 })).toMatchObject(result);
    const body = bodyOf(sent[1]);
    expect(Object.keys(body)).toEqual(["command"]);
    expect(body.command).toEqual(expect.arrayContaining(["/srv", "GREETING=hello", "nobody", btoa("input"), "cat"]));
  });

  it("passes them on where the server has fields for them", async () => {
    const { sandbox, sent } = sandboxOn(extended, json({ ...result, reason: "signaled", signal: "SIGTERM" }));
    const options = { cwd: "/srv", env: { A: "1" }, user: "1000", timeoutMs: 5000, maxOutputBytes: 10 };
    expect(await sandbox.exec(["env"], options)).toMatchObject({ reason: "signaled", signal: "SIGTERM" });
    expect(bodyOf(sent[1])).toEqual({
      command: ["env"],
      cwd: "/srv",
      env: { A: "1" },
      user: "1000",
      timeout_ms: 5000,
      max_output_bytes: 10,
    });
  });

  it("keeps a time that is longer than servers take by itself", async () => {
    const timeoutMs = 8 * 86_400_000;
    for (const more of [{ cwd: "/" }, { onStdout() {} }]) {
      const { sandbox, sent, clock } = sandboxOn(streaming, () => new Promise<Response>(() => {}));
      const began = clock.now();
      const error = await clock.settle(rejection(sandbox.exec(["x"], { timeoutMs, ...more })));
      expect(error).toMatchObject({ name: "CommandTimeoutError", killed: "unknown" });
      expect(clock.now() - began).toBeGreaterThanOrEqual(timeoutMs);
      expect(bodyOf(sent.at(-1)).timeout_ms).toBeUndefined();
    }
  });

  it("leaves a group beside the user to servers that can choose it", async () => {
    const { sandbox, sent } = sandboxOn(extended, json(result));
    await sandbox.exec(["id"], { user: "1000:1000" });
    expect(bodyOf(sent[1]).user).toBe("1000:1000");
    const other = sandboxOn(published, json(result));
    expect(await rejection(other.sandbox.exec(["id"], { user: "1000:1000" }))).toMatchObject({
      name: "UnsupportedError",
      field: "user",
    });
    expect(other.sent).toHaveLength(1);
  });

  it("keeps a byte order mark, streamed or not", async () => {
    const heard: string[] = [];
    const { sandbox } = sandboxOn(streaming, stream([start, ["stdout", "\ufeffa"], exit(4)]));
    const { stdout } = await sandbox.exec(["x"], { onStdout: (text) => heard.push(text) });
    expect([stdout, heard.join("")]).toEqual(["\ufeffa", "\ufeffa"]);
  });

  it("gives the output so far when the server killed it, and says that it did", async () => {
    const answer = { stdout: "a", stdout_tail: "z", stderr: "e", exit_code: 137, reason: "timed_out" };
    const { sandbox } = sandboxOn(extended, json(answer));
    expect(await rejection(sandbox.exec(["x"], { timeoutMs: 50 }))).toMatchObject({
      name: "CommandTimeoutError",
      killed: true,
      stdout: "az",
      stderr: "e",
      admitted: true,
    });
  });

  it("gives the command only the time that waiting for the sandbox left", async () => {
    const waiting = refusal(409, "sandbox_not_running", { phase: "creating" });
    const { sandbox, sent, clock } = sandboxOn(extended, waiting, json(result));
    await clock.settle(sandbox.exec(["x"], { timeoutMs: 5000 }));
    expect([bodyOf(sent[1]).timeout_ms, bodyOf(sent[2]).timeout_ms]).toEqual([5000, 4900]);
    const never = sandboxOn(extended, waiting);
    const began = never.clock.now();
    expect(await never.clock.settle(rejection(never.sandbox.exec(["x"], { timeoutMs: 5000 })))).toMatchObject({
      name: "CommandTimeoutError",
      admitted: false,
      killed: false,
    });
    expect(never.clock.now() - began).toBe(5000);
  });

  it("does not say that a command never started whose answer is on its way", async () => {
    const slow = (ms: number, answer: () => Response) => () =>
      new Promise<Response>((resolve) => made.clock.schedule(() => resolve(answer()), ms));
    const killed = stream([start, ["stdout", "half"], exit(4, { exit_code: 137, reason: "timed_out" })]);
    let made = sandboxOn(streaming, slow(400, killed));
    const options = { timeoutMs: 200, onStdout() {} };
    expect(await made.clock.settle(rejection(made.sandbox.exec(["deploy"], options)))).toMatchObject({
      name: "CommandTimeoutError",
      admitted: true,
      killed: true,
      stdout: "half",
    });
    made = sandboxOn(streaming, slow(60_000, killed));
    const error = await made.clock.settle(rejection(made.sandbox.exec(["deploy"], options)));
    expect(error).toMatchObject({ admitted: "unknown", killed: "unknown", retryable: false, stdout: "" });
    made = sandboxOn(
      streaming,
      slow(400, () => refusal(409, "sandbox_not_running", { phase: "creating" })),
    );
    const never = await made.clock.settle(rejection(made.sandbox.exec(["deploy"], options)));
    expect(never).toMatchObject({ name: "CommandTimeoutError", admitted: false, killed: false, retryable: true });
    expect(made.sent).toHaveLength(2);
    expect(made.clock.pending).toBe(0);
  });

  it("is an error in bounded time when the server says nothing any more", async () => {
    for (const answers of [
      [extended, () => new Promise<Response>(() => {})],
      [streaming, stream([start], true), refusal(500)],
      [() => new Promise<Response>(() => {})],
    ] as Parameters<typeof setUp>[0][]) {
      const { sandbox, clock } = sandboxOn(...answers);
      const began = clock.now();
      const call = rejection(sandbox.exec(["x"], { timeoutMs: 1000, ...(answers.length > 2 && { onStdout() {} }) }));
      expect(await clock.settle(call)).toMatchObject({ name: "CommandTimeoutError" });
      expect(clock.now() - began).toBeLessThanOrEqual(6000);
    }
  });

  it("tells the output as it comes, and answers all of it", async () => {
    const frames: Frame[] = [start, ["stdout", "one "], ["stdout", "two"], exit(7, { exit_code: 4 })];
    const { sandbox } = sandboxOn(streaming, stream(frames));
    const heard: string[] = [];
    const answer = await sandbox.exec(["x"], { onStdout: (text) => heard.push(text) });
    expect(heard.join("")).toBe("one two");
    expect(heard).toHaveLength(2);
    expect(answer).toMatchObject({ stdout: "one two", exit_code: 4, reason: "exited", stdout_truncated: false });
  });

  it("tells it in one piece where the server answers at the end", async () => {
    const { sandbox } = sandboxOn(published, json(result));
    const heard: string[] = [];
    await sandbox.exec(["x"], { onStdout: (text) => heard.push(text) });
    expect(heard).toEqual(["hi\n"]);
  });

  it("kills the command when a listener throws, or the caller aborts, and rejects with that", async () => {
    const reason = new Error("mine");
    const controller = new AbortController();
    for (const options of [
      {
        onStdout() {
          throw reason;
        },
      },
      { onStdout: () => controller.abort(reason), signal: controller.signal },
    ]) {
      const { sandbox, sent } = sandboxOn(
        streaming,
        stream([start, ["stdout", "x"]], true),
        new Response(null, { status: 204 }),
      );
      expect(await rejection(sandbox.exec(["x"], options))).toBe(reason);
      await turn();
      expect(sent.at(-1)?.url).toMatch(/exec-1\/kill$/);
    }
  });

  it("waits for a listener no longer than the call may take, also when the command has ended", async () => {
    const reason = new Error("mine");
    const onStdout = () => new Promise<void>(() => {});
    for (const answers of [
      [streaming, stream([start, ["stdout", "hi\n"], exit(3)])],
      [published, json(result)],
    ]) {
      const late = sandboxOn(...answers);
      const error = late.clock.settle(rejection(late.sandbox.exec(["x"], { onStdout, timeoutMs: 500 })));
      expect(await error).toMatchObject({ name: "CommandTimeoutError", stdout: "hi\n", admitted: true, killed: false });
      const { sandbox, clock } = sandboxOn(...answers);
      const controller = new AbortController();
      clock.schedule(() => controller.abort(reason), 100);
      const { signal } = controller;
      expect(await clock.settle(rejection(sandbox.exec(["x"], { onStdout, signal })))).toBe(reason);
      const closed = sandboxOn(...answers);
      closed.clock.schedule(() => closed.porter.close(), 100);
      const left = closed.clock.settle(rejection(closed.sandbox.exec(["x"], { onStdout })));
      expect(await left).toMatchObject({ code: "client_closed", admitted: true });
    }
  });

  it("runs what was given, whatever the caller makes of it afterwards", async () => {
    const { sandbox, sent } = sandboxOn(published, json(result));
    const command = ["printenv"];
    const env = { N: "1" };
    const done = Promise.all([sandbox.exec(command, { env }), sandbox.jobs.start(command, { env }).catch(() => {})]);
    command.push("N");
    env.N = "2";
    await done;
    const said = sent.map(({ body }) => String(body)).join();
    expect(said).toContain("N=1");
    expect(said).not.toMatch(/N=2|"N"/);
  });

  it("takes input of any kind of bytes, and nothing else", async () => {
    const bytes = new Uint8Array([1, 2, 3, 4, 5, 6]);
    for (const stdin of [bytes.subarray(2, 4), new DataView(bytes.buffer, 2, 2), bytes.slice(2, 4).buffer]) {
      const { sandbox, sent } = sandboxOn(published, json(result));
      await sandbox.exec(["cat"], { stdin: stdin as Uint8Array });
      expect(bodyOf(sent[1]).command).toContain(btoa("\u0003\u0004"));
    }
    for (const stdin of [5, {}, null, "x\ud800"]) {
      const { sandbox, sent } = sandboxOn(published);
      const error = rejection(sandbox.exec(["cat"], { stdin: stdin as string }));
      expect(await error).toMatchObject({ name: "InvalidRequestError", field: "stdin" });
      expect(sent).toEqual([]);
    }
  });

  it("writes standard input, and does not mind a command that leaves it", async () => {
    const frames: Frame[] = [start, ["stdout", "done"], exit(4)];
    const { sandbox, sent } = sandboxOn(streaming, stream(frames), refusal(409, "process_ended"));
    expect(await sandbox.exec(["true"], { stdin: "abc" })).toMatchObject({ stdout: "done", exit_code: 0 });
    expect(bodyOf(sent[1])).toMatchObject({ stdin: true });
    expect(new URL(sent[2]?.url ?? "").search).toBe("?offset=0");
  });

  it("takes as much standard input as there is where the server streams it", async () => {
    const stdin = "x".repeat(600_000);
    const { sandbox } = sandboxOn(streaming, stream([start, exit(0)]), json({ stdin_bytes: 600_000 }));
    expect(await sandbox.exec(["wc"], { stdin })).toMatchObject({ exit_code: 0 });
    const { sandbox: other, sent } = sandboxOn(published);
    expect(await rejection(other.exec(["wc"], { stdin }))).toMatchObject({ name: "UnsupportedError", field: "stdin" });
    expect(sent).toHaveLength(1);
  });

  it("never makes up an end: what came before a stream broke is in the error", async () => {
    const { sandbox, clock } = sandboxOn(streaming, stream([start, ["stdout", "half"]]), refusal(404));
    expect(await clock.settle(rejection(sandbox.exec(["x"], { onStdout() {} })))).toMatchObject({
      name: "StreamInterruptedError",
      stdout: "half",
    });
  });

  it("says what of the wrapping failed, and not that the command did", async () => {
    const { sandbox } = sandboxOn(published, (sent) => {
      const token = bodyOf(sent).command[4];
      return json({ stdout: "", stderr: `\n${token} cwd\n`, exit_code: 126 });
    });
    expect(await rejection(sandbox.exec(["x"], { cwd: "/nowhere" }))).toMatchObject({
      name: "InvalidRequestError",
      field: "cwd",
    });
  });

  it.each([
    ["", {}, "command"],
    ["x", { cwd: "srv" }, "cwd"],
    ["x", { env: { "A B": "secret" } }, "env"],
    ["x", { maxOutputBytes: -1 }, "maxOutputBytes: must be a whole number from 0 to 9007199254740991 (got -1)"],
    ["x", { timeoutMs: Number.NaN }, "timeoutMs: must be a number of milliseconds above 0 (got NaN)"],
    ["x", { user: "a b" }, "user: "],
    ["x", { onStdout: 5 }, "onStdout"],
    ["x", { stdin: 5 }, "stdin"],
  ])("refuses %j with %j before anything is sent", async (command, options, field) => {
    const { sandbox, sent } = sandboxOn(published);
    const error = await rejection(sandbox.exec(command, options as object));
    expect(error).toMatchObject({ name: "InvalidRequestError", message: expect.stringContaining(field) });
    expect((error as InvalidRequestError).field).toBe(field.split(":")[0]);
    expect(String(error)).not.toContain("secret");
    expect(sent).toEqual([]);
  });
});

describe("bounded output", () => {
  it("keeps the first and the last half, and no part of a character that was cut", () => {
    const keeper = createKeeper(8);
    for (const byte of new TextEncoder().encode("aaaä-and more than that-äzzz"))
      keeper.take("stdout", new Uint8Array([byte]));
    expect(keeper.kept()).toEqual({
      stdout: "aaa",
      stdout_tail: "zzz",
      stdout_truncated: true,
      stderr: "",
      stderr_truncated: false,
    });
  });

  it("keeps all of what is not longer", () => {
    const keeper = createKeeper(8);
    keeper.take("stderr", new TextEncoder().encode("12345"));
    keeper.take("stderr", new TextEncoder().encode("678"));
    expect(keeper.kept()).toMatchObject({ stderr: "12345678", stderr_truncated: false });
  });
});
