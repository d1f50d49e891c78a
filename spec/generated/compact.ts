// Made from openapi.yaml by `npm run generate`. Do not edit.
// The client's view, as small as it can be.

/**
 * What a value must look like: a type's name, an array of one shape, or an object's fields, of which those with `?` are
 * optional and `*` stands for any name. A function stands for a shape that is written elsewhere.
 */
export type Shape = "string" | "number" | "boolean" | readonly [Shape] | { readonly [field: string]: Shape } | (() => Shape);

const SandboxSpec: Shape = { "image?": "string", "snapshot_id?": "string", "name?": "string", "tags?": { "*": "string" }, "command?": ["string"], "args?": ["string"], "env?": { "*": "string" }, "env_groups?": ["string"], "volume_mounts?": { "*": "string" }, "networking?": [() => NetworkingEntry], "egress?": () => EgressSpec, "resources?": () => ResourceSpec, "ttl_seconds?": "number" };
const ExecRequest: Shape = { "command": ["string"] };
const SnapshotRequest: Shape = { "mode?": "string" };
const VolumeSpec: Shape = { "name?": "string", "type?": "string", "object?": () => ObjectVolumeSpec };
const MoveRequest: Shape = { "from": "string", "to": "string" };
const HealthResponse: Shape = { "status": "string" };
const ReadyResponse: Shape = { "status": "string", "active_sandboxes": "number" };
const CapabilitiesResponse: Shape = { "extensions": ["string"], "engine?": "string" };
const RunResponse: Shape = { "id": "string", "name": "string", "volume_mounts?": { "*": "string" } };
const StatusList: Shape = { "sandboxes": [() => StatusResponse], "pagination": () => Pagination, "filter_values?": () => FilterValues };
const CountsResponse: Shape = { "points": [() => CountPoint], "granularity_ms": "number" };
const IdResponse: Shape = { "id": "string" };
const StatusResponse: Shape = { "id": "string", "name": "string", "image": "string", "tags?": { "*": "string" }, "phase": "string", "exit_code?": "number", "created_at": "string", "started_at?": "string", "finished_at?": "string", "host": "string", "internal_address?": "string", "volume_mounts?": { "*": "string" }, "exec_target?": () => ExecTarget };
const ExecResponse: Shape = { "stdout": "string", "stderr": "string", "exit_code": "number", "stdout_truncated?": "boolean", "stderr_truncated?": "boolean" };
const LogsResponse: Shape = { "sandbox_id": "string", "logs": [() => LogLine] };
const MetricsSummary: Shape = { "window_seconds": "number", "has_data": "boolean", "cpu_cores_p50?": "number", "cpu_cores_p90?": "number", "cpu_limit_cores?": "number", "cpu_util_p50_pct?": "number", "cpu_util_p90_pct?": "number", "mem_bytes_p50?": "number", "mem_bytes_p90?": "number", "mem_limit_bytes?": "number", "mem_util_p50_pct?": "number", "mem_util_p90_pct?": "number" };
const MetricsResponse: Shape = { "results": [() => MetricResult] };
const SnapshotResponse: Shape = { "id": "string", "sandbox_id": "string", "mode": "string", "status": "string", "t_created_unix_ms?": "number", "t_ready_unix_ms?": "number", "failure_reason?": "string", "size_bytes?": "number" };
const SnapshotList: Shape = { "snapshots": [() => SnapshotResponse] };
const VolumeList: Shape = { "volumes": [() => VolumeResponse] };
const VolumeResponse: Shape = { "id": "string", "name": "string", "type": "string", "object?": () => ObjectVolume, "path": "string", "phase": "string", "attached_to": ["string"], "created_at": "string" };
const FileListing: Shape = { "path": "string", "entries": [() => FileEntry], "truncated": "boolean" };
const NetworkingEntry: Shape = { "port": "number", "domains?": [() => DomainEntry], "internal?": "boolean" };
const EgressSpec: Shape = { "allowed_destinations": ["string"] };
const ResourceSpec: Shape = { "cpu?": "string", "memory?": "string" };
const ObjectVolumeSpec: Shape = { "bucket": "string", "prefix?": "string", "access?": "string" };
const Pagination: Shape = { "current_page": "number", "total_pages": "number", "has_next_page": "boolean" };
const FilterValues: Shape = { "tags": ["string"], "images": ["string"], "phases": ["string"] };
const CountPoint: Shape = { "timestamp": "string", "count": "number" };
const ExecTarget: Shape = { "namespace": "string", "pod_name": "string", "container_name": "string" };
const LogLine: Shape = { "timestamp": "string", "line": "string", "level": "string", "exec_id": "string" };
const MetricResult: Shape = { "series": [() => MetricSeries] };
const ObjectVolume: Shape = { "bucket": "string", "prefix?": "string", "access?": "string" };
const FileEntry: Shape = { "name": "string", "type": "string", "size_bytes": "number", "modified_at?": "string", "truncated?": "boolean", "entries?": [() => FileEntry] };
const DomainEntry: Shape = { "domain?": "string", "visibility?": "string" };
const MetricSeries: Shape = { "labels?": { "*": "string" }, "unit?": "string", "time_series": [() => MetricPoint] };
const MetricPoint: Shape = { "timestamp_utc": "string", "value": "number" };

/** The shape of each operation's JSON body. */
export const requestShapes: { readonly [operation: string]: Shape | undefined } = {
  createSandbox: SandboxSpec,
  execSandbox: ExecRequest,
  createSnapshot: SnapshotRequest,
  createVolume: VolumeSpec,
  moveVolumeFile: MoveRequest,
};

/** The shape of each operation's JSON answer. */
export const responseShapes: { readonly [operation: string]: Shape | undefined } = {
  healthz: HealthResponse,
  readyz: ReadyResponse,
  getCapabilities: CapabilitiesResponse,
  createSandbox: RunResponse,
  listSandboxes: StatusList,
  countSandboxes: CountsResponse,
  lookupSandbox: IdResponse,
  getSandbox: StatusResponse,
  execSandbox: ExecResponse,
  getSandboxLogs: LogsResponse,
  getSandboxMetricsSummary: MetricsSummary,
  getSandboxMetrics: MetricsResponse,
  createSnapshot: SnapshotResponse,
  listSnapshots: SnapshotList,
  listVolumes: VolumeList,
  createVolume: VolumeResponse,
  lookupVolume: IdResponse,
  getVolume: VolumeResponse,
  listVolumeFiles: FileListing,
};

/** Method, path, retry class, body, response, and `open` when no key is asked for; see OperationInfo. */
export const routes = {
  healthz: "GET /healthz safe none json open",
  readyz: "GET /readyz safe none json open",
  getCapabilities: "GET /v1/capabilities safe none json",
  createSandbox: "POST /v1/sandbox/run keyed json json",
  listSandboxes: "GET /v1/sandbox safe none json",
  countSandboxes: "GET /v1/sandbox/counts safe none json",
  lookupSandbox: "GET /v1/sandbox/lookup safe none json",
  getSandbox: "GET /v1/sandbox/{id} safe none json",
  terminateSandbox: "DELETE /v1/sandbox/{id} idempotent none none",
  execSandbox: "POST /v1/sandbox/{id}/exec never json json",
  getSandboxLogs: "GET /v1/sandbox/{id}/logs safe none json",
  getSandboxMetricsSummary: "GET /v1/sandbox/{id}/metrics-summary safe none json",
  getSandboxMetrics: "GET /v1/sandbox/{id}/metrics safe none json",
  createSnapshot: "POST /v1/sandbox/{id}/snapshot never json json",
  listSnapshots: "GET /v1/snapshot safe none json",
  deleteSnapshot: "DELETE /v1/snapshot/{id} idempotent none none",
  listVolumes: "GET /v1/volume safe none json",
  createVolume: "POST /v1/volume never json json",
  lookupVolume: "GET /v1/volume/lookup safe none json",
  getVolume: "GET /v1/volume/{id} safe none json",
  deleteVolume: "DELETE /v1/volume/{id} idempotent none none",
  listVolumeFiles: "GET /v1/volume/{id}/files safe none json",
  readVolumeFile: "GET /v1/volume/{id}/files/content safe none bytes",
  writeVolumeFile: "PUT /v1/volume/{id}/files/content idempotent bytes none",
  moveVolumeFile: "POST /v1/volume/{id}/files/move never json none",
} as const;

/** Query parameters: `count` is a whole number from 1, `time` RFC 3339; `*` may be repeated, `!` is required. */
export const parameters: { readonly [operation: string]: { readonly [name: string]: string } | undefined } = {
  listSandboxes: { start_time: "time", end_time: "time", search: "string", tag: "string*", phase: "string*", image: "string", include_filter_values: "boolean", page: "count" },
  countSandboxes: { start_time: "time", end_time: "time", search: "string", tag: "string*", phase: "string*", image: "string", include_filter_values: "boolean" },
  lookupSandbox: { name: "string!" },
  getSandboxLogs: { limit: "count", since: "string" },
  getSandboxMetricsSummary: { since: "string" },
  getSandboxMetrics: { metric: "string!", start_time_utc: "time", end_time_utc: "time" },
  listSnapshots: { sandbox_id: "string" },
  lookupVolume: { name: "string!" },
  listVolumeFiles: { path: "string", search: "string" },
  readVolumeFile: { path: "string!" },
  writeVolumeFile: { path: "string!" },
};
