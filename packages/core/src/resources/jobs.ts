import type { Job, JobStartOptions, JobStatus, JobsWaitOptions } from "../extras/jobs.ts";
import type { CallOptions } from "../transport/scope.ts";

/** `sandbox.jobs`: commands that go on when this program ends. */
export interface SandboxJobs {
  /**
   * Starts a command in the background and returns as soon as it has begun: arguments as they are, or one line for `sh`.
   * Waits first while the sandbox is not yet running. The job goes on without this program until it ends, is killed, or
   * its sandbox ends.
   *
   * It works by `exec` alone, so on any server; the image needs `sh` and `setsid` (busybox, util-linux). What it writes is
   * kept in files in the sandbox, under `/tmp`. A job does not count as use of a sandbox with an idle timeout; asking
   * about it does, so `wait()` keeps such a sandbox alive.
   * ```ts
   * const job = await sandbox.jobs.start("python train.py --epochs 100", { cwd: "/app" });
   * const { state, exit_code } = await job.wait({ timeoutMs: 3_600_000 });
   * const { stdout } = await job.output();
   * ```
   * @throws {JobStartError} when it was not started, or nobody knows: its `jobId` finds it then;
   * {SandboxNotRunningError} when the sandbox has ended; {UnsupportedError} when the sandbox lacks `sh`,
   * `setsid` or `/proc`.
   */
  start(command: string | readonly string[], options?: JobStartOptions): Promise<Job>;

  /**
   * Finds a job by its id, whoever started it, with its `lastStatus`.
   * @throws {NotFoundError} when the sandbox has no such job.
   */
  get(id: string, options?: CallOptions): Promise<Job>;

  /** All jobs of the sandbox, also those that have ended, oldest first, each with its `lastStatus`. */
  list(options?: CallOptions): Promise<Job[]>;

  /**
   * A handle from what a job's `toJSON()` gave, as a value or as text, without asking whether there is such a job.
   * @throws {InvalidRequestError} naming the field that is not what it must be.
   */
  fromJSON(json: unknown): Promise<Job>;
}

/** `porter.jobs`: jobs of many sandboxes together. */
export interface Jobs {
  /**
   * The states of many jobs, in their order: one request for each sandbox, however many of its jobs there are.
   * @throws {NotFoundError} when there is no such job.
   */
  status(jobs: readonly Job[], options?: CallOptions): Promise<JobStatus[]>;

  /** Waits until every one of many jobs has ended, and returns their states, in their order. */
  wait(jobs: readonly Job[], options?: JobsWaitOptions): Promise<JobStatus[]>;

  /**
   * A handle from what a job's `toJSON()` gave, of whatever sandbox.
   * @throws {InvalidRequestError} naming the field that is not what it must be.
   */
  fromJSON(json: unknown): Promise<Job>;
}

/** What starts jobs and looks after them is loaded when it is used. */
export const jobCode = () => import("../extras/jobs.ts");
