import { decodeFrames, type OutputName, type StreamEvent } from "@porter-sandbox/spec/stream-frames";
import { describe, expect, test } from "vitest";
import { type Deferred, defer } from "../../test/engine-double.ts";
import { createHarness, type Harness } from "../../test/harness.ts";
import { settle } from "../../test/manual-clock.ts";
import { EngineError, type ExecEnd } from "../engine.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** A command that a test plays by hand. */
interface Played {
  readonly out: ReadableStreamDefaultController<Uint8Array>;
  readonly err: ReadableStreamDefaultController<Uint8Array>;
  readonly exit: Deferred<ExecEnd>;
  /** How often its standard output was asked for more. */
  pulls: number;
  /** What it was sent. */
  readonly input: string[];
  /** Set to hold its input back. */
  hold: Promise<void> | undefined;
  end(end?: ExecEnd): void;
}

function play(harness: Harness): () => Played {
  let played: Played | undefined;
  harness.engine.onExec = (_, killed, plan) => {
    const made: Partial<Played> & { pulls: number } = { pulls: 0 };
    const exit = defer<ExecEnd>();
    const stdout = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void Object.assign(made, { out: controller }),
        pull() {
          made.pulls += 1;
        },
      },
      { highWaterMark: 0 },
    );
    const stderr = new ReadableStream<Uint8Array>({
      start: (controller) => void Object.assign(made, { err: controller }),
    });
    const input: string[] = [];
    const stdin = new WritableStream<Uint8Array>({
      async write(bytes) {
        await played?.hold;
        input.push(new TextDecoder().decode(bytes));
      },
      close: () => void input.push("EOF"),
    });
    let over = false;
    const end = (how: ExecEnd = { exit_code: 0 }) => {
      if (over) return;
      over = true;
      // One that broke, or that nobody reads, cannot be closed any more.
      for (const controller of [made.out, made.err]) if (controller?.desiredSize !== null) controller?.close();
      exit.resolve(how);
    };
    void killed.then(() => end({ exit_code: 137 }));
    played = Object.assign(made, { exit, input, hold: undefined, end }) as Played;
    return { stdout, stderr, ...(plan.stdin && { stdin }), exit: exit.promise };
  };
  return () => {
    if (played === undefined) throw new Error("nothing was started");
    return played;
  };
}

/** Reads a stream of frames as it comes. */
function follow(response: Response) {
  const text = { stdout: "", stderr: "" };
  const events: StreamEvent[] = [];
  const decoder = decodeFrames({
    output: (name: OutputName, bytes) => {
      text[name] += new TextDecoder("latin1").decode(bytes);
    },
    event: (event) => events.push(event),
  });
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("no body");
  const step = async () => {
    const { done, value } = await reader.read();
    if (value !== undefined) decoder.push(value);
    return !done;
  };
  const all = async () => {
    while (await step());
  };
  return { text, events, decoder, step, all, cancel: () => reader.cancel() };
}

async function setUp(options: Parameters<typeof createHarness>[0] = {}) {
  const harness = createHarness(options);
  const played = play(harness);
  const id = await harness.run();
  const path = `/v1/sandbox/${id}/processes`;
  const get = (path: string, signal?: AbortSignal) =>
    harness.api.fetch(new Request(`http://api.test${path}`, { ...(signal && { signal }) }));
  const spawn = async (body: Record<string, unknown> = {}) => {
    const response = await harness.api.fetch(
      new Request(`http://api.test/v1/sandbox/${id}/exec`, {
        method: "POST",
        headers: { accept: "application/json;q=0.5, application/vnd.sandbox.exec-stream" },
        body: JSON.stringify({ command: ["work"], ...body }),
      }),
    );
    expect(response.status).toBe(200);
    const stream = follow(response);
    await stream.step();
    const [start] = stream.events;
    if (start?.type !== "start") throw new Error("no start");
    return { ...stream, response, exec_id: start.exec_id, at: `${path}/${start.exec_id}` };
  };
  return { ...harness, id, path, get, spawn, played };
}

describe("a streamed command", () => {
  test("tells its id at once, its output as it comes, and its end last", async () => {
    const { spawn, played } = await setUp();
    const process = await spawn();
    expect(process.response.headers.get("content-type")).toBe("application/vnd.sandbox.exec-stream");
    const reading = process.all();
    played().out.enqueue(encode("one"));
    await settle();
    expect(process.text.stdout).toBe("one");
    played().err.enqueue(encode("two"));
    played().out.enqueue(encode("three"));
    played().end({ exit_code: 3 });
    await reading;
    expect(process.text).toEqual({ stdout: "onethree", stderr: "two" });
    expect(process.decoder.end).toEqual({
      type: "exit",
      exit_code: 3,
      reason: "exited",
      stdout_bytes: 8,
      stderr_bytes: 3,
    });
  });

  test("a quiet one is neither cut nor ended in ten minutes, and shows that it lives", async () => {
    const { spawn, played, clock, ask } = await setUp();
    const process = await spawn();
    const reading = process.all();
    await clock.advance(600_000);
    expect(process.events.filter(({ type }) => type === "keepalive")).toHaveLength(40);
    expect(process.decoder.end).toBeUndefined();
    expect((await ask("GET", process.at)).body).toMatchObject({ running: true });
    played().out.enqueue(encode("at last"));
    played().end();
    await reading;
    expect(process.text.stdout).toBe("at last");
    expect(process.decoder.end).toMatchObject({ exit_code: 0, reason: "exited" });
    expect(clock.pending).toBe(0);
  });

  test("an end that nobody knows breaks the stream, after all that was written", async () => {
    const { spawn, played, errors, ask } = await setUp();
    const process = await spawn();
    played().out.enqueue(encode("prefix"));
    await settle();
    played().exit.reject(new EngineError("engine_error", "connection lost"));
    await expect(process.all()).rejects.toThrow("not known");
    expect(process.text.stdout).toBe("prefix");
    expect(process.decoder.end).toBeUndefined();
    expect(errors).toHaveLength(1);
    const { body } = await ask("GET", process.at);
    expect(body).toMatchObject({ running: false });
    expect(body).not.toHaveProperty("exit_code");
    expect(body).not.toHaveProperty("reason");
  });

  test("streams that break are the same, though the engine still waits for the end", async () => {
    const { spawn, played, engine } = await setUp();
    const process = await spawn();
    played().out.error(new EngineError("engine_error", "cut"));
    await expect(process.all()).rejects.toThrow("not known");
    expect(engine.kills).toEqual(["work"]);
  });

  test("that its sandbox took with it says that, and in which phase it is", async () => {
    const { spawn, engine, id, clock } = await setUp();
    engine.onExec = () => ({ stdout: new ReadableStream(), stderr: new ReadableStream(), exit: new Promise(() => {}) });
    const process = await spawn();
    const reading = process.all();
    engine.end(id, { exit_code: 1 });
    await clock.advance(1000);
    await reading;
    expect(process.decoder.end).toEqual({ type: "sandbox_ended", phase: "failed" });
    expect(engine.kills).toEqual(["work"]);
  });

  test("goes on when its reader leaves", async () => {
    const { spawn, played, engine, ask, get } = await setUp();
    const process = await spawn();
    played().out.enqueue(encode("one"));
    await process.step();
    await process.cancel();
    played().out.enqueue(encode("two"));
    await settle();
    expect(engine.kills).toEqual([]);
    expect((await ask("GET", process.at)).body).toMatchObject({ running: true, stdout_bytes: 6 });
    played().end();
    const again = follow(await get(`${process.at}/output?stdout_offset=2`));
    await again.all();
    expect(again.text.stdout).toBe("etwo");
    expect(again.events[0]).toEqual({ type: "start", exec_id: process.exec_id, stdout_offset: 2, stderr_offset: 0 });
    expect(again.decoder.end).toMatchObject({ stdout_bytes: 6 });
  });

  test("is told to the engine as one whose descendants end with it", async () => {
    const { spawn, engine } = await setUp();
    await spawn({ stdin: true, cwd: "/tmp" });
    expect(engine.execs[0]).toMatchObject({ command: ["work"], stdin: true, cwd: "/tmp", whole: true });
  });

  test("whose time is over is killed and says so, whoever reads", async () => {
    const { spawn, clock, ask } = await setUp();
    const process = await spawn({ timeout_ms: 5000 });
    await process.cancel();
    await clock.advance(5000);
    expect((await ask("GET", process.at)).body).toMatchObject({
      running: false,
      exit_code: 137,
      signal: "SIGKILL",
      reason: "timed_out",
      finished_at: "2026-01-02T03:04:10.000Z",
    });
  });

  test("needs a sandbox that runs", async () => {
    const { api, engine, id } = await setUp();
    engine.end(id, { exit_code: 0 });
    await settle();
    const headers = { accept: "application/vnd.sandbox.exec-stream" };
    const body = JSON.stringify({ command: ["x"] });
    const answer = await api.fetch(`http://api.test/v1/sandbox/${id}/exec`, { method: "POST", headers, body });
    expect(answer.status).toBe(409);
  });

  test("keeps its lines as logs, and says how much came too fast for them", async () => {
    const { spawn, played, ask, id, clock } = await setUp();
    const process = await spawn();
    const reading = process.all();
    played().out.enqueue(encode("first\npart"));
    for (let i = 0; i < 9; i += 1) played().out.enqueue(new Uint8Array(1024 * 1024));
    await settle();
    await clock.advance(10_000);
    played().out.enqueue(encode("last\n"));
    await settle();
    const { body } = await ask("GET", `/v1/sandbox/${id}/logs`);
    const lines = body.logs.map(({ line }: { line: string }) => line.replaceAll("\0", "").slice(0, 60));
    expect(lines).toEqual(["first", "part", "(2097152 bytes of stdout came too fast for the logs)", "last"]);
    played().end();
    await reading;
  });
});

describe("a reader", () => {
  const limits = { replayBytes: 1000, readerStallMs: 30_000 };

  test("that comes late gets what is kept, and a gap for what is not", async () => {
    const { spawn, played, get } = await setUp({ limits });
    const process = await spawn();
    await process.cancel();
    for (let i = 0; i < 10; i += 1) played().out.enqueue(encode(String(i).repeat(500)));
    await settle();
    played().end();
    const late = follow(await get(`${process.at}/output`));
    await late.all();
    expect(late.events[1]).toEqual({ type: "gap", stream: "stdout", from: 0, to: 4000 });
    expect(late.text.stdout).toBe("8".repeat(500) + "9".repeat(500));
    expect(late.decoder.end).toMatchObject({ stdout_bytes: 5000 });
  });

  test("that rests makes the command rest, and misses nothing", async () => {
    const { spawn, played, clock } = await setUp({ limits });
    const process = await spawn();
    for (let i = 0; i < 20; i += 1) played().out.enqueue(encode(String(i % 10).repeat(500)));
    await settle();
    const pulls = played().pulls;
    await clock.advance(29_000);
    expect(played().pulls).toBe(pulls);
    const reading = process.all();
    await settle();
    played().end();
    await reading;
    expect(process.text.stdout).toHaveLength(10_000);
    expect(process.events.map(({ type }) => type)).not.toContain("gap");
  });

  test("that takes nothing for too long is waited for no more, and finds a gap", async () => {
    const { spawn, played, clock } = await setUp({ limits });
    const process = await spawn();
    for (let i = 0; i < 20; i += 1) played().out.enqueue(encode(String(i % 10).repeat(500)));
    await clock.advance(30_000);
    played().end();
    await settle();
    await process.all();
    expect(process.events.filter(({ type }) => type === "gap")).toEqual([
      { type: "gap", stream: "stdout", from: 0, to: 9000 },
    ]);
    expect(process.decoder.end).toMatchObject({ stdout_bytes: 10_000 });
  });

  test("of a command that was quiet for long still misses nothing when it speaks", async () => {
    const { spawn, played, clock } = await setUp({ limits });
    const process = await spawn();
    const reading = process.all();
    await clock.advance(120_000);
    for (let i = 0; i < 20; i += 1) played().out.enqueue(encode("x".repeat(500)));
    played().end();
    await reading;
    expect(process.text.stdout).toHaveLength(10_000);
    expect(process.events.map(({ type }) => type)).not.toContain("gap");
  });

  test("beside another gets the same", async () => {
    const { spawn, played, get } = await setUp({ limits });
    const process = await spawn();
    const other = follow(await get(`${process.at}/output`));
    const reading = Promise.all([process.all(), other.all()]);
    for (let i = 0; i < 8; i += 1) played().out.enqueue(encode(String(i).repeat(500)));
    played().end();
    await reading;
    expect(other.text.stdout).toBe(process.text.stdout);
    expect(other.text.stdout).toHaveLength(4000);
  });

  test("may not begin beyond what was written", async () => {
    const { spawn, ask } = await setUp();
    const process = await spawn();
    expect(await ask("GET", `${process.at}/output?stderr_offset=1`)).toMatchObject({
      status: 416,
      body: { code: "range_not_satisfiable", field: "stderr_offset" },
    });
    expect((await ask("GET", `${process.at}/output?stderr_offset=-1`)).status).toBe(400);
    expect((await ask("GET", `${process.at}-x/output`)).status).toBe(404);
  });
});

describe("standard input", () => {
  test("goes to the command, and what is sent twice is taken once", async () => {
    const { spawn, ask, played } = await setUp();
    const { at } = await spawn({ stdin: true });
    const put = (query: string, text: string) => ask("PUT", `${at}/stdin?${query}`, text);
    expect((await put("offset=0", "hello")).body).toEqual({ stdin_bytes: 5 });
    expect((await put("offset=0", "hello")).body).toEqual({ stdin_bytes: 5 });
    expect((await put("offset=3", "lo world")).body).toEqual({ stdin_bytes: 11 });
    expect(await put("offset=12", "x")).toMatchObject({ status: 409, body: { code: "stdin_gap", field: "offset" } });
    expect((await ask("GET", at)).body).toMatchObject({ stdin: true, stdin_bytes: 11 });
    expect((await put("offset=11&eof=true", "")).status).toBe(200);
    expect((await put("offset=11&eof=true", "")).status).toBe(200);
    expect(await put("offset=11", "more")).toMatchObject({ status: 409, body: { code: "stdin_closed" } });
    expect(played().input.join("|")).toBe("hello| world|EOF");
    expect((await ask("GET", at)).body).toMatchObject({ stdin: false, stdin_bytes: 11 });
  });

  test("waits until the command takes it, in the order of the requests", async () => {
    const { spawn, ask, played } = await setUp();
    const { at } = await spawn({ stdin: true });
    const held = defer<void>();
    played().hold = held.promise;
    let answered = 0;
    const count = () => {
      answered += 1;
    };
    const one = ask("PUT", `${at}/stdin?offset=0`, "one").then(count);
    const two = ask("PUT", `${at}/stdin?offset=3`, "two").then(count);
    await settle();
    expect(answered).toBe(0);
    held.resolve();
    await Promise.all([one, two]);
    expect(played().input).toEqual(["one", "two"]);
  });

  test("is refused by a command that ended, also when it was waiting", async () => {
    const { spawn, ask, played } = await setUp();
    const { at } = await spawn({ stdin: true });
    await ask("PUT", `${at}/stdin?offset=0`, "taken");
    played().hold = new Promise(() => {});
    const waiting = ask("PUT", `${at}/stdin?offset=5`, "never");
    await settle();
    played().end();
    expect(await waiting).toMatchObject({ status: 409, body: { code: "process_ended" } });
    expect(await ask("PUT", `${at}/stdin?offset=5`, "x")).toMatchObject({ body: { code: "process_ended" } });
    expect((await ask("PUT", `${at}/stdin?offset=0`, "taken")).status).toBe(200);
  });

  test("is refused by a command without any, and in bodies that are too large", async () => {
    const { spawn, ask } = await setUp({ limits: { fileBytes: 4 } });
    const { at } = await spawn();
    expect(await ask("PUT", `${at}/stdin?offset=0`, "x")).toMatchObject({ body: { code: "stdin_closed" } });
    const other = await spawn({ stdin: true });
    expect((await ask("PUT", `${other.at}/stdin?offset=0`, "12345")).status).toBe(413);
    expect((await ask("PUT", `${other.at}/stdin`, "1")).status).toBe(400);
  });
});

describe("signals and sizes", () => {
  test("go to the command", async () => {
    const { spawn, ask, engine } = await setUp();
    const { at } = await spawn({ tty: { rows: 24, cols: 80 } });
    expect((await ask("POST", `${at}/kill`, { signal: "SIGUSR1" })).status).toBe(204);
    expect((await ask("POST", `${at}/resize`, { rows: 50, cols: 132 })).status).toBe(204);
    expect([engine.signals, engine.sizes, engine.kills]).toEqual([["SIGUSR1"], [{ rows: 50, cols: 132 }], []]);
    for (const signal of ["KILL", "SIGNONE", 9]) {
      expect(await ask("POST", `${at}/kill`, { signal })).toMatchObject({ status: 400, body: { field: "signal" } });
    }
    expect((await ask("POST", `${at}/resize`, { rows: 0, cols: 132 })).status).toBe(400);
    expect((await ask("GET", at)).body).toMatchObject({ tty: true });
  });

  test("a kill ends it, and is told from what it did to itself", async () => {
    const { spawn, ask } = await setUp();
    const process = await spawn();
    const reading = process.all();
    expect((await ask("POST", `${process.at}/kill`)).status).toBe(204);
    await reading;
    expect(process.decoder.end).toMatchObject({ exit_code: 137, signal: "SIGKILL", reason: "killed" });
    expect((await ask("POST", `${process.at}/kill`)).status).toBe(204);
    expect((await ask("POST", `${process.at}-x/kill`)).status).toBe(404);
  });

  test("a signal that it lives through does not change how it ended", async () => {
    const { spawn, ask, played } = await setUp();
    const process = await spawn();
    await ask("POST", `${process.at}/kill`, { signal: "SIGTERM" });
    played().end({ exit_code: 3 });
    await process.all();
    expect(process.decoder.end).toMatchObject({ exit_code: 3, reason: "exited" });
  });

  test("a size needs a terminal, and a command that runs", async () => {
    const { spawn, ask, played } = await setUp();
    const size = { rows: 1, cols: 1 };
    const plain = await spawn();
    expect(await ask("POST", `${plain.at}/resize`, size)).toMatchObject({ status: 409, body: { code: "no_tty" } });
    const terminal = await spawn({ tty: size });
    played().end();
    await terminal.all();
    expect(await ask("POST", `${terminal.at}/resize`, size)).toMatchObject({ body: { code: "process_ended" } });
  });
});

describe("the processes of a sandbox", () => {
  test("are listed with what is known of each, oldest first", async () => {
    const { spawn, ask, path, played, run } = await setUp();
    const one = await spawn({ command: ["one", "x"], stdin: true });
    played().end({ exit_code: 2 });
    await one.all();
    const two = await spawn({ command: ["two"] });
    const { body } = await ask("GET", path);
    expect(body.processes).toEqual([
      {
        exec_id: one.exec_id,
        command: ["one", "x"],
        started_at: "2026-01-02T03:04:05.000Z",
        finished_at: "2026-01-02T03:04:05.000Z",
        tty: false,
        stdin: false,
        running: false,
        exit_code: 2,
        reason: "exited",
        stdout_bytes: 0,
        stderr_bytes: 0,
        stdin_bytes: 0,
      },
      expect.objectContaining({ exec_id: two.exec_id, running: true }),
    ]);
    expect((await ask("GET", `/v1/sandbox/${await run()}/processes`)).body).toEqual({ processes: [] });
    expect((await ask("GET", "/v1/sandbox/none/processes")).status).toBe(404);
    expect((await ask("GET", `/v1/sandbox/${await run()}/processes/${two.exec_id}`)).status).toBe(404);
  });

  test("are kept for a while after their end, and not too many of them", async () => {
    const { spawn, ask, path, played, clock } = await setUp({
      limits: { processRetentionMs: 60_000, endedProcesses: 2 },
    });
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      const process = await spawn();
      played().end();
      await process.all();
      ids.push(process.exec_id);
    }
    const running = await spawn();
    const listed = async () =>
      (await ask("GET", path)).body.processes.map(({ exec_id }: { exec_id: string }) => exec_id);
    expect(await listed()).toEqual([ids[1], ids[2], running.exec_id]);
    await clock.advance(60_000);
    expect(await listed()).toEqual([ids[1], ids[2], running.exec_id]);
    await clock.advance(1);
    expect(await listed()).toEqual([running.exec_id]);
    expect((await ask("GET", `${path}/${ids[2]}/output`)).status).toBe(404);
  });

  test("end with the server, which tells their readers", async () => {
    const { spawn, api } = await setUp();
    const process = await spawn();
    const reading = process.all();
    await api.close();
    await reading;
    expect(process.decoder.end).toMatchObject({ reason: "killed" });
  });
});
