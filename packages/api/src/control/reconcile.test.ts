import { expect, test } from "vitest";
import { createEngineDouble } from "../../test/engine-double.ts";
import { createHarness } from "../../test/harness.ts";
import { createManualClock, settle } from "../../test/manual-clock.ts";
import { createMemoryStore } from "../memory-store.ts";

/** A server, and a second one that comes up on the same store and engine as after a crash of the first. */
function twoLives() {
  const clock = createManualClock();
  const engine = createEngineDouble(clock);
  const store = createMemoryStore();
  const life = () => createHarness({ clock, engine, store });
  return { clock, engine, store, life };
}

test("what runs goes on: its end, its TTL and its commands are the new server's", async () => {
  const { clock, engine, life } = twoLives();
  const first = life();
  const [a, b] = [await first.run({ name: "a" }), await first.run({ name: "b", ttl_seconds: 60 })];
  const second = life();
  await second.api.ready();
  expect(await second.phase(a)).toBe("running");
  expect((await second.ask("POST", `/v1/sandbox/${a}/exec`, { command: ["hi"] })).body.stdout).toBe("hi\n");
  engine.end(a, { exit_code: 0 });
  await settle();
  expect(await second.phase(a)).toBe("succeeded");
  await clock.advance(60_000);
  expect(await second.phase(b)).toBe("terminated");
  expect((await second.ask("POST", "/v1/sandbox/run", { image: "a:1", name: "a" })).status).toBe(409);
});

test("what is taken up again is as old as it was noted, and never older than its create", async () => {
  const { clock, engine, store, life } = twoLives();
  const first = life();
  const noted = await first.run({ ttl_seconds: 60 });
  const before = await store.getSandbox(noted);
  const unnoted = await first.run();
  await store.updateSandbox(unnoted, ["running"], { phase: "creating", started_at: undefined });
  const attach = engine.attachSandbox;
  // A container that ran before it was anybody's.
  engine.attachSandbox = async (id) => {
    const running = await attach.call(engine, id);
    return running && { ...running, started_at: clock.now() - 3_600_000 };
  };
  await clock.advance(1_000);
  const second = life();
  await second.api.ready();
  expect((await store.getSandbox(noted))?.started_at).toBe(before?.started_at);
  const taken = await store.getSandbox(unnoted);
  expect(taken).toMatchObject({ phase: "running", started_at: taken?.created_at });
  await clock.advance(58_000);
  expect(await second.phase(noted)).toBe("running");
  await clock.advance(1_000);
  expect(await second.phase(noted)).toBe("terminated");
});

test("what is gone failed, and what never came up comes up now", async () => {
  const { engine, life } = twoLives();
  const first = life();
  const gone = await first.run();
  engine.beforeStart = () => new Promise(() => {});
  const waiting = await first.run({ env: { A: "1" } });
  engine.running.delete(gone);
  engine.beforeStart = async () => {};
  const second = life();
  await second.api.ready();
  await settle();
  expect(await second.phase(gone)).toBe("failed");
  expect(await second.phase(waiting)).toBe("running");
  expect(engine.plans.at(-1)).toMatchObject({ id: waiting, env: { A: "1" } });
});

test("what only the engine has is removed, and what should have ended is stopped", async () => {
  const { engine, store, life } = twoLives();
  const first = life();
  const ended = await first.run();
  await store.updateSandbox(ended, ["running"], { phase: "terminated", finished_at: 0 });
  const unknown = "sbx-unknown";
  const plan = { id: unknown, name: unknown, image: "a:1", env: {}, volume_mounts: {} };
  await engine.startSandbox(plan, new AbortController().signal);
  engine.snapshots.add("snap-unknown");
  const second = life();
  await second.api.ready();
  await settle();
  expect(engine.running.get(ended)?.alive ?? false).toBe(false);
  expect(engine.running.has(unknown)).toBe(false);
  expect(engine.snapshots.size).toBe(0);
});

test("volumes are made and deleted to the end, and never deleted on a guess", async () => {
  const { engine, store, life } = twoLives();
  const volume = (id: string, phase: "pending" | "deleting") => ({
    id,
    name: id,
    type: "disk" as const,
    phase,
    created_at: 0,
  });
  await store.insertVolume(volume("vol-pending", "pending"));
  await store.insertVolume(volume("vol-deleting", "deleting"));
  engine.volumes.set("vol-deleting", new Map());
  engine.volumes.set("vol-of-someone", new Map());
  const { ask } = life();
  await ask("GET", "/readyz");
  await settle();
  expect([...engine.volumes.keys()].sort()).toEqual(["vol-of-someone", "vol-pending"]);
  expect((await ask("GET", "/v1/volume")).body.volumes).toMatchObject([{ id: "vol-pending", phase: "ready" }]);
});

test("new ids are greater than all before, although the clock stands still and chance repeats", async () => {
  const { life } = twoLives();
  const ids: string[] = [];
  for (let i = 0; i < 4; i += 1) ids.push(await life().run());
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(4);
});

test("ended sandboxes are still forgotten after their retention", async () => {
  const { clock, engine, life } = twoLives();
  const first = life();
  const id = await first.run();
  await first.ask("DELETE", `/v1/sandbox/${id}`);
  await first.api.close();
  const second = life();
  await second.api.ready();
  expect(await second.phase(id)).toBe("terminated");
  await clock.advance(8 * 24 * 3_600_000);
  expect((await second.ask("GET", `/v1/sandbox/${id}`)).status).toBe(404);
  expect(engine.removed).toContain(id);
});

const untilAborted = (_: unknown, signal: AbortSignal) =>
  new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

test("one that cannot be taken up is tried again, and keeps no other from its place", async () => {
  const { clock, engine, life } = twoLives();
  const first = life();
  const [sick, well] = [await first.run(), await first.run()];
  engine.beforeStart = untilAborted;
  const waiting = await first.run();
  await first.api.close();
  engine.beforeStart = async () => {};
  const attach = engine.attachSandbox;
  engine.attachSandbox = async (id) => {
    if (id === sick) throw new Error("it does not answer");
    return attach(id);
  };
  const second = life();
  await second.api.ready();
  await settle();
  expect(second.errors).toHaveLength(1);
  engine.end(sick, { exit_code: 3 });
  engine.end(well, { exit_code: 0 });
  await settle();
  expect([await second.phase(sick), await second.phase(well)]).toEqual(["running", "succeeded"]);
  expect(engine.plans.filter(({ id }) => id === waiting)).toHaveLength(2);
  engine.attachSandbox = attach;
  await clock.advance(5000);
  expect(await second.phase(sick)).toBe("failed");
  // By the first server, and by the second one, once.
  expect(engine.plans.filter(({ id }) => id === waiting)).toHaveLength(2);
});

test("one whose time ended while the server was away is not started any more", async () => {
  const { clock, engine, life } = twoLives();
  const first = life();
  engine.beforeStart = untilAborted;
  const id = await first.run({ ttl_seconds: 60 });
  await first.api.close();
  clock.jump(61_000);
  engine.beforeStart = async () => {};
  const inventory = await engine.inventory();
  engine.inventory = async () => ({ ...inventory, sandboxes: [id] });
  engine.attachSandbox = async () => {
    // Time for the second server's timers.
    await clock.advance(0);
    return undefined;
  };
  const second = life();
  const before = engine.plans.length;
  await second.api.ready();
  await settle();
  expect(await second.phase(id)).toBe("terminated");
  expect(engine.plans.slice(before).map((plan) => plan.id)).not.toContain(id);
});

test("one whose time ended while it waited, and nobody was there to see it, gets no new time", async () => {
  const { clock, engine, life } = twoLives();
  const first = life();
  engine.beforeStart = untilAborted;
  const [over, left] = [await first.run({ ttl_seconds: 60 }), await first.run({ ttl_seconds: 62 })];
  await first.api.close();
  clock.jump(61_000);
  engine.beforeStart = async () => {};
  const second = life();
  const before = engine.plans.length;
  const { body } = await second.ask("GET", `/v1/sandbox/${over}`);
  expect(body).toMatchObject({ phase: "terminated", reason: "expired" });
  await settle();
  expect(engine.plans.slice(before).map(({ id }) => id)).toEqual([left]);
  expect(await second.phase(left)).toBe("running");
});

test("volumes and snapshots that the engine lost have failed, and are there again once it has them again", async () => {
  const { engine, store, life } = twoLives();
  const first = life();
  const { id } = (await first.ask("POST", "/v1/volume")).body;
  const kept = (await first.ask("POST", "/v1/volume")).body.id;
  await first.ask("PUT", `/v1/volume/${id}/files/content?path=/a`, "data");
  const snapshot = (await first.ask("POST", `/v1/sandbox/${await first.run()}/snapshot`)).body.id;
  await settle();
  const [files, made] = [engine.volumes.get(id) ?? new Map(), engine.createVolume];
  engine.createVolume = async (volume) => {
    if (!engine.volumes.has(volume.id)) await made(volume);
  };
  const look = async ({ ask }: ReturnType<typeof life>) => {
    await ask("GET", "/readyz");
    await settle();
    const [volume, other] = [await ask("GET", `/v1/volume/${id}`), await ask("GET", `/v1/volume/${kept}`)];
    return [volume.body.phase, other.body.phase, (await ask("GET", "/v1/snapshot")).body.snapshots[0]];
  };

  engine.volumes.delete(id);
  engine.snapshots.delete(snapshot);
  const second = life();
  const failure_reason = "the engine does not have it any more";
  expect(await look(second)).toEqual([
    "failed",
    "ready",
    expect.objectContaining({ status: "failed", failure_reason }),
  ]);
  expect((await second.ask("GET", `/v1/volume/${id}/files`)).status).toBe(422);
  const [mounting, from] = [
    await second.run({ volume_mounts: { "/data": id } }),
    await second.run({ image: "", snapshot_id: snapshot }),
  ];
  expect([await second.phase(mounting), await second.phase(from)]).toEqual(["failed", "failed"]);

  // The engine was another one for a while.
  engine.volumes.set(id, files);
  engine.snapshots.add(snapshot);
  const third = life();
  const [phase, , there] = await look(third);
  expect([phase, there.status, there.failure_reason]).toEqual(["ready", "ready", undefined]);
  expect((await third.ask("GET", `/v1/volume/${id}/files/content?path=/a`)).text).toBe("data");
  expect([...engine.snapshots]).toEqual([snapshot]);
  expect((await store.getSnapshot(snapshot))?.status).toBe("ready");
});

test("one that failed in the making is not taken for lost, and what it left is removed", async () => {
  const { engine, life } = twoLives();
  const first = life();
  engine.beforeSnapshot = () => Promise.reject(new Error("no room"));
  const { id } = (await first.ask("POST", `/v1/sandbox/${await first.run()}/snapshot`)).body;
  await settle();
  engine.snapshots.add(id);
  const second = life();
  await second.api.ready();
  await settle();
  expect(engine.snapshots.size).toBe(0);
  expect((await second.ask("GET", "/v1/snapshot")).body.snapshots[0].status).toBe("failed");
});

test("a volume that becomes ready while the engine is asked what it has is not lost", async () => {
  const { engine, store, life } = twoLives();
  await store.insertVolume({ id: "vol-a", name: "a", type: "disk", phase: "pending", created_at: 0 });
  const inventory = engine.inventory;
  engine.inventory = async () => {
    const before = await inventory();
    await engine.createVolume({ id: "vol-a", type: "disk" });
    await store.settleVolume("vol-a", "ready");
    return before;
  };
  const { ask } = life();
  expect((await ask("GET", "/v1/volume/vol-a")).body.phase).toBe("ready");
});
