import { type Loose, StatusResponsePhase } from "@porter-sandbox/spec";
import type { components } from "@porter-sandbox/spec/types";
import type { SandboxError } from "./errors/sandbox-error.ts";
import type { HandleJson } from "./resources/handle-json.ts";
import type { CallOptions } from "./transport/scope.ts";

type Schemas = components["schemas"];

/**
 * What to run: an `image`, or a `snapshot_id` in its place, and how.
 * ```ts
 * const spec: SandboxSpec = {
 *   image: "node:24",
 *   env: { NODE_ENV: "production" },
 *   resources: { cpu: "500m", memory: "512Mi" },
 *   ttl_seconds: 3600,
 * };
 * ```
 */
export type SandboxSpec = Loose<Schemas["SandboxSpec"]>;
/** A volume to create: a disk unless `type` is `object`. */
export type VolumeSpec = Loose<Schemas["VolumeSpec"]>;
/** What a snapshot keeps: `mode` is `filesystem`, which is also the default. */
export type SnapshotRequest = Loose<Schemas["SnapshotRequest"]>;

/** Everything the server knows of a sandbox. */
export type StatusResponse = Schemas["StatusResponse"];
/** Which page of a list this is: `current_page` (counted from 1), `total_pages`, `has_next_page`. */
export type Pagination = Schemas["Pagination"];
/** Which `tags` (as `key=value`), `images` and `phases` occur, for choosing filters. */
export type FilterValues = Schemas["FilterValues"];
/**
 * How many sandboxes were created in each bucket of time: `points`, oldest first and without gaps, each `{ timestamp, count }` with
 * the bucket's start (RFC 3339); `granularity_ms` is the width of a bucket, in milliseconds.
 */
export type CountsResponse = Schemas["CountsResponse"];
/** One line of output: `timestamp` (RFC 3339), `line`, `level`, and `exec_id`, which is empty for the workload's own output. */
export type LogLine = Schemas["LogLine"];
/**
 * Median (`_p50`) and 90th percentile (`_p90`) of CPU (cores) and memory (bytes) over a window of `window_seconds`, beside the limits
 * and in percent of them. Without samples `has_data` is false.
 */
export type MetricsSummary = Schemas["MetricsSummary"];
/**
 * Samples of one metric: `results[0].series`, each with its `unit`, its `labels` and its `time_series` of
 * `{ timestamp_utc, value }`, oldest first.
 */
export type MetricsResponse = Schemas["MetricsResponse"];
/** The answer of a server that is alive: `status`. */
export type HealthResponse = Schemas["HealthResponse"];
/** The answer of a server that takes work: `status`, `active_sandboxes`, and `egress` where the server says whether it is enforced. */
export type ReadyResponse = Schemas["ReadyResponse"];
/** A volume as the API has it; handles are `Volume` and `ObjectVolume`. */
export type VolumeResponse = Schemas["VolumeResponse"];
/** A snapshot as the API has it; the handle is `Snapshot`. */
export type SnapshotResponse = Schemas["SnapshotResponse"];
/** A file or directory of a volume as the API has it, with its `entries` as far as the listing went; the handle is `VolumeFile`. */
export type FileEntry = Schemas["FileEntry"];
/** A listing of a volume's directory as the API has it: `path`, `entries`, and whether anything was left out (`truncated`). */
export type FileListing = Schemas["FileListing"];
/** The answer to a create: `id`, `name`, and `volume_mounts` where there are any. */
export type RunResponse = Schemas["RunResponse"];

export { StatusResponsePhase };

/** Where a volume is in its life: `pending`, then `ready` or `failed`. */
export type VolumePhase = Schemas["VolumePhase"];
/** The phases of volumes by name. */
export const VolumePhase = { PENDING: "pending", READY: "ready", FAILED: "failed" } as const satisfies Record<
  string,
  VolumePhase
>;

/** How a command ended, and what it wrote. A nonzero `exit_code` is a result and no error. */
export type ExecResult = Omit<Schemas["ExecResponse"], "reason"> & {
  /** How it ended; `unknown` where the server does not say. */
  reason: Schemas["ExitReason"] | "unknown";
};
/** What the server knows of a process. */
export type ProcessStatus = Schemas["ProcessResponse"];

/** Which sandboxes: all conditions must hold. Times are RFC 3339 strings or dates. */
export interface SandboxFilters {
  /** Created at or after. */
  start_time?: string | Date | undefined;
  /** Created before or at. */
  end_time?: string | Date | undefined;
  /** What the name starts with. */
  search?: string | undefined;
  /** Tags that must all match. */
  tags?: Readonly<Record<string, string>> | undefined;
  /** Any of these phases. */
  phase?: StatusResponsePhase | readonly StatusResponsePhase[] | undefined;
  /** Exactly this image. */
  image?: string | undefined;
}

/** What `list` takes beside the filters. */
export interface ListQuery extends SandboxFilters {
  /** Also answer which tags, images and phases occur. */
  include_filter_values?: boolean | undefined;
  /** Counted from 1. */
  page?: number | undefined;
}

/** Which log lines: all that are given must hold. */
export interface LogFilters {
  /** From when on: a duration back from now (`15m`, `1h30m`) or an RFC 3339 time. Default an hour. */
  since?: string | undefined;
  /** Up to when, in the same ways. */
  until?: string | undefined;
  /** Lines of this level, or of any of several: `error`, `warning`, `info`. */
  level?: LogLine["level"] | readonly LogLine["level"][] | undefined;
  /** Lines of the command with this id; empty for those of the workload itself. */
  exec_id?: string | undefined;
}

/** Which log lines, and how many. */
export interface LogsQuery extends LogFilters {
  /** How many at most, the newest that match; servers have a cap (5000). Default 500. */
  limit?: number | undefined;
  /** `true` follows the log: see {@link FollowQuery}. */
  follow?: false | undefined;
}

/** Which log lines to begin with and to go on with. */
export interface FollowQuery extends LogFilters {
  /** Goes on with lines as they come, until the sandbox has ended. */
  follow: true;
  /** How many lines of the past at most, the newest. Default: all since `since`, as far as the server answers them. */
  limit?: number | undefined;
  /** Ends the iteration, which then throws the signal's reason. */
  signal?: AbortSignal | null | undefined;
  /**
   * Called when lines may be lost, since more came at once than the server answers: the times of the lines before and
   * after the gap. Without it the iteration throws a {@link LogGapError}.
   */
  onGap?: ((gap: { after: string | null; before: string }) => void) | undefined;
}

/** How to wait for one sandbox. */
export interface WaitOptions extends CallOptions {
  /** Called with the status at each change of phase, and with the first one. What it throws ends the wait. */
  onProgress?: ((status: StatusResponse) => void) | undefined;
}

/** How far a wait for many sandboxes is. */
export interface FleetProgress {
  /** How many sandboxes are waited for. */
  readonly total: number;
  /** How many of them run, or have run. */
  readonly running: number;
  /** The status of those whose phase has changed since the last round. */
  readonly changed: readonly StatusResponse[];
}

/** How to wait for many sandboxes. */
export interface FleetWaitOptions extends CallOptions {
  /** Called after each round in which something changed. What it throws ends the wait. */
  onProgress?: ((progress: FleetProgress) => void) | undefined;
}

/** Which sandboxes `porter.sandboxes.terminate` ended, and which not. */
export interface TerminateResult {
  /** The ids of those that have ended, also before. */
  readonly terminated: readonly string[];
  /** The ids of the others, each with its error. */
  readonly failed: readonly { readonly id: string; readonly error: SandboxError }[];
}

/** A sandbox as JSON: `kind`, `version`, `id` and `name`, with which `porter.sandboxes.fromJSON` finds it again. Nothing in it is secret. */
export interface SandboxJson extends HandleJson<"sandbox"> {
  /** Null when the handle never learned it. */
  readonly name: string | null;
}

/** Which samples of which metric. */
export interface MetricsQuery {
  /** `cpu_cores`, `mem_bytes`, or bytes a second: `network_rx_bytes_per_second`, `network_tx_bytes_per_second`. */
  metric: string;
  /** The oldest sample: an RFC 3339 string or a date. Default: an hour before the end. */
  start_time_utc?: string | Date | undefined;
  /** The newest sample, in the same way. Default: now. */
  end_time_utc?: string | Date | undefined;
}
