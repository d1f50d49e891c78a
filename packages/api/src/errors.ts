/** Refusals as values: what a route throws, and what the caller reads. */
import { EngineError } from "./engine.ts";

/** What a 409 says. */
type ConflictCode =
  | "name_taken"
  | "sandbox_not_running"
  | "volume_attached"
  | "destination_exists"
  | "idempotency_key_reused"
  | "process_ended"
  | "stdin_closed"
  | "stdin_gap"
  | "no_tty";

export type ErrorCode =
  | ConflictCode
  | "invalid_request"
  | "unauthenticated"
  | "not_found"
  | "method_not_allowed"
  | "body_too_large"
  | "range_not_satisfiable"
  | "unsupported"
  | "rate_limited"
  | "internal"
  | "shutting_down";

export interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly field?: string | undefined;
  readonly phase?: string | undefined;
  /** How and why a sandbox ended, where the refusal is that it does not run. */
  readonly end?:
    | {
        readonly exit_code?: number | undefined;
        readonly reason?: string | undefined;
        readonly message?: string | undefined;
      }
    | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Carries a refusal up to where it becomes a response. */
export class ApiError extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.name = "ApiError";
    this.refusal = refusal;
  }
}

export const invalid = (field: string | undefined, message: string): ApiError =>
  new ApiError({ status: 400, code: "invalid_request", message, field });

export const brokenOff = (): ApiError => invalid("body", "body: broke off before its end");

export const notFound = (message: string, field?: string): ApiError =>
  new ApiError({ status: 404, code: "not_found", message, field });

export const conflict = (
  code: ConflictCode,
  message: string,
  details: Pick<Refusal, "field" | "phase" | "end"> = {},
): ApiError => new ApiError({ status: 409, code, message, ...details });

export const tooLarge = (limit: number): ApiError =>
  new ApiError({ status: 413, code: "body_too_large", message: `the body is larger than ${limit} bytes` });

export const unsupported = (field: string, message: string): ApiError =>
  new ApiError({ status: 422, code: "unsupported", message: `${field}: ${message}`, field });

/** The engine or the store could not be reached yet; nothing was done. */
export const notReady = (): ApiError =>
  new ApiError({
    status: 503,
    code: "internal",
    message: "the server is not ready",
    headers: { "Retry-After": "1" },
  });

export const shuttingDown = (): ApiError =>
  new ApiError({
    status: 503,
    code: "shutting_down",
    message: "the server is shutting down",
    headers: { "Retry-After": "1" },
  });

/** An engine may come from another bundle with its own copy of the class, so it is known by its name and shape. */
export function engineErrorOf(error: unknown): EngineError | undefined {
  if (error instanceof EngineError) return error;
  const shape = error as Partial<EngineError> | null | undefined;
  return shape?.name === "EngineError" && typeof shape.code === "string" ? (error as EngineError) : undefined;
}

/** Nothing has this id, which came in a URL and may be long. */
export const unknownId = (kind: "sandbox" | "volume" | "snapshot", id: string): ApiError =>
  notFound(`no ${kind} has the id ${id.length > 64 ? `${id.slice(0, 64)}…` : id}`);

/** No process of the sandbox has this id, or it ended too long ago. */
export const unknownProcess = (exec_id: string): ApiError =>
  notFound(`no process has the id ${exec_id.length > 64 ? `${exec_id.slice(0, 64)}…` : exec_id}`);

/** The value of a field inside a message: quoted, and cut when long. */
export function show(value: string): string {
  return JSON.stringify(value.length > 64 ? `${value.slice(0, 64)}…` : value);
}

export function errorResponse(refusal: Refusal): Response {
  const { status, code, message, field, phase, end, headers } = refusal;
  const body = { error: message, code, ...(field && { field }), ...(phase && { phase }), ...end };
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
}
