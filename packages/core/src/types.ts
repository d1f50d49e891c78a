import { type Loose, StatusResponsePhase } from "@porter-sandbox/spec";
import type { components } from "@porter-sandbox/spec/types";
import type { SandboxError } from "./errors/sandbox-error.ts";
import type { HandleJson } from "./resources/handle-json.ts";
import type { CallOptions } from "./transport/scope.ts";

type Schemas = components["schemas"];

/** What to run: `image` or `snapshot_id`, and everything around it. */
export type SandboxSpec = Loose<Schemas["SandboxSpec"]>;
/** A volume to create: a disk unless `type` is `object`. */
export type VolumeSpec = Loose<Schemas["VolumeSpec"]>;
export type SnapshotRequest = Loose<Schemas["SnapshotRequest"]>;

/** Everything the server knows of a sandbox. */
export type StatusResponse = Schemas["StatusResponse"];
export type Pagination = Schemas["Pagination"];
export type FilterValues = Schemas["FilterValues"];
export type CountsResponse = Schemas["CountsResponse"];
export type LogLine = Schemas["LogLine"];
export type MetricsSummary = Schemas["MetricsSummary"];
export type MetricsResponse = Schemas["MetricsResponse"];
export type HealthResponse = Schemas["HealthResponse"];
export type ReadyResponse = Schemas["ReadyResponse"];
export type VolumeResponse = Schemas["VolumeResponse"];
export type SnapshotResponse = Schemas["SnapshotResponse"];
export type FileEntry = Schemas["FileEntry"];
export type FileListing = Schemas["FileListing"];
export type RunResponse = Schemas["RunResponse"];

export { StatusResponsePhase };

/** Where a volume is in its life. */
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
  follow?: false | undefined;
}

/** Which log lines to begin with and to go on with. */
export interface FollowQuery extends LogFilters {
  follow: true;
  /** How many lines of the past at most, the newest. Default: all since `since`, as far as the server answers them. */
  limit?: number | undefined;
  /** Ends the iteration, which then throws the signal's reason. */
  signal?: AbortSignal | null | undefined;
  /**
   * Told when lines may be lost, since more came at once than the server answers: the times of the lines before and
   * behind the gap. Without it the iteration throws a {@link LogGapError}.
   */
  onGap?: ((gap: { after: string | null; before: string }) => void) | undefined;
}

/** How to wait for one sandbox. */
export interface WaitOptions extends CallOptions {
  /** Told of each change of phase, the first one heard of included. What it throws ends the wait. */
  onProgress?: ((status: StatusResponse) => void) | undefined;
}

/** How far a fleet is. */
export interface FleetProgress {
  /** How many sandboxes are waited for. */
  readonly total: number;
  /** How many of them have run. */
  readonly running: number;
  /** Those whose phase is another than in the round before. */
  readonly changed: readonly StatusResponse[];
}

/** How to wait for many sandboxes. */
export interface FleetWaitOptions extends CallOptions {
  /** Told after each round in which something changed. What it throws ends the wait. */
  onProgress?: ((progress: FleetProgress) => void) | undefined;
}

/** What became of sandboxes that were to end together. */
export interface TerminateResult {
  /** The ids of those that have ended now, those that had before included. */
  readonly terminated: readonly string[];
  /** The ids of the others, and why. */
  readonly failed: readonly { readonly id: string; readonly error: SandboxError }[];
}

/** A sandbox as JSON: what finds it again, and nothing that must not be seen. */
export interface SandboxJson extends HandleJson<"sandbox"> {
  readonly name: string | null;
}

/** Which samples. */
export interface MetricsQuery {
  /** Such as `cpu_cores` or `mem_bytes`. */
  metric: string;
  start_time_utc?: string | Date | undefined;
  end_time_utc?: string | Date | undefined;
}
