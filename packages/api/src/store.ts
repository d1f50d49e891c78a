/** The Store port: what remembers. */
import { endedPhases, livePhases, type StatusResponsePhase } from "@porter-sandbox/spec";
import type { EndReason, RunningSandbox, SandboxPlan } from "./engine.ts";

export { isLive } from "@porter-sandbox/spec";
/** Where a sandbox is in its life. */
export type Phase = StatusResponsePhase;
/** The phases of sandboxes that wait or run: `queued`, `creating`, `running`. */
export const LIVE_PHASES: readonly Phase[] = livePhases;
/** All phases, the live ones first. */
export const PHASES: readonly Phase[] = [...livePhases, ...endedPhases];

/** What only the start of a sandbox needs. Forgotten once it runs or ended, since environments hold secrets. */
export type SandboxLaunch = Pick<SandboxPlan, "command" | "args" | "env" | "networking" | "egress">;

/** A sandbox as it is remembered. Times are milliseconds since the epoch. */
export interface SandboxRecord {
  /** Sorts by creation. */
  readonly id: string;
  /** Unique for ever. */
  readonly name: string;
  /** Empty when started from a snapshot. */
  readonly image: string;
  /** The snapshot that it was started from. */
  readonly snapshot_id?: string;
  /** What callers find it by. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Absolute mount path to volume id. */
  readonly volume_mounts?: Readonly<Record<string, string>>;
  /** Limits, in cores and bytes. */
  readonly resources?: NonNullable<SandboxPlan["resources"]>;
  /** Seconds from when it runs, and from its creation while it waits. */
  readonly ttl_seconds?: number;
  /** Its time to live ends no earlier, since it was extended to then. */
  readonly extended_to?: number;
  /** Seconds without use after which it ends. */
  readonly idle_timeout_seconds?: number;
  /** When it was last in use, as far as that was written down; kept only for sandboxes with an idle timeout. */
  readonly active_at?: number;
  /** When the create was accepted. */
  readonly created_at: number;
  /** Where it is in its life. */
  readonly phase: Phase;
  /** When its main process started. */
  readonly started_at?: number;
  /** When it ended. */
  readonly finished_at?: number;
  /** Of its main process, where the engine knows it. */
  readonly exit_code?: number;
  /** Why it ended, when not by its own exit. */
  readonly reason?: EndReason | "expired" | "idle" | "terminated" | "lost";
  /** The reason in words, for people; no secrets. */
  readonly message?: string;
  /** Where its exposed port answers; empty when nothing is exposed. */
  readonly host?: string;
  /** Where other sandboxes reach its port. */
  readonly internal_address?: string;
  /** Where it runs, on an engine that has pods. */
  readonly exec_target?: NonNullable<RunningSandbox["exec_target"]>;
  /** Kept until it runs or has ended. */
  readonly launch?: SandboxLaunch;
}

/** What changes in a sandbox's life; `undefined` takes a field away. */
export type SandboxChange = {
  readonly [K in
    | "phase"
    | "started_at"
    | "finished_at"
    | "exit_code"
    | "reason"
    | "message"
    | "host"
    | "internal_address"
    | "exec_target"
    | "extended_to"
    | "active_at"
    | "launch"]?: SandboxRecord[K] | undefined;
};

/** An idempotency key that comes with an insert. */
export interface InsertKey {
  /** As the caller sent it. */
  readonly key: string;
  /** Tells bodies apart; equal for equal bodies. */
  readonly fingerprint: string;
  /** Keys that expired by now count as unknown. */
  readonly now: number;
  /** When this one expires, if it is kept. */
  readonly expires_at: number;
}

/** What a create answers, kept with its key so that a repeat is answered alike. */
export type InsertAnswer = Pick<SandboxRecord, "id" | "name" | "volume_mounts">;

/** What became of an earlier insert with the same key. */
export type EarlierInsert =
  /** The key was used for the same body; this is what was answered then. */
  | { readonly outcome: "replayed"; readonly answer: InsertAnswer }
  /** The key was used for another body. */
  | { readonly outcome: "key_reused" };

/** What an insert did. With any other outcome than `inserted` nothing was changed. */
export type InsertOutcome =
  | { readonly outcome: "inserted" }
  | EarlierInsert
  /** The name was ever used. */
  | { readonly outcome: "name_taken" }
  /** A volume of `volume_mounts` does not exist, or is being deleted. */
  | { readonly outcome: "volume_missing"; readonly volume_id: string }
  /** The snapshot does not exist. */
  | { readonly outcome: "snapshot_missing" };

/** Which sandboxes: all that are given must hold. */
export interface SandboxQuery {
  /** Created at or after. */
  readonly created_from?: number | undefined;
  /** Created before or at. */
  readonly created_to?: number | undefined;
  /** What the name starts with. */
  readonly name_prefix?: string | undefined;
  /** Key and value; every pair must be among the sandbox's tags. */
  readonly tags?: readonly (readonly [key: string, value: string])[] | undefined;
  /** Any of these; empty means any at all. */
  readonly phases?: readonly Phase[] | undefined;
  /** Exactly this image. */
  readonly image?: string | undefined;
}

/** What occurs among sandboxes, for choosing filters; each value once. */
export interface FilterValues {
  /** Tags, as `key=value`. */
  readonly tags: string[];
  /** Images, but for the empty one of sandboxes that were started from a snapshot. */
  readonly images: string[];
  /** Phases. */
  readonly phases: Phase[];
}

/**
 * Where a volume is in its life. `deleting` is the store's own: its name is free and nobody may use it, but the engine may still
 * hold it.
 */
export type VolumePhase = "pending" | "ready" | "failed" | "deleting";

/** A volume as it is remembered. Times are milliseconds since the epoch. */
export interface VolumeRecord {
  /** Sorts by creation. */
  readonly id: string;
  /** Unique among the volumes that are not `deleting`. */
  readonly name: string;
  /** A file system, or a bucket of an object store. */
  readonly type: "disk" | "object";
  /** The bucket, of type `object` alone. `access` is `read_write`, `read_only` or `write_only_new_files`. */
  readonly object?: { readonly bucket: string; readonly prefix?: string; readonly access: string };
  /** Where it is in its life. */
  readonly phase: VolumePhase;
  /** When the create was accepted. */
  readonly created_at: number;
}

/** A snapshot as it is remembered. Times are milliseconds since the epoch. */
export interface SnapshotRecord {
  /** Sorts by creation. */
  readonly id: string;
  /** The sandbox that it was taken of; it may be gone. */
  readonly sandbox_id: string;
  /** What is kept: `filesystem`. */
  readonly mode: string;
  /** `pending` while the engine makes it. */
  readonly status: "pending" | "ready" | "failed";
  /** When it was asked for. */
  readonly created_at: number;
  /** When it could be used. */
  readonly ready_at?: number;
  /** Why it failed, for people. */
  readonly failure_reason?: string;
  /** How many bytes it takes up, as the engine says. */
  readonly size_bytes?: number;
}

/** A line that a command wrote. */
export interface StoredLogLine {
  /** When it was written, in milliseconds since the epoch. */
  readonly timestamp: number;
  /** The text, without its line end. */
  readonly line: string;
  /** How grave it is. */
  readonly level: "error" | "warning" | "info";
  /** The command that wrote it. */
  readonly exec_id: string;
}

/** Which lines: all that are given must hold. */
export interface LogQuery {
  /** At or after. */
  readonly since: number;
  /** How many at most, the newest. */
  readonly limit: number;
  /** At or before. */
  readonly until?: number | undefined;
  /** Any of these; empty means any at all. */
  readonly levels?: readonly StoredLogLine["level"][] | undefined;
  /** The command that wrote them. */
  readonly exec_id?: string | undefined;
}

/**
 * What remembers. It owns what was asked for (specs, names, tags, TTLs, idempotency keys) and what no engine keeps (phases,
 * output of commands); the engine owns what exists and runs.
 *
 * A store must: make each method one atomic step, as if nothing else ran meanwhile, and resolve only when the outcome
 * would survive what the store promises to survive; keep every sandbox name for ever, also after the sandbox was
 * removed; answer pages and counts without looking at every sandbox where one filter alone can be served by an index. It may
 * decline to keep more log lines than its own bound, dropping the oldest. It must never: read a clock (times come in),
 * change a record otherwise than it is told, hand out records that change later, or know of engines.
 *
 * Ids sort by creation: of two sandboxes the one with the greater id (by code unit) was created later or at the same time.
 * All times are milliseconds since the epoch.
 *
 * `createMemoryStore()` and `createSqliteStore()` of `@porter-sandbox/serve` are two.
 */
export interface Store {
  /**
   * Claims the name, checks that every volume exists (and is not `deleting`) and that the snapshot exists, attaches the
   * volumes and keeps the key; all of it or, with another outcome than `inserted`, none. A known key is looked at first.
   */
  insertSandbox(sandbox: SandboxRecord, key?: InsertKey): Promise<InsertOutcome>;
  /** What an insert with this key would answer because of the key alone: `replayed`, `key_reused` or undefined. */
  findInsert(key: InsertKey): Promise<EarlierInsert | undefined>;
  /** The sandbox; undefined when there is none of that id. */
  getSandbox(id: string): Promise<SandboxRecord | undefined>;
  /** The id of the sandbox of this name, ended ones included; undefined for names whose sandbox was removed. */
  lookupSandbox(name: string): Promise<string | undefined>;
  /**
   * Applies the change when the sandbox is in one of the phases `from`, and answers the record as it is now; else changes nothing and
   * answers undefined. A sandbox that ends is detached from its volumes in the same step.
   */
  updateSandbox(id: string, from: readonly Phase[], change: SandboxChange): Promise<SandboxRecord | undefined>;
  /** Forgets the sandbox and its log lines, but never its name. Unknown ids are fine. */
  removeSandbox(id: string): Promise<void>;
  /** Newest first, and how many match in all. */
  pageSandboxes(
    query: SandboxQuery,
    page: { offset: number; limit: number },
  ): Promise<{ sandboxes: SandboxRecord[]; total: number }>;
  /** How many that match were created in each bucket; the first starts at `start`, the last one includes its end. */
  countSandboxes(query: SandboxQuery, buckets: { start: number; width_ms: number; count: number }): Promise<number[]>;
  /** What occurs among sandboxes created in the window, each list sorted, at most `limit` of each. */
  filterValues(window: Pick<SandboxQuery, "created_from" | "created_to">, limit: number): Promise<FilterValues>;
  /** Sandboxes with an id greater than `after`, oldest first: to walk through all of them once, at a start. */
  scanSandboxes(after: string, limit: number): Promise<SandboxRecord[]>;
  /** How many wait or run. */
  countLive(): Promise<number>;

  /** Keeps a volume, unless its name is taken by one that is not being deleted. */
  insertVolume(volume: VolumeRecord): Promise<"inserted" | "name_taken">;
  /** Also one that is being deleted. */
  getVolume(id: string): Promise<VolumeRecord | undefined>;
  /** The id of the volume that has this name and is not being deleted. */
  lookupVolume(name: string): Promise<string | undefined>;
  /** Newest first, those being deleted included. */
  listVolumes(): Promise<VolumeRecord[]>;
  /** Turns a volume in the phase `from`, by default `pending`, into a ready or failed one; nothing when it is in another. */
  settleVolume(id: string, phase: "ready" | "failed", from?: VolumePhase): Promise<void>;
  /** Unless a live sandbox mounts it: makes it `deleting` and frees its name, in one step. */
  releaseVolume(id: string): Promise<"released" | "attached" | "not_found">;
  /** Forgets it. Unknown ids are fine. */
  removeVolume(id: string): Promise<void>;
  /** Ids of the live sandboxes that mount it, oldest first. */
  attachedTo(volume_id: string): Promise<string[]>;

  /** Keeps a snapshot. */
  insertSnapshot(snapshot: SnapshotRecord): Promise<void>;
  /** The snapshot; undefined when there is none of that id. */
  getSnapshot(id: string): Promise<SnapshotRecord | undefined>;
  /** Turns a snapshot of the status `from`, by default `pending`, into a ready or failed one; false when it is gone or of another. */
  settleSnapshot(
    id: string,
    change: Pick<SnapshotRecord, "status" | "ready_at" | "size_bytes" | "failure_reason">,
    from?: SnapshotRecord["status"],
  ): Promise<boolean>;
  /** Forgets it; false when there is none. */
  removeSnapshot(id: string): Promise<boolean>;
  /** All, or those of one sandbox; newest first. */
  listSnapshots(sandbox_id?: string): Promise<SnapshotRecord[]>;

  /** Adds lines of commands, in the order written. A sandbox that is not there (any more) is fine. */
  appendLogs(sandbox_id: string, lines: readonly StoredLogLine[]): Promise<void>;
  /** The newest `limit` lines that match, oldest first. */
  readLogs(sandbox_id: string, options: LogQuery): Promise<StoredLogLine[]>;

  /** Lets go of what it holds open. */
  close(): Promise<void>;
}
