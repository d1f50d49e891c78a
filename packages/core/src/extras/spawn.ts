import { checkExecOptions, MAX_EXEC_TIMEOUT_MS } from "@porter-sandbox/spec/exec-options";
import { EXEC_STREAM_TYPE } from "@porter-sandbox/spec/stream-frames";
import { compileCommand } from "../commands/compile.ts";
import { CommandTimeoutError } from "../errors/client-errors.ts";
import { invalidValue } from "../errors/invalid-value.ts";
import { invalidRequest } from "../errors/status-errors.ts";
import { timedOut } from "../resources/exec.ts";
import { readHandleJson } from "../resources/handle-json.ts";
import type { Client } from "../transport/client.ts";
import { call, checkCall, openScope, perform, type RequestParts } from "../transport/request.ts";
import { type CallOptions, type OnTimeout, shared } from "../transport/scope.ts";
import type { ProcessStatus } from "../types.ts";
import { extensionsOf, need } from "./capabilities.ts";
import { Process, type ProcessJson, type TtySize } from "./process.ts";
import { follow, GRACE_MS, readOpened } from "./process-connection.ts";
import { whenRunning } from "./when-running.ts";

/** Where, with what environment and as whom a command runs. */
export interface CommandOptions {
  /** The directory it starts in, an absolute path. Default: the image's. */
  cwd?: string | undefined;
  /** Environment variables, over those of the sandbox. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** A user's name or number. Default: the sandbox's own. */
  user?: string | undefined;
}

/** What `sandbox.spawn` takes. */
export interface SpawnOptions extends CommandOptions {
  /** Whether its standard input stays open, for `process.write()` and `process.stdin`. Default: it is empty. */
  stdin?: boolean | undefined;
  /** Gives it a terminal of this size; its two outputs are one then, `stdout`. */
  tty?: TtySize | undefined;
  /** After so many milliseconds it is killed with everything it started, and its `reason` is `timed_out`. Default: none. */
  timeoutMs?: number | undefined;
  /** Kills it; its streams and `exited` fail with the signal's reason. */
  signal?: AbortSignal | null | undefined;
}

/** What `sandbox.processes.attach` takes. */
export interface AttachOptions extends CallOptions {
  /** How many bytes of standard output to leave out. Default: `stdout_offset` of the `ProcessJson` given, or 0. */
  stdoutOffset?: number | undefined;
  /** The same of standard error. */
  stderrOffset?: number | undefined;
}

/** The fields of the extension `exec_options` in the body of an exec. */
export interface ExecFields {
  cwd?: string | undefined;
  env?: Record<string, string> | undefined;
  user?: string | undefined;
  timeout_ms?: number | undefined;
  stdin?: boolean | undefined;
  tty?: TtySize | undefined;
  max_output_bytes?: number | undefined;
}

/** Stands for a command where only the options of a call are to be checked. */
export const ANY_COMMAND: RequestParts = { path: { id: "any" }, body: { command: ["any"] } };

/** What callers call fields that have another name on the wire. */
const OPTIONS: Readonly<Record<string, string>> = { timeout_ms: "timeoutMs", max_output_bytes: "maxOutputBytes" };

/** @throws {InvalidRequestError} that names the first of `fields` that breaks a rule, as the caller knows it. */
export function checkFields(fields: ExecFields): void {
  const found = checkExecOptions(setOnes(fields));
  if (found) throw invalidValue(OPTIONS[found.field] ?? found.field, found.value, found.rule);
}

/** The fields of a record that are set. */
export function setOnes<T extends object>(record: T | undefined): Record<string, string> | undefined {
  if (typeof record !== "object" || record === null) return record;
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

/** A time as the server takes it: whole, and above 0. */
export const toMilliseconds = (timeoutMs: number) => Math.max(1, Math.ceil(timeoutMs));

/** The time of a command that somebody waits for. */
export interface Limit {
  /** By the clock. Then the server kills it, or it is never sent. */
  readonly deadline: number;
  /** What is thrown when the server said nothing of it a little later. */
  readonly late: OnTimeout;
}

/** Starts a command; resolves when it has begun. */
export async function spawn(
  client: Client,
  sandboxId: string,
  command: string | readonly string[],
  options: SpawnOptions = {},
  limit?: Limit,
): Promise<Process> {
  const { cwd, env, user, stdin, tty, timeoutMs, signal } = options;
  const around = { cwd, env: setOnes(env), user };
  const fields: ExecFields = {
    ...around,
    timeout_ms: timeoutMs === undefined || timeoutMs === Infinity ? undefined : toMilliseconds(timeoutMs),
    stdin: stdin || undefined,
    tty,
  };
  checkCall("execSandbox", ANY_COMMAND, { signal, timeoutMs });
  // A time beyond what servers take is kept here, where it can be.
  checkFields({ ...fields, timeout_ms: undefined });
  // Nothing is asked of the server for a command that cannot be sent.
  compileCommand({ command, cwd, env });
  const asks = Object.values(fields).some((field) => field !== undefined);
  const extended = asks && (await extensionsOf(client, { signal })).includes("exec_options");
  if (extended) checkFields(fields);
  // Only these cannot be had by other means.
  if (tty) await need(client, "exec_options", "tty", { signal });
  if (stdin) {
    await need(client, "exec_options", "stdin", { signal });
    await need(client, "processes", "stdin", { signal });
  }
  const compiled = compileCommand({ command, ...(!extended && around) });
  const body = { command: compiled.argv, ...(extended && fields) };
  const parts = { path: { id: sandboxId }, body, headers: { accept: EXEC_STREAM_TYPE } };
  const limits = {
    timeoutMs: limit ? limit.deadline + GRACE_MS - client.clock.now() : extended ? undefined : timeoutMs,
  };

  const { exec_id, following } = await follow(client, {
    sandboxId,
    offsets: { stdout: 0, stderr: 0 },
    signal,
    scope: (onFail) => openScope(client, "execSandbox", parts, limits, limit?.late ?? timedOut, onFail),
    open: (scope) =>
      whenRunning(
        client,
        scope,
        sandboxId,
        async () => {
          if (signal?.aborted) throw signal.reason;
          const left = limit ? limit.deadline - client.clock.now() : Infinity;
          if (left <= 0) throw scope.late();
          if (left <= MAX_EXEC_TIMEOUT_MS) Object.assign(body, { timeout_ms: Math.ceil(left) });
          const opened = await perform(client, scope, "execSandbox", parts, readOpened);
          const refusal = "result" in opened && compiled.refusal(opened.result);
          if (refusal) throw refusal;
          return opened;
        },
        limit && GRACE_MS,
      ),
    abandon(exec_id, reason) {
      if (!signal?.aborted && !(reason instanceof CommandTimeoutError)) return;
      // Nobody waits for it: the caller has been told already.
      call(client, "killProcess", { path: { id: sandboxId, exec_id }, body: {} }, undefined).catch(() => {});
    },
  });
  return new Process(client, sandboxId, exec_id, following, 0);
}

/** Follows a process that runs, or ended not long ago. */
export async function attach(
  client: Client,
  sandboxId: string,
  process: string | ProcessJson,
  options: AttachOptions = {},
): Promise<Process> {
  const { signal, timeoutMs } = options;
  const from: Record<string, unknown> =
    typeof process === "string" ? { id: process } : readHandleJson("process", process);
  const { id: exec_id, sandbox_id = sandboxId, stdout_offset = 0, stderr_offset = 0 } = from;
  if (sandbox_id !== sandboxId) throw invalidRequest("sandbox_id", "must be the id of this sandbox");
  const offsets = {
    stdout: options.stdoutOffset ?? (stdout_offset as number),
    stderr: options.stderrOffset ?? (stderr_offset as number),
  };
  const path = { id: sandboxId, exec_id: exec_id as string };
  const whole = timeoutMs === undefined ? { signal } : shared(client, { signal, timeoutMs });
  await need(client, "processes", "attach", whole);
  const { stdin_bytes } = await call<ProcessStatus>(client, "getProcess", { path }, whole);
  const parts: RequestParts = { path, query: { stdout_offset: offsets.stdout, stderr_offset: offsets.stderr } };
  const left: OnTimeout = (timeoutMs) =>
    new CommandTimeoutError(`The process was followed for ${timeoutMs} ms; it goes on`, {
      code: "timeout",
      admitted: true,
      retryable: true,
      stdout: "",
      stderr: "",
      killed: false,
    });
  const { following } = await follow(client, {
    sandboxId,
    offsets,
    scope: (onFail) => openScope(client, "readProcessOutput", parts, whole, left, onFail),
    open: (scope) => perform(client, scope, "readProcessOutput", parts, readOpened),
  });
  return new Process(client, sandboxId, path.exec_id, following, stdin_bytes);
}

/** What the server knows of the processes of a sandbox, oldest first. */
export async function list(client: Client, sandboxId: string, options?: CallOptions): Promise<ProcessStatus[]> {
  const whole = shared(client, options);
  await need(client, "processes", "list", whole);
  const path = { id: sandboxId };
  return (await call<{ processes: ProcessStatus[] }>(client, "listProcesses", { path }, whole)).processes;
}
