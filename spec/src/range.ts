/** Byte ranges of HTTP: one range in, one Content-Range out. */

export type RangeAnswer =
  /** There is no range that counts: answer everything, with a 200. */
  | { readonly kind: "whole" }
  /** Answer `length` bytes from `start`, with a 206. */
  | { readonly kind: "part"; readonly start: number; readonly length: number }
  /** Answer 416. */
  | { readonly kind: "unsatisfiable" };

const WHOLE: RangeAnswer = { kind: "whole" };
const UNSATISFIABLE: RangeAnswer = { kind: "unsatisfiable" };

/**
 * What a `Range` header asks of a file of `size` bytes. As HTTP wants it, a header that cannot be read, or has several
 * ranges, counts as none. So does every header for an empty file.
 */
export function parseRange(header: string | null | undefined, size: number): RangeAnswer {
  const match = /^\s*bytes\s*=\s*(\d*)-(\d*)\s*$/i.exec(header ?? "");
  if (!match || size === 0) return WHOLE;
  const [, first = "", last = ""] = match;
  if (first === "") {
    if (last === "") return WHOLE;
    const length = Math.min(Number(last), size);
    return length === 0 ? UNSATISFIABLE : { kind: "part", start: size - length, length };
  }
  const start = Number(first);
  const end = last === "" ? Number.POSITIVE_INFINITY : Number(last);
  if (end < start) return WHOLE;
  return start >= size ? UNSATISFIABLE : { kind: "part", start, length: Math.min(end, size - 1) - start + 1 };
}

/** The `Content-Range` of a part; without one, that of a 416. */
export const formatContentRange = (size: number, part?: { readonly start: number; readonly length: number }): string =>
  part ? `bytes ${part.start}-${part.start + part.length - 1}/${size}` : `bytes */${size}`;
