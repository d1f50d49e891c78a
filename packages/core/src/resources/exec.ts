import { CommandTimeoutError } from "../errors/client-errors.ts";
import { type End, notRunningError } from "../errors/lifecycle-errors.ts";
import { ConflictError } from "../errors/status-errors.ts";
import type { Client } from "../transport/client.ts";
import { readJson } from "../transport/readers.ts";
import { perform, withinScope } from "../transport/request.ts";
import type { CallOptions, Scope } from "../transport/scope.ts";
import type { ExecResult, StatusResponse } from "../types.ts";

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2000;
/** What stands for the code of an answer that had none. */
const UNCODED = /^http_/;

/** Runs a command; waits first while the sandbox is not yet running. */
export function exec(
  client: Client,
  id: string,
  command: readonly string[],
  options: CallOptions | undefined,
): Promise<ExecResult> {
  const parts = { path: { id }, body: { command } };
  return withinScope(client, "execSandbox", parts, options, timedOut, (scope) =>
    whenRunning(client, scope, id, async () => {
      const result = (await perform(client, scope, "execSandbox", parts, readJson)) as ExecResult;
      result.reason ??= "unknown";
      return result;
    }),
  );
}

/**
 * Sends a command, by `attempt`, as soon as the sandbox runs; never once there are only `graceMs` left until the scope's
 * deadline: what would begin then could only be given up.
 */
export async function whenRunning<T>(
  client: Client,
  scope: Scope,
  id: string,
  attempt: () => Promise<T>,
  graceMs = 0,
): Promise<T> {
  let wait = FIRST_WAIT_MS;
  for (let raced = false; ; ) {
    try {
      return await attempt();
    } catch (error) {
      // Only a refusal that says "not yet" is followed by another attempt: nothing was admitted.
      if (scope.over || !(error instanceof ConflictError)) throw error;
      const told = error as ConflictError & Partial<End>;
      if (error.code !== "sandbox_not_running" && !UNCODED.test(error.code)) throw error;
      const end = told.phase ? told : await statusOf(client, scope, id);
      const { phase } = end;
      if (phase === "running" && !raced) {
        // It began to run between the refusal and the question.
        raced = true;
        continue;
      }
      if (phase !== "queued" && phase !== "creating") throw notRunningError(error.message, { ...error }, end);
      scope.lastFailure = error;
      // Some jitter, so that a fleet does not ask in step.
      const delay = wait * (0.75 + client.random() / 2);
      const left = scope.left() - graceMs;
      if (left > 0) await scope.sleep(Math.min(delay, left));
      if (delay >= left) throw scope.late();
      wait = Math.min(wait * 1.6, LONGEST_WAIT_MS);
    }
  }
}

/** For servers whose refusal does not say where the sandbox is. */
export async function statusOf(client: Client, scope: Scope, id: string): Promise<StatusResponse> {
  const status = (await perform(client, scope, "getSandbox", { path: { id } }, readJson)) as StatusResponse;
  scope.admitted = false;
  return status;
}

export function timedOut(timeoutMs: number, { admitted, lastFailure }: Scope): CommandTimeoutError {
  const started = admitted !== false;
  return new CommandTimeoutError(
    started
      ? `The command took longer than ${timeoutMs} ms; whether it still runs is not known`
      : `The sandbox was not running within ${timeoutMs} ms; the command was not started`,
    {
      code: "timeout",
      admitted,
      retryable: !started,
      cause: lastFailure,
      stdout: "",
      stderr: "",
      killed: started && "unknown",
    },
  );
}
