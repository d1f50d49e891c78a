/** Volumes: storage that outlives sandboxes. */
import type { components } from "@porter-sandbox/spec/types";
import { conflict, notFound, show, unknownId, unsupported } from "../errors.ts";
import type { VolumeRecord } from "../store.ts";
import { attempt, insist } from "./lifecycle.ts";
import { inBackground, type Plane } from "./plane.ts";
import { rfc3339 } from "./sandboxes.ts";

type VolumeSpec = components["schemas"]["VolumeSpec"];
type VolumeResponse = components["schemas"]["VolumeResponse"];

export async function volumeOf(plane: Plane, id: string): Promise<VolumeRecord> {
  const record = await plane.store.getVolume(id);
  if (record === undefined || record.phase === "deleting") throw unknownId("volume", id);
  return record;
}

/** An object volume's access is shown as it was resolved. */
async function shown(plane: Plane, record: VolumeRecord): Promise<VolumeResponse> {
  const { id, name, type, object, phase, created_at } = record;
  return {
    id,
    name,
    type,
    path: type === "disk" ? `sandbox-vol-${id}` : "",
    // A volume that is being deleted is never shown.
    phase: phase === "deleting" ? "failed" : phase,
    attached_to: await plane.store.attachedTo(id),
    created_at: rfc3339(created_at),
    ...(object && { object: object as NonNullable<VolumeResponse["object"]> }),
  };
}

/** Answers at once, while the volume is pending. */
export async function createVolume(plane: Plane, spec: VolumeSpec): Promise<VolumeResponse> {
  const type = spec.type ?? "disk";
  if (type === "object" && !plane.engine.features.object_volumes) {
    throw unsupported("type", `the engine ${plane.engine.name} has no object volumes`);
  }
  const { id, at } = plane.ids.next("vol");
  const object = spec.object && {
    bucket: spec.object.bucket,
    access: spec.object.access ?? "read_write",
    ...(spec.object.prefix !== undefined && { prefix: spec.object.prefix }),
  };
  const record: VolumeRecord = {
    id,
    name: spec.name ?? id,
    type,
    phase: "pending",
    created_at: at,
    ...(object && { object }),
  };
  if ((await plane.store.insertVolume(record)) === "name_taken") {
    throw conflict("name_taken", `name: must not be another volume's (got ${show(record.name)})`, { field: "name" });
  }
  makeVolume(plane, record);
  return shown(plane, record);
}

/** Has the engine make a pending volume, or one that failed, without anyone waiting for it. */
export function makeVolume(plane: Plane, record: VolumeRecord): void {
  const made = make(plane, record).finally(() => plane.settling.delete(record.id));
  plane.settling.set(record.id, made);
  inBackground(plane, made);
}

async function make(plane: Plane, { id, type, object, phase: from }: VolumeRecord): Promise<void> {
  let phase: "ready" | "failed" = "ready";
  try {
    await plane.engine.createVolume({ id, type, ...(object && { object }) });
  } catch (error) {
    plane.report(error);
    phase = "failed";
  }
  await insist(plane, () => plane.store.settleVolume(id, phase, from));
}

export async function listVolumes(plane: Plane): Promise<{ volumes: VolumeResponse[] }> {
  const records = await plane.store.listVolumes();
  const kept = records.filter(({ phase }) => phase !== "deleting");
  return { volumes: await Promise.all(kept.map((record) => shown(plane, record))) };
}

export const getVolume = async (plane: Plane, id: string): Promise<VolumeResponse> =>
  shown(plane, await volumeOf(plane, id));

export async function lookupVolume(plane: Plane, name: string): Promise<{ id: string }> {
  const id = await plane.store.lookupVolume(name);
  if (id === undefined) throw notFound(`no volume has the name ${show(name)}`, "name");
  return { id };
}

/** A sandbox is detached when it ends, and its container may still write for as long as the engine takes to stop it. */
async function waitForWriters(plane: Plane, id: string): Promise<void> {
  for (const [sandbox_id, stopped] of [...plane.stopping]) {
    const mounts = (await plane.store.getSandbox(sandbox_id))?.volume_mounts ?? {};
    if (!Object.values(mounts).includes(id) || (await stopped)) continue;
    throw conflict("volume_attached", `volume ${id} is attached to ${sandbox_id}, which the engine failed to stop`);
  }
}

export async function deleteVolume(plane: Plane, id: string): Promise<void> {
  await waitForWriters(plane, id);
  const released = await plane.store.releaseVolume(id);
  if (released === "not_found") throw unknownId("volume", id);
  if (released === "attached") {
    const [first, ...others] = await plane.store.attachedTo(id);
    const more = others.length > 0 ? ` and ${others.length} more` : "";
    throw conflict("volume_attached", `volume ${id} is attached to ${first ?? "a sandbox"}${more}`);
  }
  const making = plane.settling.get(id);
  if (making === undefined) await removeFromEngine(plane, id);
  else
    inBackground(
      plane,
      making.then(() => removeFromEngine(plane, id)),
    );
}

/** The record goes last, so that a deletion that broke off is known and finished later. */
export const removeFromEngine = (plane: Plane, id: string): Promise<boolean> =>
  attempt(plane, "remove_volume", id, async () => {
    await plane.engine.deleteVolume(id);
    await plane.store.removeVolume(id);
  });
