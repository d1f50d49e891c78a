import type { Clock } from "@porter-sandbox/spec";

export interface ManualClock extends Clock {
  /** Moves time on, and runs what falls due on the way at the moment at which it does. */
  advance(ms: number): Promise<void>;
  /** Moves time on (or back) without running anything, as where timers are lost. */
  jump(ms: number): void;
  readonly pending: number;
}

/** Lets everything that waits for nothing but promises go on. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

export function createManualClock(start = Date.UTC(2026, 0, 2, 3, 4, 5)): ManualClock {
  let now = start;
  const timers = new Set<{ at: number; callback: () => void }>();
  return {
    now: () => now,
    schedule(callback, ms) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.callback();
        await settle();
      }
      now = end;
    },
    jump(ms) {
      now += ms;
    },
    get pending() {
      return timers.size;
    },
  };
}
