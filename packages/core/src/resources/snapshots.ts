import type { Snapshot } from "../extras/snapshots.ts";
import type { RawClient } from "../raw.ts";
import type { Client } from "../transport/client.ts";
import type { CallOptions } from "../transport/scope.ts";
import { lazily } from "./lazy.ts";

/** `porter.snapshots`. */
export interface Snapshots {
  /** The operations on snapshots as the API has them. */
  readonly raw: Pick<RawClient, "createSnapshot" | "listSnapshots" | "deleteSnapshot">;
  /** The snapshots, most recent first; of one sandbox when `sandbox_id` is given. */
  list(query?: { sandbox_id?: string | undefined }, options?: CallOptions): Promise<Snapshot[]>;
  /** Deletes a snapshot by id. */
  delete(id: string, options?: CallOptions): Promise<void>;
}

export const snapshotsOf = (client: Client, raw: RawClient): Snapshots => ({
  ...lazily<Omit<Snapshots, "raw">>(() => import("../extras/snapshots.ts"), "list delete", client),
  raw,
});
