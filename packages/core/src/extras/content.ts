import { invalidRequest } from "../errors/status-errors.ts";
import { bytesIn } from "./binary.ts";
import type { Bytes } from "./bytes.ts";

/** What can be written to a file. Streams and iterables are sent as they come and cannot be repeated after a failure. */
export type FileContent =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

/** What comes piece by piece. */
export interface Source<T> {
  /** Undefined at the end. */
  next(): Promise<T | undefined>;
  /** Nobody takes any more. */
  cancel(reason: unknown): void;
}

/** Content that can be sent again. */
export type Whole = string | Bytes | Blob;

/**
 * Content in one of a few forms: whole, or as it comes.
 * @throws {InvalidRequestError} when it is nothing that a file can be written from.
 */
export function contentOf(content: FileContent): Whole | Source<Bytes> {
  const given = (content ?? {}) as unknown as Record<PropertyKey, unknown>;
  if (typeof content === "string") {
    // It would silently become another character in UTF-8.
    if (!content.isWellFormed()) throw invalidRequest("content", "must be well-formed Unicode");
    return content;
  }
  const bytes = bytesIn(content);
  if (bytes) return bytes;
  // By its name: an instance of another realm is no instance here.
  if (/^\[object (Blob|File)\]$/.test(Object.prototype.toString.call(content))) return content as Blob;
  if (typeof given.getReader === "function") {
    if (given.locked) throw invalidRequest("content", "must be a stream that nobody else reads");
    const reader = (content as ReadableStream<unknown>).getReader();
    return sourceOf(
      async () => reader.read(),
      async (reason) => reader.cancel(reason),
    );
  }
  if (typeof given[Symbol.asyncIterator] === "function") {
    const iterator = (content as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    return sourceOf(
      async () => iterator.next(),
      async (reason) => iterator.return?.(reason),
    );
  }
  throw invalidRequest("content", "must be a string, bytes, a Blob, a stream or an async iterable of bytes");
}

function sourceOf(
  read: () => Promise<{ done?: boolean | undefined; value?: unknown }>,
  close: (reason: unknown) => Promise<unknown>,
): Source<Bytes> {
  let open = true;
  return {
    async next() {
      const { done, value } = await read().catch((reason) => {
        open = false;
        throw reason;
      });
      if (done) {
        open = false;
        return undefined;
      }
      const bytes = bytesIn(value);
      if (!bytes) throw invalidRequest("content", "must yield Uint8Array pieces");
      return bytes;
    },
    cancel(reason) {
      if (open) close(reason).catch(() => {});
      open = false;
    },
  };
}
