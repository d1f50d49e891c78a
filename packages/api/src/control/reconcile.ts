/**
 * At a start: the store says what was asked for, the engine what there is. Nothing that was acknowledged is lost, and
 * nothing of ours runs unowned. Sandboxes and snapshots that only the engine has are removed. Volumes are data: one that
 * the store never deleted stays, also when the store does not know it (a new store beside an old engine, for example).
 * Volumes and snapshots that the engine lost have failed, until it has them again: it may have been another one.
 */
import { isLive, type SandboxRecord } from "../store.ts";
import {
  adopt,
  attempt,
  end,
  expiryOf,
  finish,
  launch,
  removeFromEngine,
  schedule,
  stopInEngine,
} from "./lifecycle.ts";
import { inBackground, type Plane } from "./plane.ts";
import { removeFromEngine as removeSnapshot } from "./snapshots.ts";
import { makeVolume, removeFromEngine as removeVolume } from "./volumes.ts";

const BATCH = 500;

async function* allSandboxes(plane: Plane): AsyncGenerator<SandboxRecord> {
  for (let after = ""; ; ) {
    const batch = await plane.store.scanSandboxes(after, BATCH);
    yield* batch;
    const last = batch[batch.length - 1];
    if (last === undefined || batch.length < BATCH) return;
    after = last.id;
  }
}

/** Takes up a sandbox that waited or ran, or says that it is gone. A failure is that sandbox's alone: it is tried again. */
export const resume = (plane: Plane, id: string, inEngine = true): Promise<boolean> =>
  attempt(plane, "resume", id, () => takeUp(plane, id, inEngine));

async function takeUp(plane: Plane, id: string, inEngine: boolean): Promise<void> {
  const running = inEngine ? await plane.engine.attachSandbox(id) : undefined;
  // Looked at now: its time may have ended while the server was away, or a moment ago.
  const record = await plane.store.getSandbox(id);
  if (record === undefined || !isLive(record.phase)) return;
  if (running !== undefined) {
    // What was noted stays; and no sandbox began before it was asked for, though its container may have.
    const started_at = record.started_at ?? Math.max(running.started_at, record.created_at);
    return adopt(plane, id, { ...running, started_at });
  }
  if (record.phase === "running" || record.launch === undefined) {
    const message = "it was gone when the server came back";
    return finish(plane, id, { reason: "lost", message, finished_at: plane.clock.now() });
  }
  // It was accepted and never came up, so it starts now; what a broken-off start left goes first.
  if (inEngine) await plane.engine.removeSandbox(id);
  // Its time counts from its creation until then, and may have ended while nobody was there to end it.
  if ((expiryOf(record) ?? Infinity) > plane.clock.now()) launch(plane, record);
  else await end(plane, id, "expired");
}

export async function reconcile(plane: Plane): Promise<void> {
  // Before the engine is asked: what is ready by now must be in its answer.
  const [volumes, snapshots] = [await plane.store.listVolumes(), await plane.store.listSnapshots()];
  const inventory = await plane.engine.inventory();
  const inEngine = new Set(inventory.sandboxes);
  const known = new Set<string>();
  const waiting: string[] = [];
  const keptVolumes = new Set(inventory.volumes);
  for (const volume of volumes) {
    const { id, phase } = volume;
    plane.ids.continueAfter(id);
    if (phase === "deleting") inBackground(plane, removeVolume(plane, id));
    if (phase === "pending" || (phase === "failed" && keptVolumes.has(id))) makeVolume(plane, volume);
    if (phase === "ready" && !keptVolumes.has(id)) await plane.store.settleVolume(id, "failed", "ready");
  }
  const keptSnapshots = new Set(inventory.snapshots);
  for (const { id, status, ready_at } of snapshots) {
    plane.ids.continueAfter(id);
    const lost = { status: "failed", failure_reason: "the engine does not have it any more" } as const;
    if (status === "ready" && !keptSnapshots.has(id)) await plane.store.settleSnapshot(id, lost, "ready");
    if (status === "failed" && ready_at !== undefined && keptSnapshots.has(id)) {
      await plane.store.settleSnapshot(id, { status: "ready" }, "failed");
    }
    // Nobody knows how far it came.
    if (status === "pending") {
      await plane.store.settleSnapshot(id, {
        status: "failed",
        failure_reason: "the server stopped while it was made",
      });
    }
  }
  for await (const record of allSandboxes(plane)) {
    plane.ids.continueAfter(record.id);
    schedule(plane, record);
    if (isLive(record.phase)) waiting.push(record.id);
    else if (inEngine.has(record.id)) inBackground(plane, stopInEngine(plane, record.id));
    if (inEngine.has(record.id)) known.add(record.id);
  }
  // First what runs: what it was promised must be known before others are started.
  const running = waiting.filter((id) => inEngine.has(id));
  for (const id of running) await resume(plane, id);
  for (const id of waiting) if (!inEngine.has(id)) await resume(plane, id, false);
  for (const id of inEngine) if (!known.has(id)) inBackground(plane, removeFromEngine(plane, id));
  const wasMade = snapshots.filter(({ status, ready_at }) => status === "ready" || ready_at !== undefined);
  const made = new Set(wasMade.map(({ id }) => id));
  for (const id of inventory.snapshots) if (!made.has(id)) inBackground(plane, removeSnapshot(plane, id));
}
