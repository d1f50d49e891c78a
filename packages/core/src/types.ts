import { type Loose, StatusResponsePhase } from "@porter-sandbox/spec";
import type { components } from "@porter-sandbox/spec/types";

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
export type ExecResult = Schemas["ExecResponse"];

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

/** Which log lines. */
export interface LogsQuery {
  /** How many at most, the newest; servers have a cap (5000). */
  limit?: number | undefined;
  /** From when on: a duration back from now (`15m`, `1h30m`) or an RFC 3339 time. */
  since?: string | undefined;
}

/** Which samples. */
export interface MetricsQuery {
  /** Such as `cpu_cores` or `mem_bytes`. */
  metric: string;
  start_time_utc?: string | Date | undefined;
  end_time_utc?: string | Date | undefined;
}
