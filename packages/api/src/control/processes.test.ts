import { describe, expect, test } from "vitest";
import { settle } from "../../test/manual-clock.ts";
import { encode, follow, setUp } from "../../test/played-command.ts";
import { EngineError } from "../engine.ts";

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
