interface Entry {
  readonly due: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** Callbacks by time, first scheduled first among equals. Adding, cancelling and taking cost O(log n). */
interface Schedule {
  /** Answers a function that cancels it. */
  add(callback: () => void, due: number): () => void;
  nextDue(): number | undefined;
  /** Takes out the earliest callback that is due at `time`. */
  takeDue(time: number): { due: number; callback: () => void } | undefined;
  size(): number;
  clear(): void;
}

/** A binary heap. Cancelled entries stay in it, emptied, until they come up or are the greater part. */
export function createSchedule(): Schedule {
  let heap: Entry[] = [];
  let live = 0;
  let count = 0;

  const swap = (i: number, j: number, a: Entry, b: Entry) => {
    heap[i] = b;
    heap[j] = a;
  };
  const up = (from: number) => {
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >> 1;
      const a = heap[parent];
      const b = heap[i];
      if (!a || !b || before(a, b)) return;
      swap(parent, i, a, b);
      i = parent;
    }
  };
  const down = (from: number) => {
    for (let i = from; ; ) {
      const left = 2 * i + 1;
      const [a, l, r] = [heap[i], heap[left], heap[left + 1]];
      if (!a || !l) return;
      const [child, c] = r && before(r, l) ? [left + 1, r] : [left, l];
      if (before(a, c)) return;
      swap(i, child, a, c);
      i = child;
    }
  };
  const pop = () => {
    const top = heap[0];
    const last = heap.pop();
    if (last && heap.length > 0) {
      heap[0] = last;
      down(0);
    }
    return top;
  };
  /** Drops cancelled entries from the top. */
  const peek = () => {
    while (heap[0] && !heap[0].callback) pop();
    return heap[0];
  };
  const compact = () => {
    if (heap.length < 64 || live * 2 > heap.length) return;
    // A sorted list is a heap.
    heap = heap.filter((entry) => entry.callback).sort((a, b) => (before(a, b) ? -1 : 1));
  };

  return {
    add(callback, due) {
      const entry: Entry = { due, order: count++, callback };
      heap.push(entry);
      up(heap.length - 1);
      live++;
      return () => {
        if (!entry.callback) return;
        entry.callback = undefined;
        live--;
        compact();
      };
    },
    nextDue: () => peek()?.due,
    takeDue(time) {
      const entry = peek();
      if (!entry?.callback || entry.due > time) return undefined;
      pop();
      live--;
      const { callback, due } = entry;
      // Cancelling after it ran does nothing.
      entry.callback = undefined;
      return { due, callback };
    },
    size: () => live,
    clear() {
      for (const entry of heap) entry.callback = undefined;
      heap = [];
      live = 0;
    },
  };
}

function before(a: Entry, b: Entry): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
