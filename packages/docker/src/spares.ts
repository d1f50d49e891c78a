import type { Clock } from "@porter-sandbox/spec";

/** Things that are kept ready, and made anew when nobody is in need of what the making takes away from them. */
export interface Spares<T> {
  /** Somebody who may take one is on the way, until the answer is called: meanwhile nothing is made anew. */
  coming(): () => void;
  /** One that stands, or is being made; it may reject. Undefined when there is none. */
  take(): Promise<T> | undefined;
  /** No more are made. Answers those that are there. */
  close(): Promise<T[]>;
}

export interface SparesOptions<T> {
  /** How many are kept. */
  readonly size: number;
  readonly clock: Clock;
  readonly make: () => Promise<T>;
}

/** For how long nobody may have come before the first is made. */
export const calmMs = 100;
/** Where that never happens, as many as are missing are made all the same after this time. */
export const patienceMs = 5_000;

/**
 * None is made before the first is asked for: who never needs one keeps none. One is made at a time. After one that could not
 * be made it is not tried again before the next who comes has gone, who makes its own and sees why.
 */
export function createSpares<T>({ size, clock, make }: SparesOptions<T>): Spares<T> {
  const kept: Promise<T>[] = [];
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

  const missing = () => (wanted && !closed ? size - kept.length : 0);

  /** Has what is missing made, in its time. */
  function later(): void {
    cancelCalm();
    if (missing() <= 0) return;
    if (awaited === 0) cancelCalm = clock.schedule(fill, calmMs);
    cancelPatience ??= clock.schedule(() => {
      cancelPatience = undefined;
      due = missing();
      void fill();
    }, patienceMs);
  }

  function rest(): void {
    cancelCalm();
    cancelPatience?.();
    cancelPatience = undefined;
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
      else rest();
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
      const one = kept.shift();
      later();
      return one;
    },
    async close() {
      closed = true;
      rest();
      const made = await Promise.allSettled(kept.splice(0));
      return made.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    },
  };
}
