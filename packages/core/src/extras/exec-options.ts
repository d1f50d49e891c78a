import { MAX_EXEC_TIMEOUT_MS } from "@porter-sandbox/spec/exec-options";
import { bytesOf, compileCommand } from "../commands/compile.ts";
import { CommandTimeoutError, SandboxTimeoutError, StreamInterruptedError } from "../errors/client-errors.ts";
import { invalidRequest } from "../errors/status-errors.ts";
import { timedOut } from "../resources/exec.ts";
import type { Client } from "../transport/client.ts";
import { readJson } from "../transport/readers.ts";
import { checkCall, perform, withinScope } from "../transport/request.ts";
import type { CallOptions, OnTimeout } from "../transport/scope.ts";
import type { ExecResult } from "../types.ts";
import { extensionsOf } from "./capabilities.ts";
import { createKeeper, cut, type Kept } from "./kept-output.ts";
import type { Process } from "./process.ts";
import { GRACE_MS } from "./process-connection.ts";
import {
  ANY_COMMAND,
  type CommandOptions,
  checkFields,
  type ExecFields,
  setOnes,
  spawn,
  toMilliseconds,
} from "./spawn.ts";
import { whenRunning } from "./when-running.ts";

/** What `exec` takes. */
export interface ExecOptions extends CommandOptions, CallOptions {
  /** Its whole standard input. Default: empty. */
  stdin?: string | Uint8Array | undefined;
  /**
   * Milliseconds for the wait until the sandbox runs and the command together; default none. Then the command is killed,
   * where the server can, and the call rejects with a `CommandTimeoutError` that has the output so far.
   */
  timeoutMs?: number | undefined;
  /**
   * How many bytes of each output to keep: of a longer one the first half in `stdout` and the last in `stdout_tail`, with
   * `stdout_truncated`. Default: as much as the server gives, or 8 MiB where the output is read as it comes.
   */
  maxOutputBytes?: number | undefined;
  /**
   * Called with the standard output as it comes; a promise that it returns is waited for. Where a server answers only at the end it
   * comes in one piece. What it throws ends the command, and the call rejects with it.
   */
  onStdout?: ((text: string) => unknown) | undefined;
  /** The same for standard error. */
  onStderr?: ((text: string) => unknown) | undefined;
}

const DEFAULT_KEPT_BYTES = 8 * 1024 * 1024;

/** Runs a command with more than a plain `exec` has. */
export async function execWith(
  client: Client,
  id: string,
  command: string | readonly string[],
  options: ExecOptions,
): Promise<ExecResult> {
  const { cwd, user, maxOutputBytes, onStdout, onStderr, stdin, signal, timeoutMs } = options;
  const around = { cwd, env: setOnes(options.env), user };
  const fields: ExecFields = {
    ...around,
    // Beyond what servers take, the command is only given up.
    timeout_ms: timeoutMs === undefined || timeoutMs > MAX_EXEC_TIMEOUT_MS ? undefined : toMilliseconds(timeoutMs),
    max_output_bytes: maxOutputBytes,
  };
  checkCall("execSandbox", ANY_COMMAND, { signal, timeoutMs });
  checkFields(fields);
  for (const [name, value] of Object.entries({ onStdout, onStderr }))
    if (value !== undefined && typeof value !== "function") throw invalidRequest(name, "must be a function");
  if (stdin !== undefined) bytesOf(stdin);
  // What nothing is wrapped around is checked by it too.
  compileCommand({ command, cwd, env: around.env });
  const asks = Object.values(fields).some((field) => field !== undefined);
  const deadline = client.clock.now() + (timeoutMs ?? Infinity);
  const extensions =
    asks || stdin !== undefined || onStdout || onStderr ? await askWithin(client, { signal, timeoutMs }) : [];
  const extended = extensions.includes("exec_options");
  const streams = extended && extensions.includes("exec_streams") && extensions.includes("processes");
  if (streams && (stdin !== undefined || onStdout || onStderr)) return collect(client, id, command, options, deadline);

  const compiled = compileCommand({ command, ...(!extended && around), stdin });
  const graceMs = extended && fields.timeout_ms !== undefined ? GRACE_MS : 0;
  const limits = leftOf(client, options, deadline + graceMs);
  const parts = { path: { id }, body: { command: compiled.argv, ...(extended && fields) } };
  const late: typeof timedOut = (_, scope) => timedOut(timeoutMs ?? Infinity, scope);
  const result = await withinScope(client, "execSandbox", parts, limits, late, (scope) =>
    whenRunning(
      client,
      scope,
      id,
      async () => {
        const left = Math.ceil(deadline - client.clock.now());
        if (left <= 0) throw scope.late();
        if (graceMs) parts.body.timeout_ms = left;
        return (await perform(client, scope, "execSandbox", parts, readJson)) as ExecResult;
      },
      graceMs,
    ),
  );
  result.reason ??= "unknown";
  const refusal = compiled.refusal(result);
  if (refusal) throw refusal;
  if (maxOutputBytes !== undefined && !extended) cut(result, maxOutputBytes);
  const { stdout, stderr } = texts(result);
  const unheard = () => notHeard(timeoutMs, { stdout, stderr });
  if (onStdout || onStderr)
    await ranWithin(client, options, deadline + graceMs, unheard, async () => {
      await onStdout?.(stdout);
      await onStderr?.(stderr);
    });
  if (result.reason === "timed_out") throw timeoutWith(timeoutMs, result);
  return result;
}

/** Asks for the extensions within the time of the command, which was not sent yet. */
async function askWithin(client: Client, { signal, timeoutMs }: CallOptions): Promise<readonly string[]> {
  try {
    return await extensionsOf(client, { signal, timeoutMs });
  } catch (error) {
    if (timeoutMs === undefined || !(error instanceof SandboxTimeoutError)) throw error;
    throw new CommandTimeoutError(`The server did not answer within ${timeoutMs} ms; the command was not started`, {
      code: "timeout",
      retryable: true,
      stdout: "",
      stderr: "",
      killed: false,
      cause: error,
    });
  }
}

function timeoutWith(timeoutMs: number | undefined, { stdout, stdout_tail, stderr, stderr_tail }: Kept) {
  return new CommandTimeoutError(`The command took longer than ${timeoutMs} ms, and was killed`, {
    code: "timeout",
    admitted: true,
    stdout: stdout + (stdout_tail ?? ""),
    stderr: stderr + (stderr_tail ?? ""),
    killed: true,
  });
}

/** What is left of the limits of a call whose command has begun. */
function leftOf(client: Client, { signal, timeoutMs }: CallOptions, deadline: number): CallOptions {
  return { signal, timeoutMs: timeoutMs && Math.max(1, deadline - client.clock.now()) };
}

/** What is done about a command that the server took, within what is left of the limits of its call. */
function ranWithin<T>(
  client: Client,
  options: CallOptions,
  deadline: number,
  onTimeout: OnTimeout,
  work: () => Promise<T>,
): Promise<T> {
  return withinScope(client, "execSandbox", ANY_COMMAND, leftOf(client, options, deadline), onTimeout, (scope) => {
    scope.admitted = true;
    return work();
  });
}

function notHeard(timeoutMs: number | undefined, output: { stdout: string; stderr: string }) {
  return new CommandTimeoutError(
    `The command has ended, but what hears its output was not done with it within ${timeoutMs} ms`,
    { code: "timeout", admitted: true, killed: false, ...output },
  );
}

/** Runs it as a process, and puts together what a plain `exec` answers. */
async function collect(
  client: Client,
  id: string,
  command: string | readonly string[],
  options: ExecOptions,
  deadline: number,
): Promise<ExecResult> {
  const { cwd, env, user, stdin, signal, timeoutMs, onStdout, onStderr } = options;
  const { maxOutputBytes = DEFAULT_KEPT_BYTES } = options;
  const keeper = createKeeper(maxOutputBytes);
  const giveUp = new AbortController();
  const onAbort = () => giveUp.abort(signal?.reason);
  if (signal?.aborted) throw signal.reason;
  signal?.addEventListener("abort", onAbort);
  let process: Process | undefined;
  const late: OnTimeout = (_, { admitted, lastFailure }) =>
    new CommandTimeoutError(
      admitted === false
        ? `The sandbox was not running within ${timeoutMs} ms; the command was not started`
        : `The command took longer than ${timeoutMs} ms; it was told to end, and whether it did is not known`,
      {
        code: "timeout",
        admitted: process ? true : admitted,
        retryable: admitted === false,
        ...texts(keeper.kept()),
        killed: admitted === false ? false : "unknown",
        cause: lastFailure,
      },
    );
  try {
    const input = { stdin: stdin !== undefined, signal: giveUp.signal };
    process = await spawn(client, id, command, { cwd, env, user, ...input }, { deadline, late });
    let ended = false;
    process.exited.then(
      () => {
        ended = true;
      },
      () => {},
    );
    const read = async (name: "stdout" | "stderr", hear: ((text: string) => unknown) | undefined) => {
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      const tell = (text: string) => (text === "" ? undefined : hear?.(text));
      for await (const bytes of process?.[name] ?? []) {
        keeper.take(name, bytes);
        if (hear) await tell(decoder.decode(bytes, { stream: true }));
      }
      if (hear) await tell(decoder.decode());
    };
    const feed = async () => {
      if (stdin === undefined) return;
      try {
        await process?.write(stdin);
        await process?.closeStdin();
      } catch (error) {
        // A command may end, or close its input, without reading all of it: its output says what it thought of it.
        if (!/^(process_ended|stdin_closed)$/.test((error as { code?: string }).code ?? "")) throw error;
      }
    };
    // Those who hear it may take longer than the command; then nothing else is there to heed the limits.
    const unheard: OnTimeout = (limit, scope) =>
      ended ? notHeard(timeoutMs, texts(keeper.kept())) : late(limit, scope);
    await ranWithin(client, options, deadline + GRACE_MS, unheard, () =>
      Promise.all([read("stdout", onStdout), read("stderr", onStderr), feed()]),
    );
    const { exit_code, reason, signal: by, stdout_bytes, stderr_bytes } = await process.exited;
    const kept = keeper.kept();
    if (reason === "timed_out") throw timeoutWith(timeoutMs, kept);
    return { ...kept, exit_code, reason, ...(by && { signal: by }), stdout_bytes, stderr_bytes };
  } catch (error) {
    // Whatever it was, nobody waits for the command any more. It has ended, as a rule.
    giveUp.abort(error);
    if (error instanceof StreamInterruptedError)
      throw new StreamInterruptedError(error.message, { ...error, ...texts(keeper.kept()), cause: error.cause });
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

function texts({ stdout, stdout_tail, stderr, stderr_tail }: Kept) {
  return { stdout: stdout + (stdout_tail ?? ""), stderr: stderr + (stderr_tail ?? "") };
}
