import { describe, expect, test } from "vitest";
import { createEngineDouble, defer, streamOf } from "../../test/engine-double.ts";
import { createHarness } from "../../test/harness.ts";
import { createManualClock, settle } from "../../test/manual-clock.ts";
import { EngineError } from "../engine.ts";
import { createMemoryStore } from "../memory-store.ts";

const MINUTE = 60_000;

/** A server, and others that come up on the same store and engine as after a crash of the one before. */
function lives() {
  const clock = createManualClock();
  const engine = createEngineDouble(clock);
  const store = createMemoryStore();
  let lived = 0;
  const life = () => {
    lived += 1;
    const mine = lived;
    // Nothing is due any more in a process that was killed.
    const ownClock = {
      ...clock,
      schedule: (callback: () => void, ms: number) => clock.schedule(() => mine === lived && callback(), ms),
    };
    return createHarness({ clock: ownClock, engine, store });
  };
  return { clock, engine, store, life };
}

describe("why a sandbox ended", () => {
  test("is in its status and in what a command is refused with", async () => {
    const { ask, run, engine, clock } = createHarness();
    const oom = await run();
    engine.end(oom, { reason: "out_of_memory", message: "it ran out of memory", exit_code: 137 });
    const expired = await run({ ttl_seconds: 1 });
    const ended = await run();
    await ask("DELETE", `/v1/sandbox/${ended}`);
    await clock.advance(1000);
    engine.beforeStart = async () => {
      throw new EngineError("image_pull", "no such image");
    };
    const unpulled = await run();
    for (const [id, phase, end] of [
      [oom, "failed", { reason: "out_of_memory", message: "it ran out of memory", exit_code: 137 }],
      [expired, "terminated", { reason: "expired", message: "its time to live was over" }],
      [ended, "terminated", { reason: "terminated", message: "it was terminated by a call" }],
      [unpulled, "failed", { reason: "image_pull", message: "no such image" }],
    ] as const) {
      expect((await ask("GET", `/v1/sandbox/${id}`)).body).toMatchObject({ phase, ...end });
      for (const path of ["exec", "snapshot"]) {
        const refused = await ask("POST", `/v1/sandbox/${id}/${path}`, path === "exec" ? { command: ["a"] } : {});
        expect(refused.status).toBe(409);
        expect(refused.body).toEqual({
          error: `sandbox ${id} is ${phase} and not running`,
          code: "sandbox_not_running",
          phase,
          ...end,
        });
      }
    }
  });

  test("is not told by a server of the published API alone, nor of one that ended by itself", async () => {
    const published = createHarness({ extensions: false });
    const id = await published.run({ ttl_seconds: 1 });
    await published.clock.advance(1000);
    const status = (await published.ask("GET", `/v1/sandbox/${id}`)).body;
    expect(Object.keys(status)).not.toEqual(expect.arrayContaining(["reason"]));
    expect(Object.keys(status)).not.toEqual(expect.arrayContaining(["expires_at"]));
    const refused = await published.ask("POST", `/v1/sandbox/${id}/exec`, { command: ["a"] });
    expect(Object.keys(refused.body).sort()).toEqual(["code", "error", "phase"]);

    const { ask, run, engine } = createHarness();
    const done = await run();
    engine.end(done, { exit_code: 0 });
    await settle();
    const body = (await ask("GET", `/v1/sandbox/${done}`)).body;
    expect([body.exit_code, body.reason, body.message]).toEqual([0, undefined, undefined]);
  });
});

describe("a longer life", () => {
  test("counts from the call, and never cuts what was there", async () => {
    const { ask, run, phase, clock } = createHarness();
    const id = await run({ ttl_seconds: 100 });
    const started = clock.now();
    const extend = async (ttl_seconds: number) =>
      Date.parse((await ask("PUT", `/v1/sandbox/${id}/ttl`, { ttl_seconds })).body.expires_at) - started;
    expect(await extend(50)).toBe(100_000);
    await clock.advance(60_000);
    expect(await extend(50)).toBe(110_000);
    expect(await extend(1)).toBe(110_000);
    await clock.advance(49_999);
    expect(await phase(id)).toBe("running");
    await clock.advance(1);
    expect(await phase(id)).toBe("terminated");
  });

  test("of several calls at once the longest counts, whatever their order", async () => {
    for (const order of [
      [10, 500, 200],
      [500, 10, 200],
    ]) {
      const { ask, run, phase, clock } = createHarness();
      const id = await run({ ttl_seconds: 5 });
      await Promise.all(order.map((ttl_seconds) => ask("PUT", `/v1/sandbox/${id}/ttl`, { ttl_seconds })));
      await clock.advance(499_999);
      expect(await phase(id)).toBe("running");
      await clock.advance(1);
      expect(await phase(id)).toBe("terminated");
    }
  });

  test("is nothing to a sandbox without an end, and refused to one that has ended", async () => {
    const { ask, run, phase, clock } = createHarness();
    const id = await run();
    const answer = await ask("PUT", `/v1/sandbox/${id}/ttl`, { ttl_seconds: 1 });
    expect([answer.status, answer.body.expires_at]).toEqual([200, undefined]);
    await clock.advance(MINUTE);
    expect(await phase(id)).toBe("running");
    await ask("DELETE", `/v1/sandbox/${id}`);
    const refused = await ask("PUT", `/v1/sandbox/${id}/ttl`, { ttl_seconds: 1 });
    expect(refused).toMatchObject({ status: 409, body: { code: "sandbox_not_running", reason: "terminated" } });
    expect((await ask("PUT", "/v1/sandbox/sbx-none/ttl", { ttl_seconds: 1 })).status).toBe(404);
  });

  test.each([0, -1, 1.5, 31_536_001, "60", null])("of %j seconds is refused", async (ttl_seconds) => {
    const { ask, run } = createHarness();
    const refused = await ask("PUT", `/v1/sandbox/${await run()}/ttl`, { ttl_seconds });
    expect(refused).toMatchObject({ status: 400, body: { field: "ttl_seconds" } });
  });

  test("holds after a restart", async () => {
    const { clock, life } = lives();
    const first = life();
    const id = await first.run({ ttl_seconds: 10 });
    await first.ask("PUT", `/v1/sandbox/${id}/ttl`, { ttl_seconds: 600 });
    const second = life();
    await second.api.ready();
    await clock.advance(599_999);
    expect(await second.phase(id)).toBe("running");
    await clock.advance(1);
    expect((await second.ask("GET", `/v1/sandbox/${id}`)).body).toMatchObject({ reason: "expired" });
  });

  test("an extension that is not yet written when the time is over counts", async () => {
    const clock = createManualClock();
    const store = createMemoryStore();
    const gate = defer<void>();
    let slow = false;
    const { ask, run, phase } = createHarness({
      clock,
      store: {
        ...store,
        async updateSandbox(id, from, change) {
          if (slow && change.extended_to !== undefined) await gate.promise;
          return store.updateSandbox(id, from, change);
        },
      },
    });
    const id = await run({ ttl_seconds: 10 });
    slow = true;
    const extending = ask("PUT", `/v1/sandbox/${id}/ttl`, { ttl_seconds: 60 });
    await clock.advance(10_000);
    gate.resolve();
    expect((await extending).status).toBe(200);
    expect(await phase(id)).toBe("running");
  });
});

describe("an idle timeout", () => {
  const timeout = { idle_timeout_seconds: 120 };

  test("ends a sandbox that nobody uses, and says so", async () => {
    const { ask, run, phase, clock, engine } = createHarness();
    const id = await run(timeout);
    await clock.advance(119_999);
    expect(await phase(id)).toBe("running");
    await clock.advance(1);
    expect((await ask("GET", `/v1/sandbox/${id}`)).body).toMatchObject({
      phase: "terminated",
      reason: "idle",
      idle_timeout_seconds: 120,
    });
    expect(engine.running.get(id)?.alive).toBe(false);
  });

  test("commands and snapshots put it off; reading, logs and a longer life do not", async () => {
    const { ask, run, phase, clock } = createHarness();
    const [used, kept, watched] = [
      await run(timeout),
      await run(timeout),
      await run({ ...timeout, ttl_seconds: 1000 }),
    ];
    await clock.advance(100_000);
    await ask("POST", `/v1/sandbox/${used}/exec`, { command: ["a"] });
    await ask("POST", `/v1/sandbox/${kept}/snapshot`);
    await ask("GET", `/v1/sandbox/${watched}`);
    await ask("GET", `/v1/sandbox/${watched}/logs`);
    await ask("PUT", `/v1/sandbox/${watched}/ttl`, { ttl_seconds: 2000 });
    await clock.advance(20_000);
    expect([await phase(used), await phase(kept), await phase(watched)]).toEqual(["running", "running", "terminated"]);
    await clock.advance(99_999);
    expect([await phase(used), await phase(kept)]).toEqual(["running", "running"]);
    await clock.advance(1);
    expect([await phase(used), await phase(kept)]).toEqual(["terminated", "terminated"]);
  });

  test("does not run while a command does, and starts anew at its end", async () => {
    const { ask, run, phase, clock, engine } = createHarness();
    const id = await run(timeout);
    const command = defer<{ exit_code: number }>();
    engine.onExec = () => ({ stdout: streamOf(), stderr: streamOf(), exit: command.promise });
    const exec = ask("POST", `/v1/sandbox/${id}/exec`, { command: ["long"] });
    await clock.advance(60 * MINUTE);
    expect(await phase(id)).toBe("running");
    command.resolve({ exit_code: 0 });
    expect((await exec).status).toBe(200);
    await clock.advance(119_999);
    expect(await phase(id)).toBe("running");
    await clock.advance(1);
    expect(await phase(id)).toBe("terminated");
  });

  test("a command that could not begin was activity too, one that was refused was none", async () => {
    const { ask, run, phase, clock, engine } = createHarness();
    const id = await run(timeout);
    engine.onExec = () => {
      throw new EngineError("engine_error", "no such program");
    };
    await clock.advance(100_000);
    await ask("POST", `/v1/sandbox/${id}/exec`, { command: ["none"] });
    await clock.advance(100_000);
    expect(await phase(id)).toBe("running");
    await ask("POST", `/v1/sandbox/${id}/exec`, { command: [] });
    await clock.advance(20_000);
    expect(await phase(id)).toBe("terminated");
  });

  test("is no matter of a sandbox that waits", async () => {
    const { run, phase, clock, engine } = createHarness();
    const gate = defer<void>();
    engine.beforeStart = () => gate.promise;
    const id = await run(timeout);
    await clock.advance(60 * MINUTE);
    gate.resolve();
    await settle();
    expect(await phase(id)).toBe("running");
    await clock.advance(120_000);
    expect(await phase(id)).toBe("terminated");
  });

  test("goes on after a restart from when it was last in use, with a minute for callers to come back", async () => {
    const { clock, life } = lives();
    const first = life();
    const [idle, used] = [
      await first.run({ idle_timeout_seconds: 600 }),
      await first.run({ idle_timeout_seconds: 600 }),
    ];
    await clock.advance(300_000);
    await first.ask("POST", `/v1/sandbox/${used}/exec`, { command: ["a"] });
    clock.jump(270_000);
    const second = life();
    await second.api.ready();
    await clock.advance(59_999);
    expect(await second.phase(idle)).toBe("running");
    await clock.advance(1);
    expect(await second.phase(idle)).toBe("terminated");
    expect(await second.phase(used)).toBe("running");
    await clock.advance(300_000);
    expect(await second.phase(used)).toBe("terminated");
  });

  test("a command that outlives its server leaves the sandbox in use until then", async () => {
    const { clock, engine, store, life } = lives();
    const first = life();
    const id = await first.run({ idle_timeout_seconds: 600 });
    engine.onExec = () => ({ stdout: streamOf(), stderr: streamOf(), exit: new Promise(() => {}) });
    void first.ask("POST", `/v1/sandbox/${id}/exec`, { command: ["long"] });
    await clock.advance(3_600_000);
    expect((await store.getSandbox(id))?.active_at).toBeGreaterThanOrEqual(clock.now() - 600_000);
  });

  test("many commands are not many writes", async () => {
    const store = createMemoryStore();
    let writes = 0;
    const { ask, run, clock } = createHarness({
      store: {
        ...store,
        updateSandbox(id, from, change) {
          if (change.active_at !== undefined) writes += 1;
          return store.updateSandbox(id, from, change);
        },
      },
    });
    const id = await run(timeout);
    for (let n = 0; n < 100; n += 1) {
      await clock.advance(1000);
      await ask("POST", `/v1/sandbox/${id}/exec`, { command: ["a"] });
    }
    expect(writes).toBe(3);
  });

  test.each([0, -1, 1.5, 31_536_001, "60"])("of %j seconds is refused", async (idle_timeout_seconds) => {
    const { ask } = createHarness();
    const refused = await ask("POST", "/v1/sandbox/run", { image: "a:1", idle_timeout_seconds });
    expect(refused).toMatchObject({ status: 400, body: { field: "idle_timeout_seconds" } });
  });

  test("is not a field of the published API, nor is a longer life a path of it", async () => {
    const { ask, run } = createHarness({ extensions: false });
    const refused = await ask("POST", "/v1/sandbox/run", { image: "a:1", idle_timeout_seconds: 60 });
    expect(refused).toMatchObject({ status: 400, body: { field: "idle_timeout_seconds" } });
    expect((await ask("PUT", `/v1/sandbox/${await run()}/ttl`, { ttl_seconds: 60 })).status).toBe(404);
  });
});

describe("logs", () => {
  async function written(options: Parameters<typeof createHarness>[0] = {}) {
    const harness = createHarness(options);
    const { ask, run, engine, clock } = harness;
    const start = clock.now();
    const id = await run();
    for (const [n, [stdout, stderr]] of [
      ["one\n", ""],
      ["", "two\n"],
      ["WARN three\n", ""],
    ].entries()) {
      clock.jump(n === 0 ? 0 : 1000);
      engine.onExec = () => ({
        stdout: streamOf(stdout ?? ""),
        stderr: streamOf(stderr ?? ""),
        exit: Promise.resolve({ exit_code: 0 }),
      });
      await ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"] });
    }
    engine.workloadLogs.push(
      { timestamp: start + 500, line: "mine", stream: "stdout" },
      { timestamp: start + 1500, line: "my trouble", stream: "stderr" },
    );
    const read = async (query: string) => (await ask("GET", `/v1/sandbox/${id}/logs?${query}`)).body;
    const lines = async (query: string): Promise<string[]> =>
      (await read(query)).logs.map(({ line }: { line: string }) => line);
    return { ...harness, id, start, read, lines };
  }

  test("until, level and exec id each let through what they say, and together what all of them do", async () => {
    const { lines, read, start } = await written();
    const all = ["one", "mine", "two", "my trouble", "WARN three"];
    expect(await lines("")).toEqual(all);
    const at = (ms: number) => new Date(start + ms).toISOString();
    expect(await lines(`until=${at(1000)}`)).toEqual(all.slice(0, 3));
    expect(await lines(`until=${at(999)}`)).toEqual(all.slice(0, 2));
    expect(await lines("until=500ms")).toEqual(all.slice(0, 4));
    expect(await lines("level=error")).toEqual(["two", "my trouble"]);
    expect(await lines("level=warning&level=error")).toEqual(["two", "my trouble", "WARN three"]);
    expect(await lines("exec_id=workload")).toEqual(["mine", "my trouble"]);
    const { exec_id } = (await read("")).logs[2];
    expect(await lines(`exec_id=${exec_id}`)).toEqual(["two"]);
    expect(await lines("exec_id=exec-none")).toEqual([]);
    expect(await lines(`level=error&exec_id=workload&until=${at(1000)}`)).toEqual([]);
  });

  test("a limit counts the lines that match", async () => {
    const { lines } = await written();
    expect(await lines("level=error&limit=2")).toEqual(["two", "my trouble"]);
    expect(await lines("exec_id=workload&limit=1")).toEqual(["my trouble"]);
  });

  test("filters that make no sense are refused, all of them by a server of the published API alone", async () => {
    const { ask, id } = await written();
    for (const [query, field] of [
      ["until=yesterday", "until"],
      ["level=grave", "level"],
    ]) {
      expect(await ask("GET", `/v1/sandbox/${id}/logs?${query}`)).toMatchObject({ status: 400, body: { field } });
    }
    const published = await written({ extensions: false });
    for (const query of ["until=1m", "level=error", "exec_id=workload"]) {
      expect((await published.ask("GET", `/v1/sandbox/${published.id}/logs?${query}`)).status).toBe(400);
    }
  });
});
