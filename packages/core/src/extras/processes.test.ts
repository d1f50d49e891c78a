import {
  EXEC_STREAM_TYPE,
  type ExitEvent,
  eventFrame,
  frameHeader,
  type OutputName,
} from "@porter-sandbox/spec/stream-frames";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Process, Sandbox } from "../index.ts";
import { json, refusal, rejection, type Sent, setUp, turn } from "../test-support.ts";
// Loaded here, so that no test has to wait for it.
import "./exec-options.ts";
import { KEPT_BYTES } from "./process-output.ts";

type Bytes = Uint8Array<ArrayBuffer>;
const encode = (text: string) => new TextEncoder().encode(text);
const joined = (...parts: readonly Uint8Array[]): Bytes => {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};
const output = (stream: OutputName, text: string | Uint8Array) => {
  const bytes = typeof text === "string" ? encode(text) : text;
  return joined(frameHeader(stream, bytes.length), bytes);
};
const start = (stdout_offset = 0, stderr_offset = 0) =>
  eventFrame({ type: "start", exec_id: "exec-1", stdout_offset, stderr_offset });
const exit = (stdout_bytes: number, stderr_bytes = 0, more: Partial<ExitEvent> = {}) =>
  eventFrame({ type: "exit", exit_code: 0, reason: "exited", stdout_bytes, stderr_bytes, ...more });

const framed = (body: Bytes | ReadableStream<Uint8Array>) =>
  new Response(body, { headers: { "content-type": EXEC_STREAM_TYPE } });
/** A body that comes in these pieces, and then ends, fails, or neither. */
const pieces = (parts: readonly Uint8Array[], then: "end" | "fail" | "hang" = "end") => {
  const left = [...parts];
  return framed(
    new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = left.shift();
        if (next) return controller.enqueue(next);
        if (then === "end") controller.close();
        else if (then === "fail") controller.error(new TypeError("terminated"));
        else return new Promise(() => {});
      },
    }),
  );
};
const all = ["exec_streams", "exec_options", "processes"];
const capabilities = (...extensions: string[]) => json({ extensions });

type Answer = Parameters<typeof setUp>[0][number];
function sandboxOn(answers: Answer[], options = {}) {
  // A clone of a body that fails loses what came before.
  const once = answers.map((answer) =>
    answer instanceof Response && answer.headers.get("content-type") === EXEC_STREAM_TYPE ? () => answer : answer,
  );
  const made = setUp(once, options);
  return { ...made, sandbox: made.porter.sandboxes.fromId("sbx-1") as Sandbox };
}
const textOf = async (stream: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return new TextDecoder().decode(joined(...parts));
};
/** Everything that came before the end, and what the end was. */
async function readAll(stream: AsyncIterable<Uint8Array>) {
  const parts: Uint8Array[] = [];
  let error: unknown;
  try {
    for await (const part of stream) parts.push(part);
  } catch (reason) {
    error = reason;
  }
  const bytes = joined(...parts);
  return { bytes, text: new TextDecoder().decode(bytes), error };
}

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
    const options = { cwd: "/srv", env: { A: "1", B: undefined }, timeoutMs: 5000 };
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
      [{ timeoutMs: -1 }, "timeout_ms"],
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

  it("never sends the command twice, and says that its end is not known, when the answer breaks off at once", async () => {
    const { sandbox, sent } = sandboxOn([pieces([], "fail")]);
    expect(await rejection(sandbox.spawn("true"))).toMatchObject({
      name: "StreamInterruptedError",
      admitted: true,
    });
    expect(sent).toHaveLength(1);
  });
});

describe("a stream that breaks", () => {
  const text = "out ä".repeat(3);
  const frames: readonly [name: OutputName | "event", frame: Bytes][] = [
    ["event", start()],
    ["stdout", output("stdout", text)],
    ["stderr", output("stderr", "warn\n")],
    ["event", eventFrame({ type: "keepalive" })],
    ["stdout", output("stdout", "the end")],
    ["event", exit(encode(text).length + 7, 5, { exit_code: 3 })],
  ];
  const recorded = joined(...frames.map(([, frame]) => frame));
  /** What the first `length` bytes of the recording hold of one output. */
  const framesOf = (name: OutputName, length: number): Bytes => {
    let at = 0;
    const found = frames.map(([owner, frame]) => {
      const payload = frame.subarray(8, Math.max(8, Math.min(frame.length, length - at)));
      at += frame.length;
      return owner === name ? payload : new Uint8Array(0);
    });
    return joined(...found);
  };

  it("gives an exact prefix and an error at every byte, and the exit only when all of it came", async () => {
    for (let at = 0; at < recorded.length; at++) {
      const then = at % 2 === 0 ? "end" : "fail";
      const { sandbox, clock } = sandboxOn([pieces([recorded.subarray(0, at)], then), refusal(404)]);
      const begun = await sandbox.spawn("x").then(
        (process) => ({ process }),
        (error: unknown) => ({ error }),
      );
      if ("error" in begun) {
        expect(begun.error).toMatchObject({ name: "StreamInterruptedError" });
        continue;
      }
      const { process } = begun;
      const [out, err] = await clock.settle(Promise.all([readAll(process.stdout), readAll(process.stderr)]));
      expect(out.error).toMatchObject({ name: "StreamInterruptedError", code: "stream_interrupted", admitted: true });
      expect(err.error).toBe(out.error);
      // Each output has a byte for each byte of its own frames that came.
      expect([out.bytes, err.bytes]).toEqual([framesOf("stdout", at), framesOf("stderr", at)]);
      expect(await rejection(process.exited)).toBe(out.error);
    }
  });

  it("is taken up where it stopped, wherever that is, when the server has processes", async () => {
    const stdout = encode(`${text}the end`);
    const rest = ({ url }: Sent) => {
      const query = new URL(url).searchParams;
      const [from, skip] = [Number(query.get("stdout_offset")), Number(query.get("stderr_offset"))];
      const left = joined(
        start(from, skip),
        output("stdout", stdout.subarray(from)),
        output("stderr", encode("warn\n").subarray(skip)),
        exit(stdout.length, 5, { exit_code: 3 }),
      );
      return framed(left);
    };
    const begin = start().length;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: begin, max: recorded.length - 1 }), fc.boolean(), async (at, fails) => {
        const { sandbox, clock } = sandboxOn([pieces([recorded.subarray(0, at)], fails ? "fail" : "end"), rest]);
        const process = await clock.settle(sandbox.spawn("x"));
        const [out, err] = await clock.settle(Promise.all([textOf(process.stdout), textOf(process.stderr)]));
        expect([out, err]).toEqual([`${text}the end`, "warn\n"]);
        expect(await process.exited).toMatchObject({ exit_code: 3, stdout_bytes: stdout.length });
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 150, seed: 1 },
    );
  });

  it("is given up after as many failures without a byte as there are retries", async () => {
    const { sandbox, sent, clock } = sandboxOn([pieces([start()], "fail"), () => pieces([start()], "fail")]);
    const process = await clock.settle(sandbox.spawn("x"));
    expect(await clock.settle(rejection(process.exited))).toMatchObject({ name: "StreamInterruptedError" });
    expect(sent).toHaveLength(4);
    expect(clock.pending).toBe(0);
  });

  it("is noticed when nothing comes for a minute, not even a keepalive, though nobody closes it", async () => {
    const { sandbox, clock, sent } = sandboxOn([pieces([start()], "hang"), refusal(404)]);
    const began = clock.now();
    const process = await sandbox.spawn("x");
    expect(await clock.settle(rejection(process.exited))).toMatchObject({ name: "StreamInterruptedError" });
    expect(clock.now() - began).toBe(61_250);
    expect(sent).toHaveLength(2);
  });

  it.each([
    ["no frames", encode("HTTP/1.1 what?"), /are no frame/],
    ["another part of the output", start(7), /another part/],
    ["an end that counts other bytes", joined(start(), output("stdout", "ab"), exit(3)), /other bytes/],
  ])("is refused when it is %s", async (_, body, message) => {
    const { sandbox, sent } = sandboxOn([framed(body)]);
    const error = await sandbox.spawn("x").then(
      (process) => rejection(process.exited),
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: "MalformedResponseError", message: expect.stringMatching(message) });
    expect(sent).toHaveLength(1);
  });

  it("names the sandbox's end as the reason when that is what happened", async () => {
    const { sandbox } = sandboxOn([
      pieces([start(), eventFrame({ type: "sandbox_ended", phase: "failed" })]),
      json({
        id: "sbx-1",
        name: "n",
        image: "i",
        phase: "failed",
        reason: "out_of_memory",
        exit_code: 137,
        created_at: "2026-11-20T08:00:00Z",
        host: "",
      }),
    ]);
    const process = await sandbox.spawn("x");
    expect(await rejection(process.exited)).toMatchObject({ name: "SandboxOOMError", phase: "failed", exit_code: 137 });
  });
});

describe("output that nobody reads", () => {
  const piece = new Uint8Array(KEPT_BYTES / 4).fill(97);

  it("does not hold the process up; who comes late is told what is gone", async () => {
    const frames = Array.from({ length: 6 }, () => output("stdout", piece));
    const { sandbox } = sandboxOn([pieces([start(), ...frames, exit(piece.length * 6)])]);
    const process = await sandbox.spawn("x");
    expect((await process.exited).stdout_bytes).toBe(piece.length * 6);
    const { text, error } = await readAll(process.stdout);
    expect(text).toBe("");
    expect(error).toMatchObject({ code: "output_gap", gap: { stream: "stdout", from: 0, to: expect.any(Number) } });
    expect((error as { gap: { to: number } }).gap.to).toBeGreaterThanOrEqual(piece.length * 2);
  });

  it("waits for a reader who has begun, and loses nothing", async () => {
    const frames = Array.from({ length: 12 }, () => output("stdout", piece));
    const { sandbox } = sandboxOn([pieces([start(), ...frames, exit(piece.length * 12)])]);
    const process = await sandbox.spawn("x");
    const reader = process.stdout.getReader();
    let length = (await reader.read()).value?.length ?? 0;
    let over = false;
    process.exited.then(() => {
      over = true;
    });
    for (let i = 0; i < 20; i++) await turn();
    expect(over).toBe(false);
    for (let { value } = await reader.read(); value; { value } = await reader.read()) length += value.length;
    expect(length).toBe(piece.length * 12);
    expect((await process.exited).stdout_bytes).toBe(length);
  });

  it("is let go of when a reader breaks off", async () => {
    const frames = Array.from({ length: 12 }, () => output("stdout", piece));
    const { sandbox } = sandboxOn([pieces([start(), ...frames, exit(piece.length * 12)])]);
    const process = await sandbox.spawn("x");
    for await (const _ of process.stdout) break;
    expect((await process.exited).stdout_bytes).toBe(piece.length * 12);
  });

  it("passes a gap of the server on as a typed error at its place", async () => {
    const { sandbox } = sandboxOn([
      pieces([
        start(),
        output("stdout", "abc"),
        eventFrame({ type: "gap", stream: "stdout", from: 3, to: 9 }),
        output("stdout", "xyz"),
        exit(12),
      ]),
    ]);
    const process = await sandbox.spawn("x");
    expect(await readAll(process.stdout)).toMatchObject({
      text: "abc",
      error: { name: "StreamInterruptedError", code: "output_gap", gap: { stream: "stdout", from: 3, to: 9 } },
    });
  });
});

describe("a process", () => {
  const running = (more: Answer[] = []) => sandboxOn([pieces([start(), output("stdout", "hi")], "hang"), ...more]);
  const done = () => new Response(null, { status: 204 });

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
