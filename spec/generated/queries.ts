// Made from openapi.yaml by `npm run generate`. Do not edit.
// The query parameters of operations, as a table.

export interface QueryParameterInfo {
  /** `time` is an RFC 3339 string. */
  readonly type: "string" | "integer" | "boolean" | "time";
  /** May be repeated; what it was given as is always read as an array. */
  readonly array: boolean;
  readonly required: boolean;
  readonly minimum?: number;
  /** The only values allowed. */
  readonly values?: readonly string[];
  /** Set when the parameter is not part of the published API. */
  readonly extension?: string;
}

/** The query parameters of each operation that has some. */
export const queries = {
  listSandboxes: {
    start_time: { type: "time", array: false, required: false },
    end_time: { type: "time", array: false, required: false },
    search: { type: "string", array: false, required: false },
    tag: { type: "string", array: true, required: false },
    phase: { type: "string", array: true, required: false, values: ["queued","creating","running","succeeded","failed","terminated"] },
    image: { type: "string", array: false, required: false },
    include_filter_values: { type: "boolean", array: false, required: false },
    page: { type: "integer", array: false, required: false, minimum: 1 },
  },
  countSandboxes: {
    start_time: { type: "time", array: false, required: false },
    end_time: { type: "time", array: false, required: false },
    search: { type: "string", array: false, required: false },
    tag: { type: "string", array: true, required: false },
    phase: { type: "string", array: true, required: false, values: ["queued","creating","running","succeeded","failed","terminated"] },
    image: { type: "string", array: false, required: false },
    include_filter_values: { type: "boolean", array: false, required: false },
  },
  lookupSandbox: {
    name: { type: "string", array: false, required: true },
  },
  readProcessOutput: {
    stdout_offset: { type: "integer", array: false, required: false, minimum: 0 },
    stderr_offset: { type: "integer", array: false, required: false, minimum: 0 },
  },
  writeProcessInput: {
    offset: { type: "integer", array: false, required: true, minimum: 0 },
    eof: { type: "boolean", array: false, required: false },
  },
  getSandboxLogs: {
    limit: { type: "integer", array: false, required: false, minimum: 1 },
    since: { type: "string", array: false, required: false },
    until: { type: "string", array: false, required: false, extension: "log_filters" },
    level: { type: "string", array: true, required: false, values: ["error","warning","info"], extension: "log_filters" },
    exec_id: { type: "string", array: false, required: false, extension: "log_filters" },
  },
  getSandboxMetricsSummary: {
    since: { type: "string", array: false, required: false },
  },
  getSandboxMetrics: {
    metric: { type: "string", array: false, required: true, values: ["cpu_cores","mem_bytes","network_rx_bytes_per_second","network_tx_bytes_per_second"] },
    start_time_utc: { type: "time", array: false, required: false },
    end_time_utc: { type: "time", array: false, required: false },
  },
  listSnapshots: {
    sandbox_id: { type: "string", array: false, required: false },
  },
  lookupVolume: {
    name: { type: "string", array: false, required: true },
  },
  listVolumeFiles: {
    path: { type: "string", array: false, required: false },
    search: { type: "string", array: false, required: false },
  },
  readVolumeFile: {
    path: { type: "string", array: false, required: true },
  },
  writeVolumeFile: {
    path: { type: "string", array: false, required: true },
  },
} as const satisfies Record<string, Record<string, QueryParameterInfo>>;

export type QueriedOperationId = keyof typeof queries;
