/** Creating sandboxes and showing them. */
import type { components } from "@porter-sandbox/spec/types";
import { conflict, notFound, show } from "../errors.ts";
import type { EarlierInsert, InsertAnswer, InsertKey, SandboxRecord } from "../store.ts";
import { resolveEnv } from "./env-groups.ts";
import { expiryOf, launch, schedule } from "./lifecycle.ts";
import { newSandboxRecord, planOf, refuseUnenforceable, refuseUnsupported, type SandboxSpec } from "./plan.ts";
import type { Plane } from "./plane.ts";

export const rfc3339 = (ms: number): string => new Date(ms).toISOString();

const runAnswer = ({ id, name, volume_mounts }: InsertAnswer): components["schemas"]["RunResponse"] =>
  volume_mounts === undefined ? { id, name } : { id, name, volume_mounts };

function repeated(before: EarlierInsert): components["schemas"]["RunResponse"] {
  if (before.outcome === "replayed") return runAnswer(before.answer);
  throw conflict("idempotency_key_reused", "Idempotency-Key: was used for another body", { field: "Idempotency-Key" });
}

async function planned(plane: Plane, spec: SandboxSpec): Promise<SandboxRecord> {
  refuseUnsupported(spec, plane.engine.features, plane.engine.name);
  const env = await resolveEnv(plane.envGroups, spec.env_groups, spec.env);
  const record = newSandboxRecord(spec, { ...plane.ids.next("sbx"), env });
  refuseUnenforceable(plane.engine, planOf(record));
  return record;
}

/** `spec` was checked against the rules that need no server. A refused create leaves nothing behind. */
export async function createSandbox(
  plane: Plane,
  spec: SandboxSpec,
  key: InsertKey | undefined,
): Promise<components["schemas"]["RunResponse"]> {
  let record: SandboxRecord;
  try {
    record = await planned(plane, spec);
  } catch (error) {
    // A repeat is answered as the first was, though what it asks for may not be there any more.
    const before = key && (await plane.store.findInsert(key));
    if (before === undefined) throw error;
    return repeated(before);
  }
  const inserted = await plane.store.insertSandbox(record, key);
  switch (inserted.outcome) {
    case "inserted":
      schedule(plane, record);
      launch(plane, record);
      return runAnswer(record);
    case "replayed":
    case "key_reused":
      return repeated(inserted);
    case "name_taken":
      throw conflict("name_taken", `name: must not have been used before (got ${show(record.name)})`, {
        field: "name",
      });
    case "volume_missing":
      throw notFound(`volume_mounts: no volume has the id ${show(inserted.volume_id)}`, "volume_mounts");
    case "snapshot_missing":
      throw notFound(`snapshot_id: no snapshot has the id ${show(record.snapshot_id ?? "")}`, "snapshot_id");
  }
}

export function statusOf(plane: Plane, record: SandboxRecord): components["schemas"]["StatusResponse"] {
  const { id, name, image, tags, phase, exit_code, volume_mounts, host, internal_address, exec_target } = record;
  return {
    id,
    name,
    image,
    phase,
    created_at: rfc3339(record.created_at),
    host: host ?? "",
    ...(tags && { tags }),
    ...(exit_code !== undefined && { exit_code }),
    ...(record.started_at !== undefined && { started_at: rfc3339(record.started_at) }),
    ...(record.finished_at !== undefined && { finished_at: rfc3339(record.finished_at) }),
    ...(internal_address && { internal_address }),
    ...(volume_mounts && { volume_mounts }),
    ...(exec_target && { exec_target }),
    ...(plane.extensions && extraStatusOf(record)),
  };
}

/** What a status says beyond the published API. */
function extraStatusOf(record: SandboxRecord): Partial<components["schemas"]["StatusResponse"]> {
  const { reason, message, idle_timeout_seconds } = record;
  const expires_at = expiryOf(record);
  return {
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    ...(expires_at !== undefined && { expires_at: rfc3339(expires_at) }),
    ...(idle_timeout_seconds !== undefined && { idle_timeout_seconds }),
  };
}
