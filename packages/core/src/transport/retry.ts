import { ConnectionError, SandboxTimeoutError, StreamInterruptedError } from "../errors/client-errors.ts";
import type { SandboxError } from "../errors/sandbox-error.ts";
import { RateLimitError, ServerError } from "../errors/status-errors.ts";

/** How an operation may be repeated; the spec says it for each. */
export type RetryClass = "safe" | "idempotent" | "keyed" | "never";

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8000;

/** Whether what went wrong may be gone at the next attempt. */
export function isTransient(failure: SandboxError): boolean {
  return (
    failure instanceof ConnectionError ||
    failure instanceof StreamInterruptedError ||
    failure instanceof SandboxTimeoutError ||
    failure instanceof RateLimitError ||
    // 501: the server says that it will never do it.
    (failure instanceof ServerError && failure.statusCode !== 501)
  );
}

/**
 * Milliseconds until the next attempt, after `attempt` of them: what the server asks for, else anything up to a bound
 * that doubles (full jitter), so that many clients do not come back at the same moment.
 */
export function retryDelay(attempt: number, failure: SandboxError, random: () => number): number {
  const { retryAfterMs } = failure as Partial<RateLimitError>;
  return retryAfterMs ?? random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
}

/** Reads `Retry-After`: seconds, or an HTTP date. */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  const text = value?.trim();
  if (!text) return undefined;
  const at = /^\d+(\.\d+)?$/.test(text) ? now + Number(text) * 1000 : Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
