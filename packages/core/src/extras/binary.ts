import type { Bytes } from "./bytes.ts";

/** By its name: an instance of another realm is no instance here. */
const isBuffer = (value: unknown): value is ArrayBuffer =>
  Object.prototype.toString.call(value) === "[object ArrayBuffer]";

/**
 * The bytes of a view, or of a whole buffer; undefined when it is neither. What others may write to at the same time is
 * copied: no request can carry it.
 */
export function bytesIn(given: unknown): Bytes | undefined {
  if (isBuffer(given)) return new Uint8Array(given);
  if (!ArrayBuffer.isView(given)) return undefined;
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  return isBuffer(given.buffer) ? (bytes as Bytes) : bytes.slice();
}
