/**
 * What is due later: one heap by time, one timer of the clock for its head. A request also asks for what is due, so that
 * nothing depends on timers being punctual, or running at all between the requests of an edge runtime.
 */
import type { Clock } from "@porter-sandbox/spec";

export type Task =
  | "expire"
  | "idle"
  | "reap"
  | "resume"
  | "retry"
  | "stop"
  | "remove_sandbox"
  | "remove_volume"
  | "remove_snapshot";

interface Entry {
  readonly at: number;
  readonly task: Task;
  readonly id: string;
}

export interface Agenda {
  add(at: number, task: Task, id: string): void;
  /** Runs what is due by now; undefined when nothing is and nothing that was is still running. */
  runDue(): Promise<void> | undefined;
  close(): void;
}

/** `run` must not reject. */
export function createAgenda(clock: Clock, run: (task: Task, id: string) => Promise<void>): Agenda {
  const heap: Entry[] = [];
  let timer: { readonly at: number; readonly cancel: () => void } | undefined;
  let running: Promise<void> | undefined;
  let closed = false;

  const before = (a: number, b: number): boolean => (heap[a]?.at ?? Infinity) < (heap[b]?.at ?? Infinity);
  const swap = (a: number, b: number): void => {
    const [x, y] = [heap[a], heap[b]];
    if (x === undefined || y === undefined) return;
    heap[a] = y;
    heap[b] = x;
  };

  function push(entry: Entry): void {
    heap.push(entry);
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >>> 1;
      if (!before(i, parent)) break;
      swap(i, parent);
      i = parent;
    }
  }

  function pop(): Entry | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      const child = before(left + 1, left) ? left + 1 : left;
      if (!before(child, i)) break;
      swap(i, child);
      i = child;
    }
    return first;
  }

  function arm(): void {
    const head = heap[0];
    if (closed || head === undefined || timer?.at === head.at) return;
    timer?.cancel();
    const cancel = clock.schedule(
      () => {
        timer = undefined;
        void runDue();
      },
      Math.max(0, head.at - clock.now()),
    );
    timer = { at: head.at, cancel };
  }

  function runDue(): Promise<void> | undefined {
    const now = clock.now();
    const due: Promise<void>[] = [];
    while (!closed && heap[0] !== undefined && heap[0].at <= now) {
      const entry = pop();
      if (entry !== undefined) due.push(run(entry.task, entry.id));
    }
    if (due.length > 0) {
      const batch: Promise<void> = Promise.all([running, ...due]).then(() => {
        if (running === batch) running = undefined;
      });
      running = batch;
    }
    arm();
    return running;
  }

  return {
    add(at, task, id) {
      if (closed) return;
      push({ at, task, id });
      if (heap[0]?.id === id) arm();
    },
    runDue,
    close() {
      closed = true;
      timer?.cancel();
      timer = undefined;
      heap.length = 0;
    },
  };
}
