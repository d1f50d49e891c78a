/** Asking again and again, until there is an answer or the caller's time is up. */
import { SandboxTimeoutError } from "../errors/client-errors.ts";
import { RateLimitError } from "../errors/status-errors.ts";
import type { Client } from "../transport/client.ts";
import type { CallOptions, Scope } from "../transport/scope.ts";
import { createBackoff } from "./backoff.ts";

const FIRST_WAIT_MS = 100;

/**
 * Asks until there is an answer. Waits longer each time, up to a bound, with some jitter so that many clients do not ask
 * in step; the bound itself grows while the server asks for fewer requests.
 */
export async function poll<T>(
  client: Client,
  scope: Scope,
  longestMs: number,
  ask: () => Promise<T | undefined>,
  firstMs = FIRST_WAIT_MS,
): Promise<T> {
  const backoff = createBackoff(client.random, firstMs, longestMs);
  for (;;) {
    let least = 0;
    scope.lastFailure = undefined;
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (scope.over || !(error instanceof RateLimitError)) throw error;
      least = error.retryAfterMs ?? 0;
      // Waiting beyond the caller's time would only turn a telling error into a timeout.
      if (least >= scope.left()) throw error;
      scope.lastFailure = error;
    }
    if (throttled(scope)) backoff.slower();
    await scope.sleep(Math.max(least, backoff.next()));
  }
}

/** Also when a repeat helped. */
const throttled = ({ lastFailure }: Scope): boolean => lastFailure instanceof RateLimitError;

/** A wait has no limit unless the caller sets one. */
export const unlimited = (options: CallOptions): CallOptions => ({
  signal: options.signal,
  timeoutMs: options.timeoutMs ?? Number.POSITIVE_INFINITY,
});

export function lateError(
  what: string,
  timeoutMs: number,
  { cause, where }: { cause: unknown; where: string | undefined },
) {
  const message = `${what} within ${timeoutMs} ms${where ? ` (${where})` : ""}`;
  return new SandboxTimeoutError(message, { code: "timeout", retryable: true, cause });
}
