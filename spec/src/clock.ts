/**
 * Time as a value. The client, the control plane and the engines ask a clock and never the system, so a test can move
 * hours in a millisecond.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /**
   * Runs `callback` once, `ms` milliseconds from now. Answers a function that cancels it; cancelling twice, or after it
   * ran, does nothing. Whether a pending callback keeps the process alive is up to the clock.
   */
  schedule(callback: () => void, ms: number): () => void;
}

/** The longest delay that timers take (2^31 - 1 ms, 24.8 days); beyond it they fire at once. */
const LONGEST_TIMER_MS = 0x7fffffff;

/** The system's clock. A pending callback never keeps the process alive by itself. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(callback, ms) {
    let timer: ReturnType<typeof setTimeout>;
    const arm = (left: number) => {
      const step = Math.min(Math.max(left, 0), LONGEST_TIMER_MS);
      timer = setTimeout(() => (left > step ? arm(left - step) : callback()), step);
      // Only Node, Bun and Deno's Node layer hand out timers that can let the process go.
      (timer as { unref?: () => void }).unref?.();
    };
    arm(ms);
    return () => clearTimeout(timer);
  },
};
