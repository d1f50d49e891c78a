import type { ErrorDetails } from "./sandbox-error.ts";
import { SandboxNotRunningError } from "./status-errors.ts";

/** The sandbox ran out of memory. */
export class SandboxOOMError extends SandboxNotRunningError {
  static {
    SandboxOOMError.prototype.name = "SandboxOOMError";
  }
}

/** The image could not be pulled, so the sandbox never started. */
export class SandboxImagePullError extends SandboxNotRunningError {
  static {
    SandboxImagePullError.prototype.name = "SandboxImagePullError";
  }
}

/** The sandbox's time was over: its time to live (`reason` is `expired`), or its idle timeout (`idle`). */
export class SandboxExpiredError extends SandboxNotRunningError {
  static {
    SandboxExpiredError.prototype.name = "SandboxExpiredError";
  }
}

const BY_REASON: Readonly<Record<string, typeof SandboxNotRunningError>> = {
  out_of_memory: SandboxOOMError,
  image_pull: SandboxImagePullError,
  expired: SandboxExpiredError,
  idle: SandboxExpiredError,
};

/** What is known of a sandbox that does not run: its status, or what a server says when it refuses. */
export interface End {
  readonly phase?: string | null | undefined;
  readonly exit_code?: number | undefined;
  readonly reason?: string | undefined;
}

/** The error for a sandbox that does not run: of the class that fits the reason, where the server gives one. */
export function notRunningError(message: string, details: ErrorDetails, end: End): SandboxNotRunningError {
  const { phase = null, exit_code, reason } = end;
  const Kind = BY_REASON[reason ?? ""] ?? SandboxNotRunningError;
  return new Kind(message, { ...details, phase, exit_code, reason });
}
