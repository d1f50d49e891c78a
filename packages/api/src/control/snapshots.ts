/** Snapshots: kept file systems of running sandboxes. */
import type { components } from "@porter-sandbox/spec/types";
import { engineErrorOf, invalid, show, unknownId, unsupported } from "../errors.ts";
import type { SnapshotRecord } from "../store.ts";
import { beginUse } from "./activity.ts";
import { attempt, insist, sandboxOf } from "./lifecycle.ts";
import { notRunning } from "./lifetime.ts";
import { inBackground, type Plane } from "./plane.ts";

export function snapshotOf(record: SnapshotRecord): components["schemas"]["SnapshotResponse"] {
  const { id, sandbox_id, mode, status, created_at, ready_at, failure_reason, size_bytes } = record;
  return {
    id,
    sandbox_id,
    mode,
    status,
    t_created_unix_ms: created_at,
    ...(ready_at !== undefined && { t_ready_unix_ms: ready_at }),
    // One that was lost and is there again keeps it in the store.
    ...(status === "failed" && failure_reason !== undefined && { failure_reason }),
    ...(size_bytes !== undefined && { size_bytes }),
  };
}

/** Answers at once, while the snapshot is pending. */
export async function createSnapshot(
  plane: Plane,
  sandbox_id: string,
  mode = "filesystem",
): Promise<components["schemas"]["SnapshotResponse"]> {
  if (mode !== "filesystem") throw invalid("mode", `mode: must be filesystem (got ${show(mode)})`);
  const sandbox = await sandboxOf(plane, sandbox_id);
  if (!plane.engine.features.snapshots) {
    throw unsupported("snapshot", `the engine ${plane.engine.name} cannot keep file systems`);
  }
  if (sandbox.phase !== "running") throw notRunning(plane, sandbox);
  beginUse(plane, sandbox_id)();
  const { id, at } = plane.ids.next("snap");
  const record: SnapshotRecord = { id, sandbox_id, mode, status: "pending", created_at: at };
  await plane.store.insertSnapshot(record);
  const made = make(plane, record).finally(() => plane.settling.delete(id));
  plane.settling.set(id, made);
  inBackground(plane, made);
  return snapshotOf(record);
}

async function make(plane: Plane, { id, sandbox_id }: SnapshotRecord): Promise<void> {
  let made: Parameters<Plane["store"]["settleSnapshot"]>[1];
  try {
    const { size_bytes } = await plane.engine.createSnapshot({ id, sandbox_id });
    made = { status: "ready", ready_at: plane.clock.now(), size_bytes };
  } catch (error) {
    const refusal = engineErrorOf(error);
    if (refusal === undefined) plane.report(error);
    made = { status: "failed", failure_reason: refusal?.message ?? "the engine failed to make it" };
  }
  const settled = await insist(plane, async () => {
    await plane.store.settleSnapshot(id, made);
    return plane.store.getSnapshot(id);
  });
  // It was deleted while it was made. Or it failed: it may have been made all the same, and only the answer got lost.
  if (settled?.status !== "ready") await removeFromEngine(plane, id);
}

export const removeFromEngine = (plane: Plane, id: string): Promise<boolean> =>
  attempt(plane, "remove_snapshot", id, () => plane.engine.deleteSnapshot(id));

export async function listSnapshots(
  plane: Plane,
  sandbox_id: string | undefined,
): Promise<components["schemas"]["SnapshotList"]> {
  const snapshots = await plane.store.listSnapshots(sandbox_id);
  return { snapshots: snapshots.map(snapshotOf) };
}

export async function deleteSnapshot(plane: Plane, id: string): Promise<void> {
  if (!(await plane.store.removeSnapshot(id))) throw unknownId("snapshot", id);
  await removeFromEngine(plane, id);
}
