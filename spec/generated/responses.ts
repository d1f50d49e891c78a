// Made from openapi.yaml by `npm run generate`. Do not edit.
// Validators of what a server answers: unknown fields, unknown enum values and null for absent pass.

import * as zod from 'zod/mini';

export const HealthResponse = /*#__PURE__*/ zod.object({
  "status": /*#__PURE__*/ zod.string()
});

export const ReadyResponse = /*#__PURE__*/ zod.object({
  "status": /*#__PURE__*/ zod.string(),
  "active_sandboxes": /*#__PURE__*/ zod.number(),
  "egress": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string())
});

export const CapabilitiesResponse = /*#__PURE__*/ zod.object({
  "extensions": /*#__PURE__*/ zod.array(/*#__PURE__*/ zod.string()),
  "engine": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string())
});

export const RunResponse = /*#__PURE__*/ zod.object({
  "id": /*#__PURE__*/ zod.string(),
  "name": /*#__PURE__*/ zod.string(),
  "volume_mounts": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.object({}))
});

export const StatusResponsePhase = /*#__PURE__*/ zod.string();

export const ExecTarget = /*#__PURE__*/ zod.object({
  "namespace": /*#__PURE__*/ zod.string(),
  "pod_name": /*#__PURE__*/ zod.string(),
  "container_name": /*#__PURE__*/ zod.string()
});

export const StatusResponse = /*#__PURE__*/ zod.object({
  "id": /*#__PURE__*/ zod.string(),
  "name": /*#__PURE__*/ zod.string(),
  "image": /*#__PURE__*/ zod.string(),
  "tags": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.object({})),
  "phase": StatusResponsePhase,
  "exit_code": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "reason": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "message": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "expires_at": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "idle_timeout_seconds": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "created_at": /*#__PURE__*/ zod.string(),
  "started_at": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "finished_at": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "host": /*#__PURE__*/ zod.string(),
  "internal_address": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "volume_mounts": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.object({})),
  "exec_target": /*#__PURE__*/ zod.nullish(ExecTarget)
});

export const Pagination = /*#__PURE__*/ zod.object({
  "current_page": /*#__PURE__*/ zod.number(),
  "total_pages": /*#__PURE__*/ zod.number(),
  "has_next_page": /*#__PURE__*/ zod.boolean()
});

export const FilterValues = /*#__PURE__*/ zod.object({
  "tags": /*#__PURE__*/ zod.array(/*#__PURE__*/ zod.string()),
  "images": /*#__PURE__*/ zod.array(/*#__PURE__*/ zod.string()),
  "phases": /*#__PURE__*/ zod.array(StatusResponsePhase)
});

export const StatusList = /*#__PURE__*/ zod.object({
  "sandboxes": /*#__PURE__*/ zod.array(StatusResponse),
  "pagination": Pagination,
  "filter_values": /*#__PURE__*/ zod.nullish(FilterValues)
});

export const CountPoint = /*#__PURE__*/ zod.object({
  "timestamp": /*#__PURE__*/ zod.string(),
  "count": /*#__PURE__*/ zod.number()
});

export const CountsResponse = /*#__PURE__*/ zod.object({
  "points": /*#__PURE__*/ zod.array(CountPoint),
  "granularity_ms": /*#__PURE__*/ zod.number()
});

export const IdResponse = /*#__PURE__*/ zod.object({
  "id": /*#__PURE__*/ zod.string()
});

export const ExitReason = /*#__PURE__*/ zod.string();

export const ExecResponse = /*#__PURE__*/ zod.object({
  "stdout": /*#__PURE__*/ zod.string(),
  "stderr": /*#__PURE__*/ zod.string(),
  "exit_code": /*#__PURE__*/ zod.number(),
  "stdout_truncated": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.boolean()),
  "stderr_truncated": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.boolean()),
  "stdout_tail": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "stderr_tail": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "stdout_bytes": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "stderr_bytes": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "reason": /*#__PURE__*/ zod.nullish(ExitReason),
  "signal": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string())
});

export const ProcessResponse = /*#__PURE__*/ zod.object({
  "exec_id": /*#__PURE__*/ zod.string(),
  "command": /*#__PURE__*/ zod.array(/*#__PURE__*/ zod.string()),
  "started_at": /*#__PURE__*/ zod.string(),
  "tty": /*#__PURE__*/ zod.boolean(),
  "stdin": /*#__PURE__*/ zod.boolean(),
  "running": /*#__PURE__*/ zod.boolean(),
  "finished_at": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "exit_code": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "signal": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "reason": /*#__PURE__*/ zod.nullish(ExitReason),
  "stdout_bytes": /*#__PURE__*/ zod.number(),
  "stderr_bytes": /*#__PURE__*/ zod.number(),
  "stdin_bytes": /*#__PURE__*/ zod.number()
});

export const ProcessList = /*#__PURE__*/ zod.object({
  "processes": /*#__PURE__*/ zod.array(ProcessResponse)
});

export const StdinResponse = /*#__PURE__*/ zod.object({
  "stdin_bytes": /*#__PURE__*/ zod.number()
});

export const LogLine = /*#__PURE__*/ zod.object({
  "timestamp": /*#__PURE__*/ zod.string(),
  "line": /*#__PURE__*/ zod.string(),
  "level": /*#__PURE__*/ zod.string(),
  "exec_id": /*#__PURE__*/ zod.string()
});

export const LogsResponse = /*#__PURE__*/ zod.object({
  "sandbox_id": /*#__PURE__*/ zod.string(),
  "logs": /*#__PURE__*/ zod.array(LogLine)
});

export const MetricsSummary = /*#__PURE__*/ zod.object({
  "window_seconds": /*#__PURE__*/ zod.number(),
  "has_data": /*#__PURE__*/ zod.boolean(),
  "cpu_cores_p50": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "cpu_cores_p90": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "cpu_limit_cores": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "cpu_util_p50_pct": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "cpu_util_p90_pct": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "mem_bytes_p50": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "mem_bytes_p90": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "mem_limit_bytes": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "mem_util_p50_pct": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "mem_util_p90_pct": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number())
});

export const MetricPoint = /*#__PURE__*/ zod.object({
  "timestamp_utc": /*#__PURE__*/ zod.string(),
  "value": /*#__PURE__*/ zod.number()
});

export const MetricSeries = /*#__PURE__*/ zod.object({
  "labels": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.object({})),
  "unit": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "time_series": /*#__PURE__*/ zod.array(MetricPoint)
});

export const MetricResult = /*#__PURE__*/ zod.object({
  "series": /*#__PURE__*/ zod.array(MetricSeries)
});

export const MetricsResponse = /*#__PURE__*/ zod.object({
  "results": /*#__PURE__*/ zod.array(MetricResult)
});

export const SnapshotResponse = /*#__PURE__*/ zod.object({
  "id": /*#__PURE__*/ zod.string(),
  "sandbox_id": /*#__PURE__*/ zod.string(),
  "mode": /*#__PURE__*/ zod.string(),
  "status": /*#__PURE__*/ zod.string(),
  "t_created_unix_ms": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "t_ready_unix_ms": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "failure_reason": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "size_bytes": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number())
});

export const SnapshotList = /*#__PURE__*/ zod.object({
  "snapshots": /*#__PURE__*/ zod.array(SnapshotResponse)
});

export const VolumePhase = /*#__PURE__*/ zod.string();

export const ObjectVolume = /*#__PURE__*/ zod.object({
  "bucket": /*#__PURE__*/ zod.string(),
  "prefix": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "access": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string())
});

export const VolumeResponse = /*#__PURE__*/ zod.object({
  "id": /*#__PURE__*/ zod.string(),
  "name": /*#__PURE__*/ zod.string(),
  "type": /*#__PURE__*/ zod.string(),
  "object": /*#__PURE__*/ zod.nullish(ObjectVolume),
  "path": /*#__PURE__*/ zod.string(),
  "phase": VolumePhase,
  "attached_to": /*#__PURE__*/ zod.array(/*#__PURE__*/ zod.string()),
  "created_at": /*#__PURE__*/ zod.string()
});

export const VolumeList = /*#__PURE__*/ zod.object({
  "volumes": /*#__PURE__*/ zod.array(VolumeResponse)
});

export type FileEntry = {
  name: string;
  type: string;
  size_bytes: number;
  modified_at?: string | null | undefined;
  truncated?: boolean | null | undefined;
  entries?: FileEntry[] | null | undefined;
};

export const FileEntry: zod.ZodMiniType<FileEntry> = /*#__PURE__*/ zod.object({
  "name": /*#__PURE__*/ zod.string(),
  "type": /*#__PURE__*/ zod.string(),
  "size_bytes": /*#__PURE__*/ zod.number(),
  "modified_at": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "truncated": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.boolean()),
  get entries() { return /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.array(FileEntry)); }
});

export const FileListing = /*#__PURE__*/ zod.object({
  "path": /*#__PURE__*/ zod.string(),
  "entries": /*#__PURE__*/ zod.array(FileEntry),
  "truncated": /*#__PURE__*/ zod.boolean()
});

export const ErrorResponse = /*#__PURE__*/ zod.object({
  "error": /*#__PURE__*/ zod.string(),
  "code": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "field": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "phase": /*#__PURE__*/ zod.nullish(StatusResponsePhase),
  "exit_code": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.number()),
  "reason": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string()),
  "message": /*#__PURE__*/ zod.nullish(/*#__PURE__*/ zod.string())
});

export const responseSchemas = {
  healthz: HealthResponse,
  readyz: ReadyResponse,
  getCapabilities: CapabilitiesResponse,
  createSandbox: RunResponse,
  listSandboxes: StatusList,
  countSandboxes: CountsResponse,
  lookupSandbox: IdResponse,
  getSandbox: StatusResponse,
  execSandbox: ExecResponse,
  listProcesses: ProcessList,
  getProcess: ProcessResponse,
  writeProcessInput: StdinResponse,
  getSandboxLogs: LogsResponse,
  extendSandboxTtl: StatusResponse,
  getSandboxMetricsSummary: MetricsSummary,
  getSandboxMetrics: MetricsResponse,
  createSnapshot: SnapshotResponse,
  listSnapshots: SnapshotList,
  listVolumes: VolumeList,
  createVolume: VolumeResponse,
  lookupVolume: IdResponse,
  getVolume: VolumeResponse,
  listVolumeFiles: FileListing,
} as const;
