import type { OperationId } from "@porter-sandbox/spec/operations";
import { NotFoundError } from "../errors/status-errors.ts";
import type { Client } from "../transport/client.ts";
import { call, type RequestParts } from "../transport/request.ts";
import type { CallOptions } from "../transport/scope.ts";
import type {
  ExecResult,
  LogLine,
  LogsQuery,
  MetricsQuery,
  MetricsResponse,
  MetricsSummary,
  SnapshotRequest,
  StatusResponse,
  StatusResponsePhase,
} from "../types.ts";
import { exec } from "./exec.ts";
import { Snapshot } from "./snapshot.ts";

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
  readonly #client: Client;
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
   * Runs a command and waits for its end. No shell interprets it: `["sh", "-c", "ls | wc -l"]` brings its own. While the
   * sandbox is queued or being created, `exec` waits until it runs. A command is never sent twice.
   * @param options `timeoutMs` is for the wait and the command together; default none.
   * @throws {CommandTimeoutError} when the time is up; {SandboxNotRunningError} when the sandbox has ended.
   */
  exec(command: readonly string[], options?: CallOptions): Promise<ExecResult> {
    return exec(this.#client, this.id, command, options);
  }

  /** The log lines of the workload and of commands, oldest first; they outlive the sandbox. */
  async logs(query?: LogsQuery, options?: CallOptions): Promise<LogLine[]> {
    return (await this.#call<{ logs: LogLine[] }>("getSandboxLogs", options, { query })).logs;
  }

  /** Ends it. Terminating one that has ended changes nothing. */
  terminate(options?: CallOptions): Promise<void> {
    return this.#call("terminateSandbox", options);
  }

  /** The samples of one metric. */
  metrics(query: MetricsQuery, options?: CallOptions): Promise<MetricsResponse> {
    return this.#call("getSandboxMetrics", options, { query });
  }

  /** Percentiles of use over a window; `since` is a duration from `3m` to `24h`. */
  metricsSummary(query?: { since?: string | undefined }, options?: CallOptions): Promise<MetricsSummary> {
    return this.#call("getSandboxMetricsSummary", options, { query });
  }

  /** Keeps its file system, without volumes; the sandbox keeps running. Start another from it by `snapshot_id`. */
  async snapshot(request?: SnapshotRequest, options?: CallOptions): Promise<Snapshot> {
    return new Snapshot(this.#client, await this.#call("createSnapshot", options, { body: request }));
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
