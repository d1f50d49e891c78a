/** How jobs are: asked of their sandboxes, once for each, and waited for. */

import { isEnded } from "@porter-sandbox/spec";
import { inParallel } from "@porter-sandbox/spec/in-parallel";
import { signals } from "@porter-sandbox/spec/signals";
import { readState, statusScript } from "../commands/job-scripts.ts";
import { ConnectionError, MalformedResponseError, SandboxTimeoutError } from "../errors/client-errors.ts";
import { invalidValue } from "../errors/invalid-value.ts";
import { SandboxError } from "../errors/sandbox-error.ts";
import {
  invalidRequest,
  NotFoundError,
  RateLimitError,
  SandboxNotRunningError,
  ServerError,
  UnsupportedError,
} from "../errors/status-errors.ts";
import { exec } from "../resources/exec.ts";
import type { Client } from "../transport/client.ts";
import { withinScope } from "../transport/request.ts";
import { type CallOptions, type Scope, shared } from "../transport/scope.ts";
import type { ExecResult } from "../types.ts";
import { AT_ONCE } from "./fleet.ts";
import type { JobWaitOptions } from "./job.ts";
import { lateError, poll, unlimited } from "./polling.ts";

/** The state of a job. */
export interface JobStatus {
  /** The job's id. */
  readonly id: string;
  /** The id of its sandbox. */
  readonly sandbox_id: string;
  /**
   * - `running`
   * - `exited`: by itself; `exit_code` says how. 128 and a signal's number is what a shell says of a signal.
   * - `killed`: by a signal that `kill` sent, which is `signal`.
   * - `lost`: it does not run, and how it ended was never written down: the sandbox was restarted or has ended
   *   (`error` says so), or what watched over the job was killed.
   */
  readonly state: "running" | "exited" | "killed" | "lost";
  /** Of one that exited or was killed. */
  readonly exit_code?: number | undefined;
  /** Such as `SIGTERM`. */
  readonly signal?: string | undefined;
  /** When it began, by the sandbox's clock: RFC 3339, in whole seconds. */
  readonly started_at?: string | undefined;
  /** When it ended, in the same way. */
  readonly finished_at?: string | undefined;
  /** How many bytes of standard output it has written. */
  readonly stdout_bytes: number;
  /** The same of standard error. */
  readonly stderr_bytes: number;
  /** Why it is lost, when its sandbox has ended. */
  readonly error?: SandboxNotRunningError | undefined;
}

/** How far a wait for many jobs is. */
export interface JobsProgress {
  /** How many jobs are waited for. */
  readonly total: number;
  /** How many have ended. */
  readonly ended: number;
  /** Those that ended since the round before. */
  readonly changed: readonly JobStatus[];
}

/** How to wait for many jobs. */
export interface JobsWaitOptions extends JobWaitOptions {
  /** Called after each round in which one ended. What it throws ends the wait. */
  onProgress?: ((progress: JobsProgress) => void) | undefined;
}

/** What finds a job. */
export interface JobKey {
  readonly sandboxId: string;
  readonly id: string;
}

const LOOKS = 3;
const LONGEST_WAIT_MS = 5000;
const FIRST_WAIT_MS = 100;
/** How many jobs one request asks for: their ids must fit into its body. */
const IDS_AT_ONCE = 5000;

/**
 * Runs one of the scripts for jobs. One that only looks is run again when it was killed, as it is when the sandbox ends
 * just then: the next answer says so.
 */
export async function ask(
  client: Client,
  sandboxId: string,
  script: readonly string[],
  options?: CallOptions,
  looks = LOOKS,
): Promise<ExecResult> {
  const whole = shared(client, options);
  const result = await exec(client, sandboxId, script, whole);
  const { exit_code } = result;
  if (exit_code === 0) return result;
  if (exit_code === 126 || exit_code === 127) throw withoutShell();
  if (exit_code > 128 && looks > 1) return ask(client, sandboxId, script, whole, looks - 1);
  throw new SandboxError(`The jobs of sandbox ${sandboxId} could not be asked for: exit code ${exit_code}`, {
    code: "job_script_failed",
    admitted: true,
  });
}

export const withoutShell = (what = "sh") =>
  new UnsupportedError(`jobs: the image has no ${what}`, { code: "unsupported", field: "jobs" });

/** The state that a line tells. */
export function statusOf(sandboxId: string, id: string, line: string): JobStatus {
  const read = readState(line);
  if (read?.id !== id)
    throw new MalformedResponseError(`The sandbox said nothing of job ${id}`, {
      code: "malformed_response",
      field: "stdout",
      admitted: true,
    });
  const { state, exit_code, started, finished, sent, stdout_bytes, stderr_bytes } = read;
  if (state === "none")
    throw new NotFoundError(`Sandbox ${sandboxId} has no job ${id}`, { code: "not_found", admitted: true });
  // A code that is exactly what a signal sent from here would leave counts as that signal's doing.
  const by =
    state === "exited" && sent.map((name) => `SIG${name}`).find((name) => exit_code === 128 + (signals[name] ?? 0));
  const time = (seconds: number | undefined) =>
    seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();
  return {
    id,
    sandbox_id: sandboxId,
    state: by ? "killed" : state,
    ...(exit_code !== undefined && { exit_code }),
    ...(by && { signal: by }),
    ...(started !== undefined && { started_at: time(started) }),
    ...(finished !== undefined && { finished_at: time(finished) }),
    stdout_bytes,
    stderr_bytes,
  };
}

/**
 * The states of jobs of one sandbox, by one request. With `which` "ended" those that run are left out; without ids there
 * are all.
 */
export async function statusesOf(
  client: Client,
  sandboxId: string,
  ids: readonly string[],
  options?: CallOptions,
  which: "all" | "ended" = "all",
): Promise<JobStatus[]> {
  let stdout: string;
  try {
    ({ stdout } = await ask(client, sandboxId, statusScript(which, ids), options));
  } catch (error) {
    // Whatever it was that they did, it has ended.
    if (ids.length > 0 && error instanceof SandboxNotRunningError && isEnded(error.phase ?? ""))
      return ids.map((id) => ({
        id,
        sandbox_id: sandboxId,
        state: "lost",
        stdout_bytes: 0,
        stderr_bytes: 0,
        error,
      }));
    throw error;
  }
  const lines = stdout.split("\n").filter((line) => line !== "");
  const statuses = lines.map((line) => statusOf(sandboxId, line.slice(0, line.indexOf(" ")), line));
  if (which === "all")
    for (const [index, id] of ids.entries()) if (statuses[index]?.id !== id) statusOf(sandboxId, id, "");
  return statuses;
}

/** One round: a request for each sandbox, some of them at once. Answers the states by sandbox and job. */
async function askRound(
  client: Client,
  jobs: readonly JobKey[],
  which: "all" | "ended",
  options: CallOptions | undefined,
): Promise<Map<string, JobStatus>> {
  const bySandbox = new Map<string, Set<string>>();
  for (const { sandboxId, id } of jobs) bySandbox.set(sandboxId, (bySandbox.get(sandboxId) ?? new Set()).add(id));
  const asks = [...bySandbox].flatMap(([sandboxId, set]) => {
    const ids = [...set];
    return Array.from({ length: Math.ceil(ids.length / IDS_AT_ONCE) }, (_, at) => ({
      sandboxId,
      ids: ids.slice(at * IDS_AT_ONCE, (at + 1) * IDS_AT_ONCE),
    }));
  });
  const found = new Map<string, JobStatus>();
  await inParallel(asks, AT_ONCE, options?.signal, async ({ sandboxId, ids }, own) => {
    const statuses = await statusesOf(client, sandboxId, ids, { ...options, ...own }, which);
    for (const status of statuses) found.set(keyOf({ sandboxId, id: status.id }), status);
  });
  return found;
}

const keyOf = ({ sandboxId, id }: JobKey) => `${sandboxId}/${id}`;

/** The states of jobs of many sandboxes, in their order. */
export async function statusOfAll(
  client: Client,
  jobs: readonly JobKey[],
  options?: CallOptions,
): Promise<JobStatus[]> {
  const found = await askRound(client, jobs, "all", options);
  return jobs.map((job) => found.get(keyOf(job)) as JobStatus);
}

/** Waits until all have ended. Only those that have are told of, so that a round leaves nothing in the sandbox's log. */
export async function waitForAll(
  client: Client,
  jobs: readonly JobKey[],
  options: JobsWaitOptions = {},
): Promise<JobStatus[]> {
  const { onProgress, pollMs } = options;
  if (onProgress !== undefined && typeof onProgress !== "function")
    throw invalidRequest("onProgress", "must be a function");
  if (pollMs !== undefined && !(typeof pollMs === "number" && pollMs > 0))
    throw invalidValue("pollMs", pollMs, "must be a number of milliseconds above 0");
  const waiting = new Map(jobs.map((job) => [keyOf(job), job]));
  const ended = new Map<string, JobStatus>();
  const total = waiting.size;
  if (total === 0) return [];

  const timedOut = (timeoutMs: number, { lastFailure }: Scope) => {
    const [first] = waiting.values();
    const what = total === 1 ? `Job ${first?.id} had not ended` : `${waiting.size} of ${total} jobs had not ended`;
    return lateError(what, timeoutMs, { cause: lastFailure, where: undefined });
  };
  let failures = 0;
  await withinScope(client, "listSandboxes", {}, unlimited(options), timedOut, (scope) =>
    poll(
      client,
      scope,
      pollMs ?? LONGEST_WAIT_MS,
      async () => {
        let found: Map<string, JobStatus>;
        try {
          found = await askRound(client, [...waiting.values()], "ended", { signal: scope.signal });
        } catch (error) {
          if (scope.over || error instanceof RateLimitError || !isPassing(error) || ++failures > client.maxRetries)
            throw error;
          scope.lastFailure = error;
          return undefined;
        }
        failures = 0;
        if (scope.over) return undefined;
        for (const [key, status] of found) {
          ended.set(key, status);
          waiting.delete(key);
        }
        if (found.size > 0) await onProgress?.({ total, ended: ended.size, changed: [...found.values()] });
        return waiting.size === 0 ? true : undefined;
      },
      pollMs ?? FIRST_WAIT_MS,
    ),
  );
  return jobs.map((job) => ended.get(keyOf(job)) as JobStatus);
}

/** What looking again may get over. A look changes nothing, so it may be repeated though an exec may not. */
function isPassing(error: unknown): error is SandboxError {
  return error instanceof ConnectionError || error instanceof ServerError || error instanceof SandboxTimeoutError;
}
