/** Found on every error of this SDK, also on those of a second copy of it or of another realm. */
const BRAND = Symbol.for("porter-sandbox.error");

/**
 * Whether the server took the request: `true` it did, `false` it surely did not (so repeating cannot run anything
 * twice), `"unknown"` when nobody can tell, as after a connection that broke before the answer.
 */
export type Admitted = boolean | "unknown";

/** What every error carries beside its message; the fields of its own kind go with them. */
export interface ErrorDetails {
  readonly [field: string]: unknown;
  /** Stable, for programs: the server's own code, or one of this SDK such as `connection_failed`. */
  code: string;
  /** The HTTP status, when there was an answer. */
  statusCode?: number | undefined;
  /** The answer's body: parsed JSON, or text. */
  body?: unknown;
  /** The server's `X-Request-Id`. */
  requestId?: string | undefined;
  /** Default false. */
  retryable?: boolean | undefined;
  /** Default false. */
  admitted?: Admitted | undefined;
  /** The error behind it. */
  cause?: unknown;
}

/** The root of every error this SDK throws. A caller's own abort is not one: it rejects with the signal's reason. */
export class SandboxError extends Error {
  static {
    SandboxError.prototype.name = "SandboxError";
  }
  /** A stable string for programs, such as `not_found`. */
  declare readonly code: string;
  /** The HTTP status, when there was an answer. */
  declare readonly statusCode: number | undefined;
  /** The answer's body: parsed JSON, or text when it is not JSON. */
  declare readonly body: unknown;
  /** The server's `X-Request-Id`. */
  declare readonly requestId: string | undefined;
  /** Whether the same call may succeed later and is safe to repeat. */
  declare readonly retryable: boolean;
  /** Whether the server took the request. */
  declare readonly admitted: Admitted;

  get [BRAND](): true {
    return true;
  }

  constructor(message: string, { cause, ...details }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    // Details are named as the fields are, those of subclasses too.
    Object.assign(this, { statusCode: undefined, retryable: false, admitted: false }, details);
  }
}

/** Whether `error` comes from this SDK. Unlike `instanceof` it also knows errors of another realm or another copy. */
export function isSandboxError(error: unknown): error is SandboxError {
  return typeof error === "object" && error !== null && BRAND in error;
}
