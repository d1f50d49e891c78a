/** What becomes of work that nobody waits for when the store fails: a full disk, for seconds or for good. */
import { expect, test } from "vitest";
import { defer } from "../../test/engine-double.ts";
import { createHarness } from "../../test/harness.ts";
import { settle } from "../../test/manual-clock.ts";
import { createMemoryStore } from "../memory-store.ts";
import type { SandboxChange, Store } from "../store.ts";
import { RETRY_MS } from "./lifecycle.ts";

/** A server on a store whose next writes of one kind fail. */
function troubled(method: keyof Store, matters: (change: SandboxChange) => boolean = () => true) {
  const store = createMemoryStore();
  const trouble = { left: 0 };
  const works = store[method] as (...args: unknown[]) => Promise<unknown>;
  const fails = async (...args: unknown[]) => {
    if (trouble.left > 0 && matters((args[2] ?? {}) as SandboxChange)) {
      trouble.left -= 1;
      throw new Error("the disk is full");
    }
    return works(...args);
  };
  return { ...createHarness({ store: { ...store, [method]: fails } }), store, trouble };
}

test.each([1, 3])("one whose time is over ends, though the store failed %i times to say so", async (times) => {
  for (const lifetime of [{ ttl_seconds: 60 }, { idle_timeout_seconds: 60 }]) {
    const { run, phase, clock, engine, errors, trouble } = troubled("updateSandbox", (to) => to.phase === "terminated");
    const id = await run(lifetime);
    trouble.left = times;
    await clock.advance(60_000);
    expect(await phase(id)).toBe("running");
    await clock.advance(times * RETRY_MS);
    expect(await phase(id)).toBe("terminated");
    expect(engine.running.get(id)?.alive).toBe(false);
    expect(errors).toHaveLength(times);
  }
});

test.each([1, 3])("one that has started runs, though the store failed %i times to say so", async (times) => {
  const { run, phase, clock, engine, trouble, ask } = troubled("updateSandbox", (to) => to.phase === "running");
  trouble.left = times;
  const started = clock.now();
  const id = await run({ ttl_seconds: 600 });
  expect(await phase(id)).toBe("creating");
  await clock.advance(times * RETRY_MS);
  expect((await ask("GET", `/v1/sandbox/${id}`)).body).toMatchObject({
    phase: "running",
    started_at: new Date(started).toISOString(),
  });
  expect(engine.plans).toHaveLength(1);
  engine.end(id, { exit_code: 0 });
  await settle();
  expect(await phase(id)).toBe("succeeded");
});

test("one that was terminated before the store knew that it runs is stopped", async () => {
  const { run, phase, clock, engine, ask, trouble } = troubled("updateSandbox", (to) => to.phase === "running");
  trouble.left = 1;
  const id = await run();
  expect((await ask("DELETE", `/v1/sandbox/${id}`)).status).toBe(204);
  await clock.advance(RETRY_MS);
  expect(await phase(id)).toBe("terminated");
  expect(engine.running.get(id)?.alive).toBe(false);
});

test.each([1, 3])("one that ended has ended as it did, though the store failed %i times to say so", async (times) => {
  const { run, phase, ask, clock, engine, trouble } = troubled("updateSandbox", (to) => "exit_code" in to);
  const id = await run();
  trouble.left = times;
  const finished_at = new Date(clock.now()).toISOString();
  engine.end(id, { exit_code: 3 });
  await settle();
  expect(await phase(id)).toBe("running");
  await clock.advance(times * RETRY_MS);
  const { body } = await ask("GET", `/v1/sandbox/${id}`);
  expect(body).toMatchObject({ phase: "failed", exit_code: 3, finished_at });
  await clock.advance(8 * 24 * 3_600_000);
  expect((await ask("GET", `/v1/sandbox/${id}`)).status).toBe(404);
});

test("one that never came up has failed for the engine's reason, and is not tried anew", async () => {
  const { run, ask, clock, engine, trouble } = troubled("updateSandbox", (to) => to.phase === "failed");
  engine.beforeStart = () =>
    Promise.reject(Object.assign(new Error("no such image"), { name: "EngineError", code: "image_pull" }));
  trouble.left = 1;
  const id = await run();
  await clock.advance(RETRY_MS);
  expect((await ask("GET", `/v1/sandbox/${id}`)).body).toMatchObject({ phase: "failed", reason: "image_pull" });
  expect(engine.plans).toHaveLength(1);
});

test("one whose parts the store failed to read waits for them", async () => {
  for (const method of ["getVolume", "getSnapshot"] as const) {
    const { run, phase, ask, clock, trouble } = troubled(method);
    const volume = (await ask("POST", "/v1/volume")).body.id;
    const snapshot = (await ask("POST", `/v1/sandbox/${await run()}/snapshot`)).body.id;
    await settle();
    trouble.left = 1;
    const id = await run(
      method === "getVolume" ? { volume_mounts: { "/data": volume } } : { image: "", snapshot_id: snapshot },
    );
    expect(await phase(id)).toBe("queued");
    await clock.advance(RETRY_MS);
    expect(await phase(id)).toBe("running");
  }
});

test("an ended sandbox is forgotten after its retention, though the store failed once", async () => {
  const { run, ask, clock, engine, trouble } = troubled("removeSandbox");
  const id = await run();
  await ask("DELETE", `/v1/sandbox/${id}`);
  trouble.left = 1;
  await clock.advance(8 * 24 * 3_600_000);
  expect((await ask("GET", `/v1/sandbox/${id}`)).status).toBe(404);
  expect(engine.removed).toContain(id);
});

test.each([1, 3])("what was made is ready, though the store failed %i times to say so", async (times) => {
  const volumes = troubled("settleVolume");
  volumes.trouble.left = times;
  const { id } = (await volumes.ask("POST", "/v1/volume")).body;
  await settle();
  const mounting = await volumes.run({ volume_mounts: { "/data": id } });
  const written = volumes.ask("PUT", `/v1/volume/${id}/files/content?path=/a`, "a");
  expect((await volumes.ask("GET", `/v1/volume/${id}`)).body.phase).toBe("pending");
  await volumes.clock.advance(times * RETRY_MS);
  expect((await volumes.ask("GET", `/v1/volume/${id}`)).body.phase).toBe("ready");
  expect([(await written).status, await volumes.phase(mounting)]).toEqual([204, "running"]);

  const snapshots = troubled("settleSnapshot");
  snapshots.trouble.left = times;
  const ready = snapshots.clock.now();
  await snapshots.ask("POST", `/v1/sandbox/${await snapshots.run()}/snapshot`);
  await snapshots.clock.advance(times * RETRY_MS);
  const [snapshot] = (await snapshots.ask("GET", "/v1/snapshot")).body.snapshots;
  expect(snapshot).toMatchObject({ status: "ready", t_ready_unix_ms: ready, size_bytes: 42 });
  expect([...snapshots.engine.snapshots]).toEqual([snapshot.id]);
});

test("a snapshot that the store took, and yet failed, stays", async () => {
  const store = createMemoryStore();
  let left = 1;
  const { ask, run, clock, engine } = createHarness({
    store: {
      ...store,
      async settleSnapshot(id, change) {
        const settled = await store.settleSnapshot(id, change);
        if (left-- > 0) throw new Error("the answer got lost");
        return settled;
      },
    },
  });
  await ask("POST", `/v1/sandbox/${await run()}/snapshot`);
  await clock.advance(RETRY_MS);
  expect((await ask("GET", "/v1/snapshot")).body.snapshots).toMatchObject([{ status: "ready" }]);
  expect(engine.snapshots.size).toBe(1);
});

test("one that was deleted while the store failed leaves nothing behind", async () => {
  const { ask, run, clock, engine, trouble } = troubled("settleSnapshot");
  trouble.left = 1;
  const { id } = (await ask("POST", `/v1/sandbox/${await run()}/snapshot`)).body;
  await settle();
  expect((await ask("DELETE", `/v1/snapshot/${id}`)).status).toBe(204);
  await clock.advance(RETRY_MS);
  expect(engine.snapshots.size).toBe(0);
});

test("a server that closes tries once more and then lets go, whatever the store still fails", async () => {
  for (const [times, phase] of [
    [1, "ready"],
    [Infinity, "pending"],
  ] as const) {
    const { api, ask, store, trouble, clock, errors } = troubled("settleVolume");
    trouble.left = times;
    const { id } = (await ask("POST", "/v1/volume")).body;
    await settle();
    await api.close();
    expect((await store.getVolume(id))?.phase).toBe(phase);
    expect([clock.pending, errors.length]).toEqual([0, times === 1 ? 1 : 2]);
  }
});

test("nor does a write that fails while the server closes keep it", async () => {
  const { api, run, trouble, engine, clock } = troubled("updateSandbox", (to) => to.phase === "running");
  const gate = defer<void>();
  engine.beforeStart = () => gate.promise;
  trouble.left = Infinity;
  await run();
  const closing = api.close();
  gate.resolve();
  await closing;
  expect(clock.pending).toBe(0);
});
