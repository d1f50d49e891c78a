import { describe, expect, test } from "vitest";
import { defer } from "../../test/engine-double.ts";
import { createHarness } from "../../test/harness.ts";
import { settle } from "../../test/manual-clock.ts";
import { EngineError } from "../engine.ts";

const DAY = 24 * 3_600_000;

describe("a sandbox", () => {
  test("is queued, created, runs and succeeds", async () => {
    const { ask, engine, clock } = createHarness();
    const gate = defer<void>();
    engine.beforeStart = () => gate.promise;
    const created = await ask("POST", "/v1/sandbox/run", { image: "busybox:1", name: "web", tags: { a: "b" } });
    expect(created).toMatchObject({ status: 200, body: { name: "web" } });
    const { id } = created.body;
    const status = async () => (await ask("GET", `/v1/sandbox/${id}`)).body;
    await settle();
    expect(await status()).toEqual({
      id,
      name: "web",
      image: "busybox:1",
      tags: { a: "b" },
      phase: "creating",
      created_at: "2026-01-02T03:04:05.000Z",
      host: "",
    });
    clock.jump(1500);
    gate.resolve();
    await settle();
    expect(await status()).toMatchObject({ phase: "running", started_at: "2026-01-02T03:04:06.500Z" });
    clock.jump(1000);
    engine.end(id, { exit_code: 0 });
    await settle();
    expect(await status()).toMatchObject({ phase: "succeeded", exit_code: 0, finished_at: "2026-01-02T03:04:07.500Z" });
  });

  test("is queued until the engine says that its turn has come", async () => {
    const { run, phase, engine } = createHarness();
    const [turn, gate] = [defer<void>(), defer<void>()];
    const start = engine.startSandbox;
    engine.startSandbox = async (plan, signal, begins) => {
      await turn.promise;
      begins?.();
      await gate.promise;
      return start(plan, signal);
    };
    const id = await run();
    await settle();
    expect(await phase(id)).toBe("queued");
    turn.resolve();
    await settle();
    expect(await phase(id)).toBe("creating");
    gate.resolve();
    await settle();
    expect(await phase(id)).toBe("running");
  });

  test.each([
    [{ exit_code: 3 }, 3],
    [{ reason: "out_of_memory" as const, exit_code: 0 }, 0],
    [{}, undefined],
  ])("fails when it ends with %j", async (end, code) => {
    const { ask, run, engine } = createHarness();
    const id = await run();
    engine.end(id, end);
    await settle();
    const { body } = await ask("GET", `/v1/sandbox/${id}`);
    expect(body.phase).toBe("failed");
    expect(body.exit_code).toBe(code);
  });

  test("fails when it cannot start, and reports only what was not foreseen", async () => {
    const { run, phase, engine, errors } = createHarness();
    engine.beforeStart = async () => {
      throw new EngineError("image_pull", "no such image");
    };
    expect(await phase(await run())).toBe("failed");
    expect(errors).toEqual([]);
    engine.beforeStart = async () => {
      throw new TypeError("bug");
    };
    expect(await phase(await run())).toBe("failed");
    expect(errors).toHaveLength(1);
  });

  test("is given to the engine as it was asked for", async () => {
    const { run, engine } = createHarness({ envGroups: { base: { A: "1", B: "1" }, over: { B: "2", C: "2" } } });
    const id = await run({
      name: "web",
      command: ["sh"],
      args: ["-c", "x"],
      env: { C: "3" },
      env_groups: ["base", "over"],
      networking: [{ port: 8080, domains: [{ domain: "web.test", visibility: "private" }] }],
      egress: { allowed_destinations: [] },
      resources: { cpu: "500m", memory: "1Gi" },
    });
    expect(engine.plans).toEqual([
      {
        id,
        name: "web",
        image: "busybox:1",
        command: ["sh"],
        args: ["-c", "x"],
        env: { A: "1", B: "2", C: "3" },
        volume_mounts: {},
        networking: { port: 8080, domain: "web.test", visibility: "private" },
        egress: [],
        resources: { cpu_cores: 0.5, memory_bytes: 2 ** 30 },
      },
    ]);
  });

  test("keeps names of variables that JavaScript thinks special", async () => {
    const { ask, engine } = createHarness({ envGroups: { g: { X: "1" } } });
    const body = '{"image":"a:1","env":{"__proto__":"p"},"env_groups":["g"]}';
    expect((await ask("POST", "/v1/sandbox/run", body)).status).toBe(200);
    await settle();
    expect(Object.entries(engine.plans[0]?.env ?? {})).toEqual([
      ["X", "1"],
      ["__proto__", "p"],
    ]);
  });

  test("is not accepted with groups that do not exist, or with what the engine cannot enforce", async () => {
    const features = { egress: false, resources: false, networking: false, snapshots: false };
    const { ask, engine } = createHarness({ features, envGroups: async (name) => (name === "g" ? {} : undefined) });
    const create = (more: object) => ask("POST", "/v1/sandbox/run", { image: "a:1", ...more });
    expect((await create({ env_groups: ["g"] })).status).toBe(200);
    const missing = await create({ env_groups: ["g", "toString"] });
    expect(missing).toMatchObject({ status: 400, body: { field: "env_groups" } });
    expect(missing.body.error).toContain("toString");
    const refused: [string, object][] = [
      ["egress", { egress: { allowed_destinations: [] } }],
      ["resources", { resources: { cpu: "1" } }],
      ["networking", { networking: [{ port: 8080 }] }],
      ["snapshot_id", { image: "", snapshot_id: "snap-1" }],
    ];
    for (const [field, more] of refused) {
      expect(await create(more)).toMatchObject({ status: 422, body: { code: "unsupported", field } });
    }
    await settle();
    expect(engine.plans).toHaveLength(1);
  });

  test("has a name that nobody has again, not even after retention", async () => {
    const { ask, run, clock, engine } = createHarness();
    const id = await run({ name: "web" });
    const again = () => ask("POST", "/v1/sandbox/run", { image: "a:1", name: "web" });
    expect(await again()).toMatchObject({ status: 409, body: { code: "name_taken", field: "name" } });
    expect((await ask("GET", "/v1/sandbox/lookup?name=web")).body).toEqual({ id });
    await ask("DELETE", `/v1/sandbox/${id}`);
    expect((await ask("GET", "/v1/sandbox/lookup?name=web")).body).toEqual({ id });
    await clock.advance(7 * DAY);
    expect((await ask("GET", `/v1/sandbox/${id}`)).status).toBe(404);
    expect((await ask("GET", "/v1/sandbox/lookup?name=web")).status).toBe(404);
    expect((await again()).status).toBe(409);
    expect(engine.removed).toEqual([id]);
  });
});

describe("terminating", () => {
  test("ends what runs, and waits until it does not run any more", async () => {
    const { ask, run, phase, engine } = createHarness();
    const id = await run();
    const gate = defer<void>();
    engine.beforeStop = () => gate.promise;
    let answered = false;
    const deleting = ask("DELETE", `/v1/sandbox/${id}`).then((answer) => {
      answered = true;
      return answer;
    });
    await settle();
    expect(await phase(id)).toBe("terminated");
    expect(answered).toBe(false);
    gate.resolve();
    expect((await deleting).status).toBe(204);
    expect(engine.running.get(id)?.alive).toBe(false);
    expect(await phase(id)).toBe("terminated");
  });

  test("calls off a start", async () => {
    const { ask, phase, engine, errors } = createHarness();
    engine.beforeStart = (_, signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const { id } = (await ask("POST", "/v1/sandbox/run", { image: "a:1" })).body;
    await settle();
    expect((await ask("DELETE", `/v1/sandbox/${id}`)).status).toBe(204);
    await settle();
    expect(await phase(id)).toBe("terminated");
    expect(engine.running.size).toBe(0);
    expect(errors).toEqual([]);
  });

  test("stops a sandbox that comes up although its start was called off", async () => {
    const { ask, phase, engine, clock } = createHarness();
    const gate = defer<void>();
    const ended = defer<{ finished_at: number }>();
    const stopped: string[] = [];
    engine.startSandbox = async () => {
      await gate.promise;
      return { started_at: clock.now(), host: "", ended: ended.promise };
    };
    engine.stopSandbox = async (id) => void stopped.push(id);
    const { id } = (await ask("POST", "/v1/sandbox/run", { image: "a:1" })).body;
    await settle();
    await ask("DELETE", `/v1/sandbox/${id}`);
    gate.resolve();
    await settle();
    expect(stopped).toEqual([id, id]);
    expect(await phase(id)).toBe("terminated");
  });

  test("leaves an ended sandbox as it is, and is a 404 for an unknown one", async () => {
    const { ask, run, phase, engine } = createHarness();
    const id = await run();
    engine.end(id, { exit_code: 0 });
    await settle();
    expect((await ask("DELETE", `/v1/sandbox/${id}`)).status).toBe(204);
    expect(await phase(id)).toBe("succeeded");
    expect((await ask("DELETE", "/v1/sandbox/sbx-none")).status).toBe(404);
  });

  test("is tried again when the engine fails to stop it", async () => {
    const { ask, run, engine, clock, errors } = createHarness();
    const id = await run();
    engine.beforeStop = async () => Promise.reject(new Error("busy"));
    expect((await ask("DELETE", `/v1/sandbox/${id}`)).status).toBe(500);
    engine.beforeStop = async () => {};
    expect(engine.running.get(id)?.alive).toBe(true);
    // A 204 would say that it does not run.
    expect((await ask("DELETE", `/v1/sandbox/${id}`)).status).toBe(500);
    await clock.advance(5000);
    expect((await ask("DELETE", `/v1/sandbox/${id}`)).status).toBe(204);
    expect(engine.running.get(id)?.alive).toBe(false);
    expect(errors.length).toBeGreaterThan(0);
  });
});

describe("the time to live", () => {
  test("counts from the start", async () => {
    const { run, phase, clock, engine } = createHarness();
    engine.beforeStart = async () => clock.jump(7000);
    const id = await run({ ttl_seconds: 10 });
    await clock.advance(9999);
    expect(await phase(id)).toBe("running");
    await clock.advance(1);
    expect(await phase(id)).toBe("terminated");
    expect(engine.running.get(id)?.alive).toBe(false);
  });

  test("counts from the creation while the sandbox waits", async () => {
    const { run, phase, clock, engine } = createHarness();
    engine.beforeStart = (_, signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const id = await run({ ttl_seconds: 10 });
    await clock.advance(9999);
    expect(await phase(id)).toBe("creating");
    await clock.advance(1);
    expect(await phase(id)).toBe("terminated");
  });

  test("is kept without timers too: the next request sees it", async () => {
    const { run, phase, clock } = createHarness();
    const id = await run({ ttl_seconds: 10 });
    clock.jump(10_000);
    expect(await phase(id)).toBe("terminated");
  });
});

describe("idempotency keys", () => {
  const key = { "Idempotency-Key": "key-1" };

  test("the same body gets the same answer and makes nothing, for 24 hours", async () => {
    const { ask, clock, engine } = createHarness();
    const create = (body: unknown) => ask("POST", "/v1/sandbox/run", body, key);
    const first = await create({ image: "a:1", tags: { a: "1", b: "2" } });
    const second = await create('{ "tags": {"b":"2","a":"1"}, "image": "a:1" }');
    expect(second).toMatchObject({ status: first.status, body: first.body });
    await clock.advance(DAY - 1);
    expect((await create({ image: "a:1", tags: { a: "1", b: "2" } })).body).toEqual(first.body);
    expect(engine.plans).toHaveLength(1);
    expect(await create({ image: "a:2" })).toMatchObject({ status: 409, body: { code: "idempotency_key_reused" } });
    await clock.advance(1);
    expect((await create({ image: "a:2" })).status).toBe(200);
  });

  test("repeats at the same moment make one sandbox", async () => {
    const groups = defer<Record<string, string>>();
    const { ask, engine } = createHarness({ envGroups: () => groups.promise });
    const body = { image: "a:1", name: "web", env_groups: ["g"] };
    const all = Promise.all([1, 2, 3].map(() => ask("POST", "/v1/sandbox/run", body, key)));
    await settle();
    groups.resolve({});
    const answers = await all;
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    await settle();
    expect(engine.plans).toHaveLength(1);
  });

  test("a repeat is answered as the first was, though what it asks for is not there any more", async () => {
    const envGroups: Record<string, Record<string, string>> = { g: {} };
    const { ask } = createHarness({ envGroups });
    const body = { image: "a:1", env_groups: ["g"] };
    const first = await ask("POST", "/v1/sandbox/run", body, key);
    delete envGroups.g;
    expect(await ask("POST", "/v1/sandbox/run", body, key)).toMatchObject({ status: 200, body: first.body });
    const another = await ask("POST", "/v1/sandbox/run", { ...body, image: "a:2" }, key);
    expect(another).toMatchObject({ status: 409, body: { code: "idempotency_key_reused" } });
    const unknown = await ask("POST", "/v1/sandbox/run", body, { "Idempotency-Key": "key-2" });
    expect(unknown).toMatchObject({ status: 400, body: { field: "env_groups" } });
  });

  test("a key that is none is refused without being shown, and a server without extensions does not read it", async () => {
    const bad = { "Idempotency-Key": "not one" };
    const refused = await createHarness().ask("POST", "/v1/sandbox/run", { image: "a:1" }, bad);
    expect(refused).toMatchObject({ status: 400, body: { field: "Idempotency-Key" } });
    expect(refused.text).not.toContain("not one");
    const { ask } = createHarness({ extensions: false });
    const first = await ask("POST", "/v1/sandbox/run", { image: "a:1" }, key);
    const second = await ask("POST", "/v1/sandbox/run", { image: "a:1" }, key);
    expect(second.body.id).not.toBe(first.body.id);
  });
});
