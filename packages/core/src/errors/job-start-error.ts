import { SandboxError } from "./sandbox-error.ts";

/**
 * A job was not started (`code` is `job_not_started`, `admitted` is `false`), or nobody can tell whether it was
 * (`job_start_unknown`, `"unknown"`), as when the answer was lost. Then `sandbox.jobs.get(error.jobId)` finds out, and starting it
 * again with `id: error.jobId` never starts it twice. The class is loaded with the jobs, so tell it by its `code`.
 */
export class JobStartError extends SandboxError {
  static {
    JobStartError.prototype.name = "JobStartError";
  }
  declare readonly code: "job_not_started" | "job_start_unknown";
  /** The id that the job has, or would have. */
  declare readonly jobId: string;
  /** The id of the sandbox. */
  declare readonly sandboxId: string;
}
