import { invalidRequest } from "../errors/status-errors.ts";
import type { FileContent } from "./file-content.ts";

interface Source<T> {
  /** Undefined at the end. */
  next(): Promise<T | undefined>;
  /** Nobody takes any more. */
  cancel(reason: unknown): void;
}

/**
 * Content in pieces of exactly `size` bytes, the last one shorter (or empty, when there is nothing at all). Of a stream
 * never more than that is held, and the piece that comes next.
 * @throws {InvalidRequestError} when it is nothing that a file can be written from.
 */
export function piecesOf(content: FileContent, size: number): Source<{ bytes: Uint8Array; last: boolean }> {
  const chunks = chunksOf(content);
  let rest: Uint8Array | undefined = new Uint8Array(0);
  return {
    cancel: chunks.cancel,
    async next() {
      if (rest === undefined) return undefined;
      const held = new Uint8Array(size);
      let length = 0;
      // Handed out only when more follows: who takes a piece is told whether it is the last.
      while (rest && (rest.length === 0 || length < size)) {
        const part: Uint8Array = rest.subarray(0, size - length);
        held.set(part, length);
        length += part.length;
        rest = part.length < rest.length ? rest.subarray(part.length) : await chunks.next();
      }
      return { bytes: held.subarray(0, length), last: rest === undefined };
    },
  };
}

function chunksOf(content: FileContent): Source<Uint8Array> {
  const given = (content ?? {}) as unknown as Record<PropertyKey, unknown>;
  // By its name: an instance of another realm is no instance here.
  const kind = Object.prototype.toString.call(content);
  if (typeof content === "string") {
    // It would silently become another character in UTF-8.
    if (!content.isWellFormed()) throw invalidRequest("content", "must be well-formed Unicode");
    return once(new TextEncoder().encode(content));
  }
  if (ArrayBuffer.isView(content)) return once(bytesIn(content));
  if (/ArrayBuffer/.test(kind)) return once(new Uint8Array(content as ArrayBuffer));
  if (/Blob|File/.test(kind)) return slices(content as Blob);
  if (typeof given.getReader === "function") return chunksFrom(content as ReadableStream<unknown>);
  if (typeof given[Symbol.asyncIterator] === "function") {
    const iterator = (content as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    return {
      async next() {
        const { done, value } = await iterator.next();
        return done ? undefined : checked(value);
      },
      cancel(reason) {
        Promise.resolve(iterator.return?.(reason)).catch(() => {});
      },
    };
  }
  throw invalidRequest("content", "must be a string, bytes, a Blob, a stream or an async iterable of bytes");
}

function once(bytes: Uint8Array): Source<Uint8Array> {
  const left = [bytes];
  return { next: async () => left.shift(), cancel() {} };
}

const BLOB_BYTES = 256 * 1024;

function slices(blob: Blob): Source<Uint8Array> {
  let at = 0;
  return {
    async next() {
      if (at >= blob.size) return undefined;
      const slice = blob.slice(at, at + BLOB_BYTES);
      at += BLOB_BYTES;
      return new Uint8Array(await slice.arrayBuffer());
    },
    cancel() {},
  };
}

function chunksFrom(stream: ReadableStream<unknown>): Source<Uint8Array> {
  if (stream.locked) throw invalidRequest("content", "must be a stream that nobody else reads");
  const reader = stream.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      return done ? undefined : checked(value);
    },
    cancel(reason) {
      reader.cancel(reason).catch(() => {});
    },
  };
}

const bytesIn = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function checked(value: unknown): Uint8Array {
  if (!ArrayBuffer.isView(value)) throw invalidRequest("content", "must yield Uint8Array pieces");
  return bytesIn(value);
}
