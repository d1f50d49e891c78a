import type { OperationId } from "@porter-sandbox/spec/operations";
import { NotFoundError } from "../errors/status-errors.ts";
import type { ExecOptions } from "../extras/exec-options.ts";
import type { Process } from "../extras/process.ts";
import type { Snapshot } from "../extras/snapshots.ts";
import type { SpawnOptions } from "../extras/spawn.ts";
import type { Client } from "../transport/client.ts";
import { call, type RequestParts } from "../transport/request.ts";
import type { CallOptions } from "../transport/scope.ts";
import type {
  ExecResult,
  FollowQuery,
  LogLine,
  LogsQuery,
  MetricsQuery,
  MetricsResponse,
  MetricsSummary,
  SandboxJson,
  SnapshotRequest,
  StatusResponse,
  StatusResponsePhase,
  WaitOptions,
} from "../types.ts";
import { exec } from "./exec.ts";
import { handleJson } from "./handle-json.ts";
import { jobCode, type SandboxJobs } from "./jobs.ts";
import { asGiven, lazily } from "./lazy.ts";
import { type Processes, processCode } from "./processes.ts";
import { SandboxFiles } from "./sandbox-files.ts";

/** What not every program needs is loaded when it is used. */
const waiting = () => import("../extras/waiting.ts");
const logReading = () => import("../extras/log-reading.ts");

/** Lets a handle know what the server said. */
export let learn: (sandbox: Sandbox, status: StatusResponse) => void;

/** What is known of a sandbox when its handle is made. */
export interface KnownSandbox {
  id: string;
  name?: string | null | undefined;
  tags?: Readonly<Record<string, string>> | null | undefined;
  status?: StatusResponse | undefined;
}

/**
 * A handle on one sandbox. It holds no connection: any number of handles, in any number of programs, can stand for the
 * same sandbox.
 *
 * `await using` terminates it at the end of the block:
 * ```ts
 * await using sandbox = await porter.sandboxes.create({ image: "python:3.12-slim" });
 * const { stdout } = await sandbox.exec(["python", "-c", "print('hi')"]);
 * ```
 */
export class Sandbox {
  static {
    learn = (sandbox, status) => #client in sandbox && sandbox.#learn(status);
  }
  readonly #client: Client;
  /** Made by the server; stays the same for ever. */
  readonly id: string;
  /** Its name; null when the handle was made from an id alone and never refreshed. */
  name: string | null;
  /** The phase when last heard of; null before that. */
  phase: StatusResponsePhase | null;
  /** The tags when last heard of; null before that. */
  tags: Record<string, string> | null;
  /** Everything the server said last, by `refresh()` or in a list; null before that. */
  status: StatusResponse | null = null;

  /** @internal Handles come from `porter.sandboxes`. */
  constructor(client: Client, known: KnownSandbox) {
    this.#client = client;
    this.id = known.id;
    this.name = known.name ?? null;
    this.phase = null;
    this.tags = known.tags ? { ...known.tags } : null;
    if (known.status) this.#learn(known.status);
  }

  #learn(status: StatusResponse): StatusResponse {
    this.status = status;
    this.name = status.name;
    this.phase = status.phase;
    this.tags = status.tags ?? {};
    return status;
  }

  /** Asks for the status, and updates `phase`, `tags`, `name` and `status` with it. */
  async refresh(options?: CallOptions): Promise<StatusResponse> {
    return this.#learn(await this.#call<StatusResponse>("getSandbox", options));
  }

  /**
   * Runs a command and waits for its end: a list of arguments as it is, or one line for `sh`. While the sandbox is queued
   * or being created, `exec` waits until it runs. A command is never sent twice.
   * ```ts
   * const { stdout } = await sandbox.exec("sort | uniq -c", { cwd: "/data", stdin: words, timeoutMs: 10_000 });
   * ```
   * @param options `cwd`, `env`, `user`, `stdin` and a line need `sh` in the image where the server has nothing better.
   * @throws {CommandTimeoutError} when `timeoutMs` is up; {SandboxNotRunningError} when the sandbox has ended;
   * {StreamInterruptedError} when the output broke off: how the command ended is not known then.
   */
  async exec(command: string | readonly string[], options?: ExecOptions): Promise<ExecResult> {
    // A list of arguments, and a signal at most, is what every server takes as it is.
    if (typeof command !== "string" && Object.keys({ signal: null, ...options }).length === 1)
      return exec(this.#client, this.id, command, options);
    const given = asGiven([command, options ?? {}] as const);
    return (await import("../extras/exec-options.ts")).execWith(this.#client, this.id, ...given);
  }

  /**
   * Starts a command and returns when it has begun, so that its output can be read as it comes. It can be written to and killed. It goes on
   * when nobody reads, and ends with the sandbox. On a server without streams the output comes in one piece, when the command has ended.
   * @throws {UnsupportedError} when `stdin` or `tty` is asked of a server that lacks them.
   */
  async spawn(command: string | readonly string[], options?: SpawnOptions): Promise<Process> {
    const given = asGiven([command, options] as const);
    return (await processCode()).spawn(this.#client, this.id, ...given);
  }

  /** The commands that were started with `spawn`. */
  get processes(): Processes {
    return lazily(processCode, "list attach", this.#client, this.id);
  }

  /** Commands that go on when this program ends. */
  get jobs(): SandboxJobs {
    return lazily(jobCode, "start get list fromJSON", this.#client, this.id);
  }

  /**
   * Its files, while it runs.
   * ```ts
   * await sandbox.files.writeText("/app/main.py", "print('hi')");
   * for await (const { path } of sandbox.files.iterdir("/app")) console.log(path);
   * ```
   */
  get files(): SandboxFiles {
    return new SandboxFiles(this.#client, this.id);
  }

  /**
   * Waits until it runs, for as long as that takes unless `timeoutMs` says otherwise.
   * @throws {SandboxNotRunningError} as soon as it has ended instead: of a subclass such as {@link SandboxImagePullError}
   * where the server says why; {SandboxTimeoutError} when the time is up.
   */
  async waitUntilRunning(options?: WaitOptions): Promise<StatusResponse> {
    return (await waiting()).waitFor(this.#client, this, "running", options);
  }

  /** Waits until it has ended, in whatever way, and returns its last status: `phase`, `exit_code`, `reason`. */
  async wait(options?: WaitOptions): Promise<StatusResponse> {
    return (await waiting()).waitFor(this.#client, this, "ended", options);
  }

  /**
   * Extends its life to at least `ttl_seconds` from now. A later end is kept.
   * @param ttl_seconds from 1 to 31,536,000 (365 days).
   * @returns the status after that.
   * @throws {UnsupportedError} when the server cannot do that.
   */
  async extendTtl(ttl_seconds: number, options?: CallOptions): Promise<StatusResponse> {
    const { extendTtl } = await import("../extras/ttl.ts");
    return this.#learn(await extendTtl(this.#client, this.id, ttl_seconds, options));
  }

  /**
   * Follows the log: the lines that there are, and then others as they come, each of them once, until the sandbox has
   * ended and all of its lines are out.
   * ```ts
   * for await (const { line } of sandbox.logs({ follow: true })) console.log(line);
   * ```
   * @param options hold for each request.
   * @throws {LogGapError} from a step, when lines may be lost; see `onGap`.
   */
  logs(query: FollowQuery, options?: CallOptions): AsyncGenerator<LogLine, void, undefined>;
  /**
   * The log lines of the workload and of commands, oldest first; they outlive the sandbox.
   * @throws {UnsupportedError} when the server cannot filter, and has more lines than the client can look through.
   */
  logs(query?: LogsQuery, options?: CallOptions): Promise<LogLine[]>;
  logs(query: LogsQuery | FollowQuery = {}, options?: CallOptions) {
    return query.follow ? this.#follow(query, options) : this.#logs(query, options);
  }

  async #logs({ follow: _, ...query }: LogsQuery, options?: CallOptions): Promise<LogLine[]> {
    if ((query.until ?? query.level ?? query.exec_id) !== undefined)
      return (await logReading()).filteredLogs(this.#client, this.id, query, options);
    return (await this.#call<{ logs: LogLine[] }>("getSandboxLogs", options, { query })).logs;
  }

  async *#follow(query: FollowQuery, options?: CallOptions): AsyncGenerator<LogLine, void, undefined> {
    yield* (await logReading()).followLogs(this.#client, this.id, query, options);
  }

  /** What finds it again, in this program or another: see `porter.sandboxes.fromJSON`. Holds nothing secret. */
  toJSON(): SandboxJson {
    return handleJson("sandbox", this.id, { name: this.name });
  }

  /** Ends it. Terminating one that has ended changes nothing. */
  terminate(options?: CallOptions): Promise<void> {
    return this.#call("terminateSandbox", options);
  }

  /**
   * The samples of one metric between two times, oldest first; by default those of the last hour. The metrics are `cpu_cores`
   * (in cores), `mem_bytes` (in bytes), and `network_rx_bytes_per_second` and `network_tx_bytes_per_second` (in bytes a second).
   * ```ts
   * const { results } = await sandbox.metrics({ metric: "mem_bytes" });
   * for (const { timestamp_utc, value } of results[0]?.series[0]?.time_series ?? []) console.log(timestamp_utc, value);
   * ```
   * @throws {UnsupportedError} when the server does not measure.
   */
  async metrics(query: MetricsQuery, options?: CallOptions): Promise<MetricsResponse> {
    return (await import("../extras/metrics.ts")).metrics(this.#client, this.id, query, options);
  }

  /**
   * The median and the 90th percentile of CPU and memory use over a window that ends now.
   * @param query `since` is the window's length, a duration from `3m` to `24h`. Default `1h`.
   * @throws {UnsupportedError} when the server does not measure.
   */
  async metricsSummary(query?: { since?: string | undefined }, options?: CallOptions): Promise<MetricsSummary> {
    return (await import("../extras/metrics.ts")).metricsSummary(this.#client, this.id, query, options);
  }

  /** Keeps its file system, without volumes; the sandbox keeps running. Start another from it by `snapshot_id`. */
  async snapshot(request?: SnapshotRequest, options?: CallOptions): Promise<Snapshot> {
    return (await import("../extras/snapshots.ts")).create(this.#client, this.id, request, options);
  }

  /** Terminates it at the end of an `await using` block; one that is gone already is fine. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.terminate();
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }

  #call<T>(id: OperationId, options?: CallOptions, parts?: RequestParts): Promise<T> {
    return call(this.#client, id, { path: { id: this.id }, ...parts }, options);
  }
}
