/** What every string on the wire keeps to. */

/**
 * The rule that `value` breaks as a text, or undefined. A NUL byte cuts strings short in what runs the sandboxes, and a
 * lone surrogate silently becomes another character in UTF-8.
 */
export function textRule(value: unknown): string | undefined {
  if (typeof value !== "string") return "must be a string";
  if (value.includes("\0")) return "must not contain NUL";
  if (!value.isWellFormed()) return "must be well-formed Unicode";
  return undefined;
}

/** Whether a value is a plain object of JSON. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** How many bytes a text takes up in UTF-8. */
export const utf8Length = (text: string): number => new TextEncoder().encode(text).byteLength;
