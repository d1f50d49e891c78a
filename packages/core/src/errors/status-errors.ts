import { SandboxError } from "./sandbox-error.ts";

/** 401: no API key, or one that the server does not know. */
export class AuthenticationError extends SandboxError {
  static {
    AuthenticationError.prototype.name = "AuthenticationError";
  }
}

/** 402: the account's plan or balance does not allow it. */
export class PaymentRequiredError extends SandboxError {
  static {
    PaymentRequiredError.prototype.name = "PaymentRequiredError";
  }
}

/** 403: the API key may not do this. Of `sandbox.files`: the sandbox's user may not. */
export class PermissionDeniedError extends SandboxError {
  static {
    PermissionDeniedError.prototype.name = "PermissionDeniedError";
  }
}

/** 404: no such sandbox, volume, snapshot, file, process or job. */
export class NotFoundError extends SandboxError {
  static {
    NotFoundError.prototype.name = "NotFoundError";
  }
}

/** 409: it conflicts with what is there: a name is taken, a volume is attached, a destination exists. `code` says which. */
export class ConflictError extends SandboxError {
  static {
    ConflictError.prototype.name = "ConflictError";
  }
}

/**
 * The sandbox does not run yet, or has ended: a 409 of the server, or what was found while waiting for it. Where the server says why
 * it ended, it is one of {@link SandboxOOMError}, {@link SandboxImagePullError} and {@link SandboxExpiredError}.
 */
export class SandboxNotRunningError extends ConflictError {
  static {
    SandboxNotRunningError.prototype.name = "SandboxNotRunningError";
  }
  /** The phase it is in; null when the server does not say. */
  declare readonly phase: string | null;
  /** Of its main process, when it ended and the server says. */
  declare readonly exit_code: number | undefined;
  /** Why it ended, when not by its own exit and the server says: `out_of_memory`, `terminated`, `evicted`… */
  declare readonly reason: string | undefined;
}

/** The request breaks a rule: found here before anything was sent (no `statusCode`), or by the server (400, 422, other 4xx). */
export class InvalidRequestError extends SandboxError {
  static {
    InvalidRequestError.prototype.name = "InvalidRequestError";
  }
  /** The field that breaks the rule, such as `networking[0].port`, when it is known. */
  declare readonly field: string | undefined;
}

/** What the client itself refuses to send. */
export function invalidRequest(field: string, rule: string): InvalidRequestError {
  return new InvalidRequestError(`${field}: ${rule}`, { code: "invalid_request", field });
}

/**
 * The server, its engine or the sandbox's image cannot do or enforce what was asked: a 422, or found here before it was sent.
 */
export class UnsupportedError extends InvalidRequestError {
  static {
    UnsupportedError.prototype.name = "UnsupportedError";
  }
}

/** 413: more bytes than the server takes. */
export class PayloadTooLargeError extends SandboxError {
  static {
    PayloadTooLargeError.prototype.name = "PayloadTooLargeError";
  }
}

/** 429: too many requests. */
export class RateLimitError extends SandboxError {
  static {
    RateLimitError.prototype.name = "RateLimitError";
  }
  /** How long the server asks to wait, in milliseconds; undefined when it does not say. */
  declare readonly retryAfterMs: number | undefined;
}

/** 5xx: the server failed. */
export class ServerError extends SandboxError {
  static {
    ServerError.prototype.name = "ServerError";
  }
  /** How long the server asks to wait, in milliseconds; undefined when it does not say. */
  declare readonly retryAfterMs: number | undefined;
}
