import type { SandboxTimeoutError } from "@porter-sandbox/core";
import { invalid } from "./check-transfer.ts";

interface Bounds {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

/** The longest delay that timers take; a limit that is longer is none. */
const LONGEST_TIMER_MS = 0x7fffffff;

/**
 * Does all that a transfer is made of within one time. What is under way when it is over hears of it by its signal, whose
 * reason is the error that the transfer ends with.
 */
export async function withinTime<T>(
  { signal, timeoutMs = Number.POSITIVE_INFINITY }: Bounds,
  Late: typeof SandboxTimeoutError,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  if (!(typeof timeoutMs === "number" && timeoutMs > 0))
    throw invalid("timeoutMs", `must be a number of milliseconds above 0 (got ${String(timeoutMs)})`);
  const abort = new AbortController();
  const onAbort = () => abort.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const late = () =>
    abort.abort(new Late(`The transfer took longer than ${timeoutMs} ms`, { code: "timeout", admitted: "unknown" }));
  const timer = timeoutMs <= LONGEST_TIMER_MS ? setTimeout(late, timeoutMs) : undefined;
  try {
    return await work(abort.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
