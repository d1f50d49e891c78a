import { signals } from "@porter-sandbox/spec/signals";
import { killScript, outputScript } from "../commands/job-scripts.ts";
import { invalidValue } from "../errors/invalid-value.ts";
import { ConflictError } from "../errors/status-errors.ts";
import { type HandleJson, handleJson } from "../resources/handle-json.ts";
import type { Client } from "../transport/client.ts";
import type { CallOptions } from "../transport/scope.ts";
import { ask, type JobStatus, statusesOf, statusOf, waitForAll } from "./job-status.ts";

/** What `job.output()` takes. */
export interface JobOutputOptions extends CallOptions {
  /** How many bytes of each output to answer, from its end: 1,048,576 at most. Default: what the job was started with. */
  outputBytes?: number | undefined;
}

/** The ends of what a job wrote, and its state at that moment. */
export interface JobOutput extends JobStatus {
  /** The end of standard output. */
  readonly stdout: string;
  /** The end of standard error. */
  readonly stderr: string;
  /** Whether there is more before `stdout`; `stdout_bytes` says how much there is in all. */
  readonly stdout_truncated: boolean;
  /** The same of `stderr`. */
  readonly stderr_truncated: boolean;
}

/** How to wait for a job. */
export interface JobWaitOptions extends CallOptions {
  /** Milliseconds between two looks. Default: 100 at first, then more and more, up to 5,000. */
  pollMs?: number | undefined;
}

/** What `job.toJSON()` makes, with which `porter.jobs.fromJSON` finds it again. Nothing in it is secret. */
export interface JobJson extends HandleJson<"job"> {
  /** The id of its sandbox. */
  readonly sandbox_id: string;
  /** How many bytes of each output `output()` answers. */
  readonly output_bytes: number;
}

export const DEFAULT_OUTPUT_BYTES = 65_536;
const LARGEST_OUTPUT_BYTES = 1_048_576;

export function checkOutputBytes(field: string, value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LARGEST_OUTPUT_BYTES)
    return value as number;
  throw invalidValue(field, value, `must be a whole number of bytes from 0 to ${LARGEST_OUTPUT_BYTES}`);
}

/** Lets a handle know what the sandbox said. */
export let learn: (job: Job, status: JobStatus) => JobStatus;
/** Whether something is a handle. */
export let isJob: (value: unknown) => value is Job;

/**
 * A command that runs in the background of a sandbox, from `sandbox.jobs`. It holds no connection: any number of handles,
 * in any number of programs, can stand for the same job.
 * ```ts
 * const job = await sandbox.jobs.start("make all");
 * console.log(JSON.stringify(job)); // later, elsewhere: await porter.jobs.fromJSON(text)
 * const { state, exit_code } = await job.wait();
 * ```
 */
export class Job {
  static {
    learn = (job, status) => {
      job.lastStatus = status;
      return status;
    };
    isJob = (value): value is Job => typeof value === "object" && value !== null && #client in value;
  }
  readonly #client: Client;
  readonly #outputBytes: number;
  /** Its id, unique in its sandbox. */
  readonly id: string;
  /** The id of its sandbox. */
  readonly sandboxId: string;
  /** Its state when it was last asked for; null before that. */
  lastStatus: JobStatus | null = null;

  /** @internal */
  constructor(client: Client, sandboxId: string, id: string, outputBytes = DEFAULT_OUTPUT_BYTES) {
    this.#client = client;
    this.#outputBytes = outputBytes;
    this.sandboxId = sandboxId;
    this.id = id;
  }

  /**
   * Its state now. When its sandbox has ended it is `lost`, with the `error` that says why.
   * @throws {NotFoundError} when the sandbox has no such job.
   */
  async status(options?: CallOptions): Promise<JobStatus> {
    const [status] = await statusesOf(this.#client, this.sandboxId, [this.id], options);
    return learn(this, status as JobStatus);
  }

  /**
   * Waits until it has ended, in whatever way, for as long as that takes unless `timeoutMs` says otherwise. This does
   * not affect the job. A request that fails for a moment is repeated.
   * @throws {SandboxTimeoutError} when the time is up: the job goes on; {NotFoundError} when there is no such job.
   */
  async wait(options?: JobWaitOptions): Promise<JobStatus> {
    const [status] = await waitForAll(this.#client, [this], options);
    return learn(this, status as JobStatus);
  }

  /**
   * The last of what it wrote so far. Bytes that are not UTF-8 become replacement characters.
   * @throws {SandboxNotRunningError} when the sandbox has ended; {NotFoundError} when it has no such job.
   */
  async output({ outputBytes, ...options }: JobOutputOptions = {}): Promise<JobOutput> {
    const bytes = outputBytes === undefined ? this.#outputBytes : checkOutputBytes("outputBytes", outputBytes);
    const { stdout, stderr } = await ask(this.#client, this.sandboxId, outputScript(this.id, bytes), options);
    const end = stdout.indexOf("\n");
    const status = learn(this, statusOf(this.sandboxId, this.id, stdout.slice(0, end)));
    const truncated = { stdout: status.stdout_bytes > bytes, stderr: status.stderr_bytes > bytes };
    const running = status.state === "running";
    return {
      ...status,
      stdout: whole(stdout.slice(end + 1), truncated.stdout, running),
      stderr: whole(stderr, truncated.stderr, running),
      stdout_truncated: truncated.stdout,
      stderr_truncated: truncated.stderr,
    };
  }

  /**
   * Sends a signal. `SIGKILL`, the default, ends the job with everything it started; any other goes to its process group.
   * One that has ended is left alone. Resolves when the signal is sent; `wait()` waits for the end.
   * @throws {NotFoundError} when the sandbox has no such job; {ConflictError} when the sandbox's user may not.
   */
  async kill(signal = "SIGKILL", options?: CallOptions): Promise<void> {
    if (!Object.hasOwn(signals, signal))
      throw invalidValue("signal", signal, `must be one of ${Object.keys(signals).join(", ")}`);
    const answer = await ask(this.#client, this.sandboxId, killScript(this.id, signal.slice(3)), options, 1);
    const [line = "", refused] = answer.stdout.split("\n");
    learn(this, statusOf(this.sandboxId, this.id, line));
    if (refused === "refused")
      throw new ConflictError(`The sandbox's own user may send no signals to job ${this.id}`, {
        code: "signal_refused",
        admitted: true,
      });
  }

  /** What finds it again, in this program or another: see `porter.jobs.fromJSON`. Holds nothing secret. */
  toJSON(): JobJson {
    return handleJson("job", this.id, { sandbox_id: this.sandboxId, output_bytes: this.#outputBytes });
  }
}

/** Takes out what is left of a character that was cut in two, or is only half written. */
function whole(text: string, cut: boolean, running: boolean): string {
  const begun = cut ? text.replace(/^\ufffd{1,3}/, "") : text;
  return running ? begun.replace(/\ufffd$/, "") : begun;
}
