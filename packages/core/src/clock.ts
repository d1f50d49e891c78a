import type { Clock } from "@porter-sandbox/spec";

/** The longest delay that timers take, 24 days; a longer one would fire at once. */
const LONGEST_TIMER_MS = 0x7fffffff;

/**
 * The system's clock for a client. Unlike the server's its timers keep the process alive: while a client waits before it
 * asks again, nothing else might. A limit that is longer than timers can be is no limit.
 */
export const clientClock: Clock = {
  now: () => Date.now(),
  schedule(callback, ms) {
    if (ms > LONGEST_TIMER_MS) return () => {};
    const timer = setTimeout(callback, Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};
