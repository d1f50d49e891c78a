/**
 * At a start: the store says what was asked for, the engine what there is. Nothing that was acknowledged is lost, and
 * nothing of ours runs unowned. Sandboxes and snapshots that only the engine has are removed. Volumes are data: one that
 * the store never deleted stays, also when the store does not know it (a new store beside an old engine, for example).
 */
import { isLive, type SandboxRecord } from "../store.ts";
import { adopt, finish, launch, removeFromEngine, schedule, stopInEngine } from "./lifecycle.ts";
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

async function resume(plane: Plane, record: SandboxRecord, inEngine: boolean): Promise<void> {
  const running = inEngine ? await plane.engine.attachSandbox(record.id) : undefined;
  if (running !== undefined) {
    // What was noted stays; and no sandbox began before it was asked for, though its container may have.
    const started_at = record.started_at ?? Math.max(running.started_at, record.created_at);
    return adopt(plane, record.id, { ...running, started_at });
  }
  if (record.phase === "running" || record.launch === undefined) {
    const message = "it was gone when the server came back";
    return finish(plane, record.id, { reason: "lost", message, finished_at: plane.clock.now() });
  }
  // It was accepted and never came up, so it starts now; what a broken-off start left goes first.
  if (inEngine) await plane.engine.removeSandbox(record.id);
  launch(plane, record);
}

export async function reconcile(plane: Plane): Promise<void> {
  const inventory = await plane.engine.inventory();
  const inEngine = new Set(inventory.sandboxes);
  const known = new Set<string>();
  const waiting: SandboxRecord[] = [];
  for (const volume of await plane.store.listVolumes()) {
    plane.ids.continueAfter(volume.id);
    if (volume.phase === "deleting") inBackground(plane, removeVolume(plane, volume.id));
    if (volume.phase === "pending") makeVolume(plane, volume);
  }
  const snapshots = await plane.store.listSnapshots();
  for (const { id, status } of snapshots) {
    plane.ids.continueAfter(id);
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
    if (isLive(record.phase)) waiting.push(record);
    else if (inEngine.has(record.id)) inBackground(plane, stopInEngine(plane, record.id));
    if (inEngine.has(record.id)) known.add(record.id);
  }
  for (const record of waiting) await resume(plane, record, inEngine.has(record.id));
  for (const id of inEngine) if (!known.has(id)) inBackground(plane, removeFromEngine(plane, id));
  const ready = new Set(snapshots.filter(({ status }) => status === "ready").map(({ id }) => id));
  for (const id of inventory.snapshots) if (!ready.has(id)) inBackground(plane, removeSnapshot(plane, id));
}
