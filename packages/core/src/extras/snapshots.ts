import { tables } from "@porter-sandbox/spec/parts/snapshots";
import type { Client } from "../transport/client.ts";
import { call } from "../transport/request.ts";
import { addOperations } from "../transport/routes.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { SnapshotRequest, SnapshotResponse } from "../types.ts";

addOperations(tables);

/** A kept file system. Start sandboxes from it with `porter.sandboxes.create({ snapshot_id: snapshot.id })`. */
export class Snapshot {
  readonly #client: Client;
  /** For `create({ snapshot_id })` and `porter.snapshots.delete(id)`. */
  declare readonly id: string;
  /** The sandbox that it was taken of. */
  declare readonly sandbox_id: string;
  /** What is kept, such as `filesystem`. */
  declare readonly mode: string;
  /** Such as `pending`, `ready` or `failed`, when last heard of. */
  declare readonly status: string;
  /** When it was asked for, in milliseconds since the epoch; null when the server does not say. */
  declare readonly t_created_unix_ms: number | null;
  /** When it could be used; null before that. */
  declare readonly t_ready_unix_ms: number | null;
  /** Why it failed; null when it did not, or the server does not say. */
  declare readonly failure_reason: string | null;
  /** How many bytes it takes up; null when the server does not say. */
  declare readonly size_bytes: number | null;

  /** @internal Handles come from `sandbox.snapshot()` and `porter.snapshots`. */
  constructor(client: Client, fields: SnapshotResponse) {
    this.#client = client;
    const { id, sandbox_id, mode, status, failure_reason = null, size_bytes = null } = fields;
    const { t_created_unix_ms = null, t_ready_unix_ms = null } = fields;
    const known = { id, sandbox_id, mode, status, t_created_unix_ms, t_ready_unix_ms, failure_reason, size_bytes };
    Object.assign(this, known);
  }

  /** Deletes it. Sandboxes that were started from it are not touched. */
  delete(options?: CallOptions): Promise<void> {
    return remove(this.#client, this.id, options);
  }
}

/** Asks for one of a sandbox. */
export async function create(client: Client, id: string, request?: SnapshotRequest, options?: CallOptions) {
  const parts = { path: { id }, body: request };
  return new Snapshot(client, await call<SnapshotResponse>(client, "createSnapshot", parts, options));
}

/** The snapshots, most recent first. */
export async function list(client: Client, query?: object, options?: CallOptions): Promise<Snapshot[]> {
  const { snapshots } = await call<{ snapshots: SnapshotResponse[] }>(client, "listSnapshots", { query }, options);
  return snapshots.map((fields) => new Snapshot(client, fields));
}

/** Deletes one by id. */
function remove(client: Client, id: string, options?: CallOptions): Promise<void> {
  return call(client, "deleteSnapshot", { path: { id } }, options);
}

export { remove as delete };
