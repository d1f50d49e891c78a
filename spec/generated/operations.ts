// Made from openapi.yaml by `npm run generate`. Do not edit.
// Every operation, as a table.

/** Whether a request may be repeated when it is not known if it took effect. */
export type RetryClass = "safe" | "idempotent" | "keyed" | "never";

export interface OperationInfo {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** With `{id}` where the id goes. */
  readonly path: string;
  readonly retry: RetryClass;
  readonly body: "none" | "json" | "bytes";
  /** What a success carries. */
  readonly response: "none" | "json" | "bytes";
  /** Every status that the document names, successes first. */
  readonly statuses: readonly number[];
  /** Whether a server with keys asks for one. */
  readonly auth: boolean;
  /** Set when the operation is not part of the published API. */
  readonly extension?: string;
}

export const operations = {
  healthz: { method: "GET", path: "/healthz", retry: "safe", body: "none", response: "json", statuses: [200, 429, 500], auth: false },
  readyz: { method: "GET", path: "/readyz", retry: "safe", body: "none", response: "json", statuses: [200, 429, 500, 503], auth: false },
  getCapabilities: { method: "GET", path: "/v1/capabilities", retry: "safe", body: "none", response: "json", statuses: [200, 401, 404, 429, 500, 503], auth: true, extension: "capabilities" },
  createSandbox: { method: "POST", path: "/v1/sandbox/run", retry: "keyed", body: "json", response: "json", statuses: [200, 400, 401, 404, 409, 413, 422, 429, 500, 503], auth: true },
  listSandboxes: { method: "GET", path: "/v1/sandbox", retry: "safe", body: "none", response: "json", statuses: [200, 400, 401, 429, 500, 503], auth: true },
  countSandboxes: { method: "GET", path: "/v1/sandbox/counts", retry: "safe", body: "none", response: "json", statuses: [200, 400, 401, 429, 500, 503], auth: true },
  lookupSandbox: { method: "GET", path: "/v1/sandbox/lookup", retry: "safe", body: "none", response: "json", statuses: [200, 400, 401, 404, 429, 500, 503], auth: true },
  getSandbox: { method: "GET", path: "/v1/sandbox/{id}", retry: "safe", body: "none", response: "json", statuses: [200, 401, 404, 429, 500, 503], auth: true },
  terminateSandbox: { method: "DELETE", path: "/v1/sandbox/{id}", retry: "idempotent", body: "none", response: "none", statuses: [204, 401, 404, 429, 500, 503], auth: true },
  execSandbox: { method: "POST", path: "/v1/sandbox/{id}/exec", retry: "never", body: "json", response: "json", statuses: [200, 400, 401, 404, 409, 413, 429, 500, 503], auth: true },
  listProcesses: { method: "GET", path: "/v1/sandbox/{id}/processes", retry: "safe", body: "none", response: "json", statuses: [200, 401, 404, 429, 500, 503], auth: true, extension: "processes" },
  getProcess: { method: "GET", path: "/v1/sandbox/{id}/processes/{exec_id}", retry: "safe", body: "none", response: "json", statuses: [200, 401, 404, 429, 500, 503], auth: true, extension: "processes" },
  readProcessOutput: { method: "GET", path: "/v1/sandbox/{id}/processes/{exec_id}/output", retry: "safe", body: "none", response: "bytes", statuses: [200, 400, 401, 404, 416, 429, 500, 503], auth: true, extension: "processes" },
  writeProcessInput: { method: "PUT", path: "/v1/sandbox/{id}/processes/{exec_id}/stdin", retry: "idempotent", body: "bytes", response: "json", statuses: [200, 400, 401, 404, 409, 413, 429, 500, 503], auth: true, extension: "processes" },
  killProcess: { method: "POST", path: "/v1/sandbox/{id}/processes/{exec_id}/kill", retry: "never", body: "json", response: "none", statuses: [204, 400, 401, 404, 413, 429, 500, 503], auth: true, extension: "processes" },
  resizeProcess: { method: "POST", path: "/v1/sandbox/{id}/processes/{exec_id}/resize", retry: "never", body: "json", response: "none", statuses: [204, 400, 401, 404, 409, 413, 429, 500, 503], auth: true, extension: "processes" },
  getSandboxLogs: { method: "GET", path: "/v1/sandbox/{id}/logs", retry: "safe", body: "none", response: "json", statuses: [200, 400, 401, 404, 429, 500, 503], auth: true },
  extendSandboxTtl: { method: "PUT", path: "/v1/sandbox/{id}/ttl", retry: "idempotent", body: "json", response: "json", statuses: [200, 400, 401, 404, 409, 413, 429, 500, 503], auth: true, extension: "lifetime" },
  getSandboxMetricsSummary: { method: "GET", path: "/v1/sandbox/{id}/metrics-summary", retry: "safe", body: "none", response: "json", statuses: [200, 400, 401, 404, 422, 429, 500, 503], auth: true },
  getSandboxMetrics: { method: "GET", path: "/v1/sandbox/{id}/metrics", retry: "safe", body: "none", response: "json", statuses: [200, 400, 401, 404, 422, 429, 500, 503], auth: true },
  createSnapshot: { method: "POST", path: "/v1/sandbox/{id}/snapshot", retry: "never", body: "json", response: "json", statuses: [200, 400, 401, 404, 409, 413, 422, 429, 500, 503], auth: true },
  listSnapshots: { method: "GET", path: "/v1/snapshot", retry: "safe", body: "none", response: "json", statuses: [200, 400, 401, 429, 500, 503], auth: true },
  deleteSnapshot: { method: "DELETE", path: "/v1/snapshot/{id}", retry: "idempotent", body: "none", response: "none", statuses: [204, 401, 404, 429, 500, 503], auth: true },
  listVolumes: { method: "GET", path: "/v1/volume", retry: "safe", body: "none", response: "json", statuses: [200, 401, 429, 500, 503], auth: true },
  createVolume: { method: "POST", path: "/v1/volume", retry: "never", body: "json", response: "json", statuses: [200, 400, 401, 409, 413, 422, 429, 500, 503], auth: true },
  lookupVolume: { method: "GET", path: "/v1/volume/lookup", retry: "safe", body: "none", response: "json", statuses: [200, 400, 401, 404, 429, 500, 503], auth: true },
  getVolume: { method: "GET", path: "/v1/volume/{id}", retry: "safe", body: "none", response: "json", statuses: [200, 401, 404, 429, 500, 503], auth: true },
  deleteVolume: { method: "DELETE", path: "/v1/volume/{id}", retry: "idempotent", body: "none", response: "none", statuses: [204, 401, 404, 409, 429, 500, 503], auth: true },
  listVolumeFiles: { method: "GET", path: "/v1/volume/{id}/files", retry: "safe", body: "none", response: "json", statuses: [200, 400, 401, 404, 422, 429, 500, 503], auth: true },
  readVolumeFile: { method: "GET", path: "/v1/volume/{id}/files/content", retry: "safe", body: "none", response: "bytes", statuses: [200, 206, 400, 401, 404, 416, 422, 429, 500, 503], auth: true },
  writeVolumeFile: { method: "PUT", path: "/v1/volume/{id}/files/content", retry: "idempotent", body: "bytes", response: "none", statuses: [204, 400, 401, 404, 409, 413, 422, 429, 500, 503], auth: true },
  moveVolumeFile: { method: "POST", path: "/v1/volume/{id}/files/move", retry: "never", body: "json", response: "none", statuses: [204, 400, 401, 404, 409, 413, 422, 429, 500, 503], auth: true },
} as const satisfies Record<string, OperationInfo>;

export type OperationId = keyof typeof operations;
