// Made from openapi.yaml by `npm run generate`. Do not edit.
// The client's view, as small as it can be.

/** Rows by name. */
export interface Rows {
  [name: string]: string;
}

/** What the client knows of some operations. */
export interface Tables {
  readonly shapes: Rows;
  readonly routes: Rows;
  readonly parameters: Rows;
}

/**
 * The fields of each object: `name:type`, with `?` after the name when it is optional. No type is a string, `#` a
 * number, `!` a boolean, `{` a map of strings, a name another of these objects, and `[` before a type an array of it.
 */
export const shapes: Rows = {
  SandboxSpec: "image? snapshot_id? name? tags?:{ command?:[ args?:[ env?:{ env_groups?:[ volume_mounts?:{ networking?:[NetworkingEntry egress?:EgressSpec resources?:ResourceSpec ttl_seconds?:# idle_timeout_seconds?:#",
  ExecRequest: "command:[ cwd? env?:{ user? timeout_ms?:# stdin?:! tty?:TtySize max_output_bytes?:#",
  VolumeSpec: "name? type? object?:ObjectVolumeSpec",
  MoveRequest: "from to",
  HealthResponse: "status",
  ReadyResponse: "status active_sandboxes:# egress?",
  CapabilitiesResponse: "extensions:[ engine?",
  RunResponse: "id name volume_mounts?:{",
  StatusList: "sandboxes:[StatusResponse pagination:Pagination filter_values?:FilterValues",
  CountsResponse: "points:[CountPoint granularity_ms:#",
  IdResponse: "id",
  StatusResponse: "id name image tags?:{ phase exit_code?:# reason? message? expires_at? idle_timeout_seconds?:# created_at started_at? finished_at? host internal_address? volume_mounts?:{ exec_target?:ExecTarget",
  ExecResponse: "stdout stderr exit_code:# stdout_truncated?:! stderr_truncated?:! stdout_tail? stderr_tail? stdout_bytes?:# stderr_bytes?:# reason? signal?",
  LogsResponse: "sandbox_id logs:[LogLine",
  VolumeList: "volumes:[VolumeResponse",
  VolumeResponse: "id name type object?:ObjectVolume path phase attached_to:[ created_at",
  FileListing: "path entries:[FileEntry truncated:!",
  NetworkingEntry: "port:# domains?:[DomainEntry internal?:!",
  EgressSpec: "allowed_destinations:[",
  ResourceSpec: "cpu? memory?",
  TtySize: "rows:# cols:#",
  ObjectVolumeSpec: "bucket prefix? access?",
  Pagination: "current_page:# total_pages:# has_next_page:!",
  FilterValues: "tags:[ images:[ phases:[",
  CountPoint: "timestamp count:#",
  ExecTarget: "namespace pod_name container_name",
  LogLine: "timestamp line level exec_id",
  ObjectVolume: "bucket prefix? access?",
  FileEntry: "name type size_bytes:# modified_at? truncated?:! entries?:[FileEntry",
  DomainEntry: "domain? visibility?",
};

/**
 * Method and path; what is answered and what is sent (the name of a shape is JSON, nothing is sent unless it says so);
 * the retry class (or else safe); and `open` when no key is asked for. See OperationInfo.
 */
export const routes: Rows = {
  healthz: "GET /healthz HealthResponse none safe open",
  readyz: "GET /readyz ReadyResponse none safe open",
  getCapabilities: "GET /v1/capabilities CapabilitiesResponse",
  createSandbox: "POST /v1/sandbox/run RunResponse SandboxSpec keyed",
  listSandboxes: "GET /v1/sandbox StatusList",
  countSandboxes: "GET /v1/sandbox/counts CountsResponse",
  lookupSandbox: "GET /v1/sandbox/lookup IdResponse",
  getSandbox: "GET /v1/sandbox/{id} StatusResponse",
  terminateSandbox: "DELETE /v1/sandbox/{id} none none idempotent",
  execSandbox: "POST /v1/sandbox/{id}/exec ExecResponse ExecRequest never",
  getSandboxLogs: "GET /v1/sandbox/{id}/logs LogsResponse",
  listVolumes: "GET /v1/volume VolumeList",
  createVolume: "POST /v1/volume VolumeResponse VolumeSpec never",
  lookupVolume: "GET /v1/volume/lookup IdResponse",
  getVolume: "GET /v1/volume/{id} VolumeResponse",
  deleteVolume: "DELETE /v1/volume/{id} none none idempotent",
  listVolumeFiles: "GET /v1/volume/{id}/files FileListing",
  readVolumeFile: "GET /v1/volume/{id}/files/content bytes",
  writeVolumeFile: "PUT /v1/volume/{id}/files/content none bytes idempotent",
  moveVolumeFile: "POST /v1/volume/{id}/files/move none MoveRequest never",
};

/**
 * The query parameters of each operation, as the fields of an object. `$` is well-formed text, `~` such a text that is
 * not empty, `+` a whole number from 1, `@` a Date or an RFC 3339 time.
 */
export const parameters: Rows = {
  listSandboxes: "start_time?:@ end_time?:@ search?:$ tag?:[$ phase?:[$ image?:$ include_filter_values?:! page?:+",
  countSandboxes: "start_time?:@ end_time?:@ search?:$ tag?:[$ phase?:[$ image?:$ include_filter_values?:!",
  lookupSandbox: "name:~",
  getSandboxLogs: "limit?:+ since?:$ until?:$ level?:[$ exec_id?:$",
  lookupVolume: "name:~",
  listVolumeFiles: "path?:$ search?:$",
  readVolumeFile: "path:~",
  writeVolumeFile: "path:~",
};

/** The operations that are not here but in the tables of parts. */
export const elsewhere: readonly string[] = ["listProcesses","getProcess","readProcessOutput","writeProcessInput","killProcess","resizeProcess","extendSandboxTtl","getSandboxMetricsSummary","getSandboxMetrics","createSnapshot","listSnapshots","deleteSnapshot"];
