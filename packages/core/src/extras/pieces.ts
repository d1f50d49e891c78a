import type { Bytes } from "./bytes.ts";
import { contentOf, type FileContent, type Source } from "./content.ts";

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

function chunksOf(content: FileContent): Source<Bytes> {
  const given = contentOf(content);
  if (typeof given === "string") return once(new TextEncoder().encode(given));
  if (ArrayBuffer.isView(given)) return once(given);
  return "next" in given ? given : slices(given);
}

function once(bytes: Bytes): Source<Bytes> {
  const left = [bytes];
  return { next: async () => left.shift(), cancel() {} };
}

const BLOB_BYTES = 256 * 1024;

function slices(blob: Blob): Source<Bytes> {
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
