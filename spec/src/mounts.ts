import { checkId } from "./names.ts";
import { checkEntries, checkText, entryOf, type Violation, violation } from "./violations.ts";

/** A mount path without its trailing slash. */
export const normalizeMountPath = (path: string): string =>
  path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;

const isMountPath = (path: string) => path.length <= 4096 && /^(\/(?!\.{1,2}(\/|$))[^/]+)+\/?$/.test(path);

/**
 * Volume ids by mount path. A path is absolute and plain (`.`, `..` and empty parts are refused), is not the root, and
 * comes once, with or without a slash at its end. One mount may lie within another.
 */
export function checkMounts(value: unknown, field = "volume_mounts"): Violation | undefined {
  const seen = new Set<string>();
  return checkEntries(field, value, (path, id) => {
    const broken = checkText(
      field,
      path,
      isMountPath,
      "must have absolute paths without . or .. or empty parts, and not /",
    );
    if (broken) return broken;
    if (seen.has(normalizeMountPath(path))) return violation(field, path, "must name each path once");
    seen.add(normalizeMountPath(path));
    return checkId(entryOf(field, path), id);
  });
}
