/** Paths within a volume, or within a sandbox. */

import { type Check, fields, text } from "./checks.ts";
import { textRule, utf8Length } from "./text.ts";
import { type Violation, violation } from "./violations.ts";

/** As file systems have them, in bytes of UTF-8. */
const LONGEST_PATH = 4096;
const LONGEST_PART = 255;

/**
 * The one way to write a path: absolute, without `.` or empty parts, `/` for the root. A leading slash may be missing.
 * Undefined when it is no path within a volume: it has `..`, NUL or a lone surrogate, or is too long.
 */
export function normalizeVolumePath(path: string): string | undefined {
  if (textRule(path) !== undefined || utf8Length(path) > LONGEST_PATH) return undefined;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.some((part) => part === ".." || utf8Length(part) > LONGEST_PART)) return undefined;
  return `/${parts.join("/")}`;
}

/** Any path within a volume, the root included. */
export const checkVolumePath = text(
  (path) => normalizeVolumePath(path) !== undefined,
  "must be a path without .., of at most 4096 bytes, and 255 in each part",
);

/** A path within a volume that is not its root. */
export const checkFilePath: Check = (field, value) =>
  checkVolumePath(field, value) ??
  (normalizeVolumePath(value as string) === "/" ? violation(field, value, "must not be the root") : undefined);

const checkFields = fields({ from: checkFilePath, to: checkFilePath }, {});

/** A move. Whether something is in the way is for the server to say. */
export function checkMoveRequest(body: unknown): Violation | undefined {
  const broken = checkFields("", body);
  if (broken) return broken;
  const { from, to } = body as { from: string; to: string };
  const inside = normalizeVolumePath(to)?.startsWith(`${normalizeVolumePath(from)}/`);
  return inside ? violation("to", to, "must not lie within what is moved") : undefined;
}
