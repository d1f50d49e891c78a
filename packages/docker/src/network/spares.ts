import type { Clock } from "@porter-sandbox/spec";

/** Things that are kept ready, and made anew when nobody is in need of what the making takes away from them. */
interface Spares<T> {
  /** Somebody who may take one is on the way, until the answer is called: meanwhile nothing is made anew. */
  coming(): () => void;
  /** One that stands, or is being made; it may reject. Undefined when there is none. */
  take(): Promise<T> | undefined;
  /** No more are made. Answers those that are there. */
  close(): Promise<T[]>;
}

interface SparesOptions<T> {
  /** How many are kept at least. */
  readonly least: number;
  /** How many are kept at most, after a burst that asked for as many. */
  readonly most: number;
  readonly clock: Clock;
  readonly make: () => Promise<T>;
  /** Does away with one that is kept no longer. */
  readonly drop: (one: T) => void;
}

/** For how long nobody may have come before the first is made. */
export const calmMs = 100;
/** Where that never happens, as many as are missing are made all the same after this time. */
export const patienceMs = 5_000;
/** What a burst took is kept at least this long, and at most twice as long when no such burst comes again. */
export const memoryMs = 600_000;

/**
 * None is made before the first is asked for: who never needs one keeps none. As many are kept as the largest burst of late
 * asked for, a burst being all that ask before nobody comes for a while. One is made at a time. After one that could not
 * be made it is not tried again before the next who comes has gone, who makes its own and sees why.
 */
export function createSpares<T>({ least, most, clock, make, drop }: SparesOptions<T>): Spares<T> {
  const kept: Promise<T>[] = [];
  /** How many are kept now. */
  let size = least;
  /** How many were asked for in the burst that goes on, and in the largest since `size` was last looked at. */
  let burst = 0;
  let largest = 0;
  /** How many are on the way. */
  let awaited = 0;
  /** How many are to be made whoever comes. */
  let due = 0;
  /** Whether any was ever asked for. */
  let wanted = false;
  let filling = false;
  let closed = false;
  let cancelCalm = () => {};
  let cancelPatience: (() => void) | undefined;
  let cancelMemory: (() => void) | undefined;

  const missing = () => (wanted && !closed ? size - kept.length : 0);

  /** Has what is missing made, in its time: when the burst is over. */
  function later(): void {
    cancelCalm();
    if (!wanted || closed) return;
    if (awaited === 0) {
      cancelCalm = clock.schedule(() => {
        burst = 0;
        void fill();
      }, calmMs);
    }
    if (missing() <= 0) return;
    cancelPatience ??= clock.schedule(() => {
      cancelPatience = undefined;
      due = missing();
      void fill();
    }, patienceMs);
  }

  const within = (wish: number) => Math.min(Math.max(wish, least), most);

  /** Keeps as many as the burst asks for, and remembers it for a while. */
  function grow(): void {
    burst += 1;
    largest = Math.max(largest, burst);
    size = Math.max(size, within(largest));
    if (size > least && !closed) cancelMemory ??= clock.schedule(shrink, memoryMs);
  }

  function shrink(): void {
    cancelMemory = undefined;
    size = within(largest);
    largest = burst;
    for (const one of kept.splice(size)) one.then(drop, () => {});
    if (size > least) cancelMemory = clock.schedule(shrink, memoryMs);
  }

  function settle(): void {
    cancelPatience?.();
    cancelPatience = undefined;
  }

  function rest(): void {
    cancelCalm();
    settle();
  }

  async function fill(): Promise<void> {
    if (filling) return;
    filling = true;
    try {
      while (missing() > 0 && (awaited === 0 || due > 0)) {
        due = Math.max(0, due - 1);
        const one = make();
        kept.push(one);
        await one.catch((error) => {
          const at = kept.indexOf(one);
          if (at !== -1) kept.splice(at, 1);
          throw error;
        });
      }
      if (missing() > 0) later();
      else settle();
    } catch {
      due = 0;
      rest();
    } finally {
      filling = false;
    }
  }

  return {
    coming() {
      awaited += 1;
      cancelCalm();
      let here = false;
      return () => {
        if (here) return;
        here = true;
        awaited -= 1;
        later();
      };
    },
    take() {
      wanted = true;
      grow();
      const one = kept.shift();
      later();
      return one;
    },
    async close() {
      closed = true;
      rest();
      cancelMemory?.();
      const made = await Promise.allSettled(kept.splice(0));
      return made.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    },
  };
}
