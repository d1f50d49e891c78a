import type { Clock } from "@porter-sandbox/spec";

/** A clock that only moves when it is told to. */
export class StepClock implements Clock {
  #now = Date.parse("2026-11-20T09:00:00Z");
  #timers: { at: number; run: () => void }[] = [];

  now(): number {
    return this.#now;
  }
  schedule(callback: () => void, ms: number): () => void {
    const timer = { at: this.#now + ms, run: callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }
  /** How many callbacks wait: none may be left when a call is over. */
  get pending(): number {
    return this.#timers.length;
  }
  /** Moves to the next timer and runs it; false when there is none. */
  step(): boolean {
    const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
    if (!next) return false;
    this.#timers = this.#timers.filter((one) => one !== next);
    this.#now = next.at;
    next.run();
    return true;
  }
  /** Lets everything happen that needs no time, then moves on, until the promise settles. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    promise.then(
      () => (settled = true),
      () => (settled = true),
    );
    for (let idle = 0; !settled; ) {
      await turn();
      await turn();
      if (settled) break;
      idle = this.step() ? 0 : idle + 1;
      if (idle > 50) throw new Error("nothing will ever settle this promise");
    }
    return promise;
  }
}

/** Lets all that is ready run. */
export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
