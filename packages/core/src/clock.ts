import { type Clock, systemClock } from "@porter-sandbox/spec";

/**
 * The system's clock for a client. Unlike the shared one its timers keep the process alive: while a client waits before
 * it asks again, nothing else might.
 */
export const clientClock: Clock = {
  now: () => Date.now(),
  schedule(callback, ms) {
    // Longer than a timer can take (24 days) is left to the shared clock, which splits it.
    if (ms > 0x7fffffff) return systemClock.schedule(callback, ms);
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
