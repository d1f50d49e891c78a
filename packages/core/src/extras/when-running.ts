/** Commands for a sandbox that is not yet running. */
import { type End, notRunningError } from "../errors/lifecycle-errors.ts";
import { ConflictError } from "../errors/status-errors.ts";
import type { Client } from "../transport/client.ts";
import { readJson } from "../transport/readers.ts";
import { perform } from "../transport/request.ts";
import type { Scope } from "../transport/scope.ts";
import type { StatusResponse } from "../types.ts";
import { createBackoff } from "./backoff.ts";

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2000;
/** What stands for the code of an answer that had none. */
const UNCODED = /^http_/;

/**
 * Sends a command, by `attempt`, as soon as the sandbox runs; never once there are only `graceMs` left until the scope's
 * deadline: what would begin then could only be given up. The `first` attempt may have been made already.
 */
export async function whenRunning<T>(
  client: Client,
  scope: Scope,
  id: string,
  attempt: () => Promise<T>,
  graceMs = 0,
  first = attempt(),
): Promise<T> {
  const backoff = createBackoff(client.random, FIRST_WAIT_MS, LONGEST_WAIT_MS);
  let raced = false;
  for (let result = first; ; result = attempt()) {
    try {
      return await result;
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
      const delay = backoff.next();
      const left = scope.left() - graceMs;
      if (left > 0) await scope.sleep(Math.min(delay, left));
      if (delay >= left) throw scope.late();
    }
  }
}

/** For servers whose refusal does not say where the sandbox is. */
export async function statusOf(client: Client, scope: Scope, id: string): Promise<StatusResponse> {
  const status = (await perform(client, scope, "getSandbox", { path: { id } }, readJson)) as StatusResponse;
  scope.admitted = false;
  return status;
}
