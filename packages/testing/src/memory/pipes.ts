/** The pipes between a command and whoever reads it or writes to it. */

/** How many bytes may wait for a reader before a command that cares rests. */
const PIPE_BYTES = 1024 * 1024;

interface OutputPipe {
  readonly readable: ReadableStream<Uint8Array>;
  write(bytes: Uint8Array): void;
  /** Resolves when there is room, and when nobody reads any more. */
  flushed(): Promise<void>;
  close(): void;
}

/** Holds output until it is read. A reader that goes away does not stop the writer. */
export function outputPipe(): OutputPipe {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let waiting: (() => void)[] = [];
  const goOn = () => {
    const resumed = waiting;
    waiting = [];
    for (const resume of resumed) resume();
  };
  const readable = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
      },
      pull: goOn,
      cancel() {
        controller = undefined;
        goOn();
      },
    },
    { highWaterMark: PIPE_BYTES, size: (chunk) => chunk.byteLength },
  );
  return {
    readable,
    write: (bytes) => controller?.enqueue(bytes),
    flushed() {
      if (controller === undefined || (controller.desiredSize ?? 1) > 0) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
    close() {
      controller?.close();
      controller = undefined;
      goOn();
    },
  };
}

export interface InputPipe {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** Once closed, writing fails, as into a pipe that nobody reads. */
  close(): void;
}

export function inputPipe(): InputPipe {
  let controller: TransformStreamDefaultController<Uint8Array> | undefined;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    start(given) {
      controller = given;
    },
    transform: (chunk, into) => into.enqueue(chunk),
    // In workerd, terminating what its writer has closed throws.
    flush() {
      controller = undefined;
    },
  });
  return { readable, writable, close: () => controller?.terminate() };
}
