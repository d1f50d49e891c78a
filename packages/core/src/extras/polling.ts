/** Asking again and again, until there is an answer or the caller's time is up. */
import { SandboxTimeoutError } from "../errors/client-errors.ts";
import { RateLimitError } from "../errors/status-errors.ts";
import type { Client } from "../transport/client.ts";
import type { CallOptions, Scope } from "../transport/scope.ts";

const FIRST_WAIT_MS = 100;
/** The longest wait while the server asks for fewer requests. */
const LONGEST_THROTTLED_MS = 30_000;

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
  let wait = firstMs;
  let longest = longestMs;
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
    if (throttled(scope)) {
      longest = Math.min(longest * 2, LONGEST_THROTTLED_MS);
      wait = longest;
    }
    await scope.sleep(Math.max(least, wait * (0.75 + client.random() / 2)));
    wait = Math.min(wait * 1.6, longest);
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
