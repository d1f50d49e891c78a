import type { OutputName } from "@porter-sandbox/spec/stream-frames";
import { StreamInterruptedError } from "../errors/client-errors.ts";
import type { PieceSource } from "../resources/file-stream.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** How much waits for a reader before the connection rests. */
const ENOUGH = 256 * 1024;
/** How much is kept for a reader that may still come; of more the newest is kept. */
export const KEPT_BYTES = 1024 * 1024;

/** One output of a process, between the connection and its reader. */
export interface Output {
  /** Where the next byte that comes stands in the whole output. */
  readonly position: number;
  /** Where the next byte that the reader gets stands. */
  readonly consumed: number;
  push(bytes: Bytes): void;
  /** The bytes up to `to` are lost on the server. */
  gap(to: number): void;
  end(): void;
  fail(reason: unknown): void;
  /** Resolves when the reader is ready for more; undefined when it is. */
  full(): Promise<void> | undefined;
  readonly source: PieceSource;
}

/** A stretch of the output: its bytes, or none when they are lost. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly bytes?: Bytes;
}

/**
 * Nothing that comes is dropped once somebody reads, and the connection rests when they are slow. Before that the newest
 * {@link KEPT_BYTES} are kept, so that a process whose output nobody wants goes on; a reader who comes later is told
 * what is gone.
 */
export function createOutput(name: OutputName, start: number): Output {
  let position = start;
  let waiting: Stretch[] = [];
  let held = 0;
  let read = false;
  /** How far the reader came, once there is none any more: nothing is kept then. */
  let stopped: number | undefined;
  let over: { readonly reason?: unknown } | undefined;
  let wakeReader: (() => void) | undefined;
  let wakeConnection: (() => void) | undefined;

  const add = (to: number, bytes?: Bytes) => {
    if (stopped === undefined) {
      waiting.push({ from: position, to, ...(bytes && { bytes }) });
      held += bytes?.length ?? 0;
      if (!read) dropOldest();
    }
    position = to;
    arrived();
  };
  const dropOldest = () => {
    let lost: Stretch | undefined;
    while (held > KEPT_BYTES && waiting.length > 1) {
      const first = waiting.shift() as Stretch;
      held -= first.bytes?.length ?? 0;
      lost = { from: lost?.from ?? first.from, to: first.to };
    }
    if (lost) waiting.unshift(lost);
  };
  const room = () => {
    if (held >= ENOUGH) return;
    wakeConnection?.();
    wakeConnection = undefined;
  };
  const arrived = () => {
    wakeReader?.();
    wakeReader = undefined;
  };
  const discard = (at: number) => {
    stopped ??= at;
    waiting = [];
    held = 0;
    room();
  };
  const take = ({ bytes, from, to }: Stretch): Bytes => {
    if (bytes) {
      held -= bytes.length;
      room();
      return bytes;
    }
    const reason = new StreamInterruptedError(
      `${name} has lost its bytes from ${from} to ${to}: they were not read in time`,
      { code: "output_gap", admitted: true, bytesReceived: from, gap: { stream: name, from, to } },
    );
    over = { reason };
    discard(to);
    throw reason;
  };

  return {
    get position() {
      return position;
    },
    get consumed() {
      return stopped ?? waiting[0]?.from ?? position;
    },
    push: (bytes) => add(position + bytes.length, bytes),
    gap: (to) => add(to),
    end() {
      over ??= {};
      arrived();
    },
    fail(reason) {
      over ??= { reason };
      wakeConnection?.();
      arrived();
    },
    full: () =>
      read && !over && held >= ENOUGH
        ? new Promise((resolve) => {
            wakeConnection = resolve;
          })
        : undefined,
    source: {
      async next() {
        read = true;
        for (;;) {
          const first = waiting.shift();
          if (first) return take(first);
          if (over && "reason" in over) throw over.reason;
          if (over || stopped !== undefined) return undefined;
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
        }
      },
      cancel() {
        discard(waiting[0]?.from ?? position);
        arrived();
      },
    },
  };
}

/** The lines of a stream of UTF-8, without their ends; what stands behind the last one is a line too. */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  // Pieces of a line are joined once it is complete, so that a long one costs no more than its length.
  let pieces: string[] = [];
  const line = (end: string) => {
    pieces.push(end);
    const whole = pieces.join("");
    pieces = [];
    return whole.endsWith("\r") ? whole.slice(0, -1) : whole;
  };
  const split = function* (text: string) {
    let from = 0;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", from)) {
      yield line(text.slice(from, at));
      from = at + 1;
    }
    if (from < text.length) pieces.push(text.slice(from));
  };
  for await (const bytes of stream) yield* split(decoder.decode(bytes, { stream: true }));
  yield* split(decoder.decode());
  if (pieces.length > 0) yield line("");
}
