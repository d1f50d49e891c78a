/** Bytes that arrive in pieces. Breaking off a loop, or cancelling, ends the download on the wire. */
export type FileStream = ReadableStream<Uint8Array<ArrayBuffer>> & AsyncIterable<Uint8Array<ArrayBuffer>>;

/** Where the pieces of a stream come from. */
export interface PieceSource {
  /** The next piece, or undefined at the end, and ever after. */
  next(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Nobody reads any more. */
  cancel(reason?: unknown): void;
}

const ENDED: PieceSource = { next: async () => undefined, cancel() {} };

/** A stream whose source is opened, and whose code may well be loaded, when it is first read. */
export function streamFrom(open: () => Promise<PieceSource>): FileStream {
  let source: Promise<PieceSource> | undefined;
  const step = async () => {
    source ??= open();
    return (await source).next();
  };
  let last: ReturnType<typeof step> | Promise<undefined> = Promise.resolve(undefined);
  /** Reads one after the other, however they are asked for: each piece comes once. */
  const next = () => {
    last = last.then(step, step);
    return last;
  };
  const cancel = async (reason?: unknown) => {
    source ??= Promise.resolve(ENDED);
    (await source).cancel(reason);
  };
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const piece = await next();
        if (piece) controller.enqueue(piece);
        else controller.close();
      },
      cancel,
    },
    { highWaterMark: 0 },
  );
  // Loops read without the stream in between, also in runtimes whose streams are not iterable.
  const iterator = (): AsyncIterableIterator<Uint8Array<ArrayBuffer>> => ({
    async next() {
      const value = await next();
      return value ? { done: false, value } : { done: true, value: undefined };
    },
    async return() {
      await cancel();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  });
  return Object.defineProperty(stream, Symbol.asyncIterator, { value: iterator }) as FileStream;
}
