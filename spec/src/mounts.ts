import { type Check, entries, text } from "./checks.ts";
import { checkId } from "./names.ts";
import { violation } from "./violations.ts";

/** A mount path without its trailing slash. */
export const normalizeMountPath = (path: string): string =>
  path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;

const checkPaths = entries(
  text(
    (path) => path.length <= 4096 && /^(?:\/(?!\.{1,2}(?:\/|$))[^/]+)+\/?$/.test(path),
    "must have absolute paths without . or .. or empty parts, and not /",
  ),
  checkId,
);

/**
 * Volume ids by mount path. A path is absolute and plain (`.`, `..` and empty parts are refused), is not the root, and
 * comes once, with or without a slash at its end. One mount may lie within another.
 */
export const checkMounts: Check = (field, value) => {
  const broken = checkPaths(field, value);
  if (broken) return broken;
  const seen = new Set<string>();
  for (const path of Object.keys(value as object)) {
    const normal = normalizeMountPath(path);
    if (seen.has(normal)) return violation(field, path, "must name each path once");
    seen.add(normal);
  }
  return undefined;
};
