/** What a process wrote last on one of its streams, for those who come later or fall behind. */

/** Small pieces are copied together into buffers of this size, so that a thousand writes of a byte are not a thousand objects. */
const SLAB_BYTES = 16_384;

interface Piece {
  /** Where it begins in the whole stream. */
  readonly at: number;
  bytes: Uint8Array;
}

export interface Replay {
  /** The first byte that is still there, counted since the command began. */
  readonly start: number;
  /** Where the next byte goes. */
  readonly end: number;
  /** Copied only when it is small, or part of a much larger buffer: who hands it over must not change it any more. */
  append(bytes: Uint8Array): void;
  /** What is there from `offset` on, in order; `offset` lies from `start` to `end`. */
  from(offset: number): Uint8Array[];
}

/** Keeps at least the last `capacity` bytes, and at most one piece more. */
export function createReplay(capacity: number): Replay {
  const slabBytes = Math.max(1, Math.min(SLAB_BYTES, capacity >> 2));
  const pieces: Piece[] = [];
  /** Pieces before this one were let go; taking them out one by one would move all others each time. */
  let first = 0;
  let end = 0;
  /** The buffer that the last piece is written into, while there is room in it. */
  let slab: Uint8Array | undefined;

  const startOf = () => pieces[first]?.at ?? end;

  function letGo(): void {
    for (let next = pieces[first + 1]; next !== undefined && end - next.at >= capacity; next = pieces[first + 1]) {
      first += 1;
    }
    if (first > 64 && first * 2 > pieces.length) {
      pieces.splice(0, first);
      first = 0;
    }
  }

  function appendSmall(bytes: Uint8Array): void {
    const last = pieces.at(-1);
    if (slab !== undefined && last !== undefined && last.bytes.length + bytes.length <= slabBytes) {
      slab.set(bytes, last.bytes.length);
      last.bytes = slab.subarray(0, last.bytes.length + bytes.length);
      return;
    }
    slab = new Uint8Array(slabBytes);
    slab.set(bytes);
    pieces.push({ at: end, bytes: slab.subarray(0, bytes.length) });
  }

  return {
    get start() {
      return startOf();
    },
    get end() {
      return end;
    },
    append(bytes) {
      if (bytes.length === 0) return;
      if (bytes.length < slabBytes >> 2) {
        appendSmall(bytes);
      } else {
        slab = undefined;
        // A piece keeps all of its buffer, also what was cut off or went to another stream.
        pieces.push({ at: end, bytes: bytes.buffer.byteLength > 2 * bytes.length ? bytes.slice() : bytes });
      }
      end += bytes.length;
      letGo();
    },
    from(offset) {
      let index = pieces.length;
      while (index > first && (pieces[index - 1]?.at ?? 0) + (pieces[index - 1]?.bytes.length ?? 0) > offset)
        index -= 1;
      return pieces.slice(index).map(({ at, bytes }) => (at < offset ? bytes.subarray(offset - at) : bytes));
    },
  };
}
