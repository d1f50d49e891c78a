import { CommandTimeoutError } from "../errors/client-errors.ts";
import { ConflictError } from "../errors/status-errors.ts";
import type { Client } from "../transport/client.ts";
import { readJson } from "../transport/readers.ts";
import { perform, withinScope } from "../transport/request.ts";
import type { CallOptions, Scope } from "../transport/scope.ts";
import type { ExecResult } from "../types.ts";
import { asGiven } from "./lazy.ts";

/** Runs a command; waits first while the sandbox is not yet running. */
export function exec(
  client: Client,
  id: string,
  command: readonly string[],
  options: CallOptions | undefined,
): Promise<ExecResult> {
  const parts = { path: { id }, body: { command: asGiven(command) } };
  return withinScope(client, "execSandbox", parts, options, timedOut, async (scope) => {
    const attempt = () => perform(client, scope, "execSandbox", parts, readJson) as Promise<ExecResult>;
    const first = attempt();
    const result = await first.catch(async (error) => {
      if (!(error instanceof ConflictError)) throw error;
      const { whenRunning } = await import("../extras/when-running.ts");
      return whenRunning(client, scope, id, attempt, 0, first);
    });
    result.reason ??= "unknown";
    return result;
  });
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
