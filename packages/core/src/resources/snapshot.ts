import type { RawClient } from "../raw.ts";
import type { Client } from "../transport/client.ts";
import { call } from "../transport/request.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { SnapshotResponse } from "../types.ts";

/** A kept file system. Start sandboxes from it with `porter.sandboxes.create({ snapshot_id: snapshot.id })`. */
export class Snapshot {
  readonly #client: Client;
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
  declare readonly failure_reason: string | null;
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
    return deleteSnapshot(this.#client, this.id, options);
  }
}

/** `porter.snapshots`. */
export class Snapshots {
  readonly #client: Client;
  /** The operations on snapshots as the API has them. */
  readonly raw: Pick<RawClient, "createSnapshot" | "listSnapshots" | "deleteSnapshot">;

  /** @internal */
  constructor(client: Client, raw: RawClient) {
    this.#client = client;
    this.raw = raw;
  }

  /** The snapshots, most recent first; of one sandbox when `sandbox_id` is given. */
  async list(query?: { sandbox_id?: string | undefined }, options?: CallOptions): Promise<Snapshot[]> {
    const { snapshots } = await call<{ snapshots: SnapshotResponse[] }>(
      this.#client,
      "listSnapshots",
      { query },
      options,
    );
    return snapshots.map((fields) => new Snapshot(this.#client, fields));
  }

  /** Deletes a snapshot by id. */
  delete(id: string, options?: CallOptions): Promise<void> {
    return deleteSnapshot(this.#client, id, options);
  }
}

function deleteSnapshot(client: Client, id: string, options: CallOptions | undefined): Promise<void> {
  return call(client, "deleteSnapshot", { path: { id } }, options);
}
