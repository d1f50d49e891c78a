import { type Clock, systemClock } from "@porter-sandbox/spec";
import { createSchedule } from "./schedule.ts";

/** A clock that a test moves. */
export interface VirtualClock extends Clock {
  /**
   * Moves the time `ms` milliseconds forward. Callbacks that fall due run in the order of their time (first scheduled
   * first among equals), each seeing its own due time as `now()`, and what a callback sets off gets a turn to run
   * before the next one. Calls queue up behind each other.
   */
  advance(ms: number): Promise<void>;
  /** How many callbacks wait. */
  pending(): number;
  /** Drops every waiting callback and lets go of the system's timer. */
  close(): void;
}

/** What `createVirtualClock` takes. */
export interface VirtualClockOptions {
  /** Where the time starts: milliseconds since the epoch or a `Date`. Default: now. A given start stands still. */
  readonly start?: number | Date | undefined;
  /** `true`: time moves only by `advance`. Default: `true` with a `start`, else `false`: it runs along as well. */
  readonly frozen?: boolean | undefined;
}

/**
 * A clock for tests: frozen, or running with the system's time, and movable either way.
 *
 * @example
 * ```ts
 * const clock = createVirtualClock({ start: Date.UTC(2030, 0, 1) });
 * clock.schedule(() => console.log("an hour later"), 3_600_000);
 * await clock.advance(3_600_000);
 * ```
 */
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const frozen = options.frozen ?? options.start !== undefined;
  const start = options.start === undefined ? systemClock.now() : Number(options.start);
  if (!Number.isFinite(start)) throw new TypeError("start: must be a time in milliseconds or a valid Date");

  const schedule = createSchedule();
  // Virtual time is `base` plus what the system's clock has gone since `anchor`; while it is being moved it is `held`.
  let base = start;
  let anchor = systemClock.now();
  let held: number | undefined;
  let wakeUp: { at: number; cancel: () => void } | undefined;
  let moves: Promise<void> = Promise.resolve();

  const now = () => held ?? (frozen ? base : base + Math.max(0, systemClock.now() - anchor));

  /** Keeps one timer of the system for the earliest callback, however many wait. */
  const arm = () => {
    if (frozen || held !== undefined) return;
    const next = schedule.nextDue();
    if (next === wakeUp?.at) return;
    wakeUp?.cancel();
    wakeUp = undefined;
    if (next === undefined) return;
    wakeUp = { at: next, cancel: systemClock.schedule(runDue, Math.max(0, next - now())) };
  };
  const runDue = () => {
    wakeUp = undefined;
    if (held !== undefined) return;
    for (let entry = schedule.takeDue(now()); entry; entry = schedule.takeDue(now())) run(entry.callback);
    arm();
  };

  const move = async (ms: number) => {
    const target = now() + ms;
    held = now();
    try {
      // What was started before the move gets to the point where it waits for the clock.
      await settle();
      for (let entry = schedule.takeDue(target); entry; entry = schedule.takeDue(target)) {
        held = Math.max(held, entry.due);
        run(entry.callback);
        if (schedule.nextDue() !== entry.due) await settle();
      }
      held = target;
      await settle();
    } finally {
      base = target;
      anchor = systemClock.now();
      held = undefined;
      // The system's timer was set for a time that is nearer now.
      wakeUp?.cancel();
      wakeUp = undefined;
      arm();
    }
  };

  return {
    now,
    schedule(callback, ms) {
      const cancel = schedule.add(callback, now() + Math.max(0, ms));
      arm();
      return () => {
        cancel();
        arm();
      };
    },
    advance(ms) {
      if (!(Number.isFinite(ms) && ms >= 0)) {
        return Promise.reject(new RangeError(`ms: must be a finite number of at least 0 (got ${ms})`));
      }
      const moved = moves.then(() => move(ms));
      moves = moved.catch(() => {});
      return moved;
    },
    pending: () => schedule.size(),
    close() {
      schedule.clear();
      arm();
    },
  };
}

/** One callback's failure must not keep the others from running. */
function run(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/**
 * Lets everything that can go on without the clock go on: promises by themselves, and a few turns of the event loop
 * for what takes one.
 */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await nextTurn();
}

/** A turn of the event loop: by a message where there are channels, which is sooner than any timer and never faked. */
function nextTurn(): Promise<void> {
  if (typeof MessageChannel === "undefined") return new Promise((resolve) => setTimeout(resolve, 0));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      // An open port would keep the process alive.
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
