import { isRecord } from "./text.ts";

/**
 * Turns what a server answered into what its types say: a `null` in an optional field is the same as its absence, so the
 * field is taken out. Changes `value` itself, which nobody else holds yet, and answers it.
 */
export function dropNulls<T>(value: T): T {
  // A list of its own, not recursion: how deep an answer nests is the server's choice.
  const left: unknown[] = [value];
  while (left.length > 0) {
    const one = left.pop();
    if (Array.isArray(one)) for (const item of one) left.push(item);
    else if (isRecord(one)) {
      for (const [key, item] of Object.entries(one)) {
        if (item === null) delete one[key];
        else if (typeof item === "object") left.push(item);
      }
    }
  }
  return value;
}
