import { SandboxError } from "./sandbox-error.ts";

/**
 * A job was not started (`admitted` is `false`), or nobody can tell whether it was (`"unknown"`), as when the answer was
 * lost. Then `sandbox.jobs.get(error.jobId)` tells; starting again with `id: error.jobId` never starts it twice.
 */
export class JobStartError extends SandboxError {
  static {
    JobStartError.prototype.name = "JobStartError";
  }
  declare readonly jobId: string;
  declare readonly sandboxId: string;
}
