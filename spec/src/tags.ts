import { checkEntries, checkText, entryOf, type Violation } from "./violations.ts";

const isKey = (key: string) => key !== "" && !key.includes("=");

/** Keys are not empty and have no `=`, so that `key=value` can be told apart again. Any text is a value. */
export const checkTags = (value: unknown, field = "tags"): Violation | undefined =>
  checkEntries(
    field,
    value,
    (key, item) =>
      checkText(field, key, isKey, "must have keys that are not empty and have no =") ??
      checkText(entryOf(field, key), item),
  );

/** The key and value of `key=value`, of which the value may hold more of `=`; undefined without a key or `=`. */
export function parseTagFilter(text: string): [key: string, value: string] | undefined {
  const at = text.indexOf("=");
  return at > 0 ? [text.slice(0, at), text.slice(at + 1)] : undefined;
}

/** Environment variables. Neither names nor values are ever shown, since a mistyped name may hold the value. */
export const checkEnv = (value: unknown, field = "env"): Violation | undefined =>
  checkEntries(
    field,
    value,
    (name, item) =>
      checkText(field, name, isKey, "must have names that are not empty and have no =") ??
      checkText(entryOf(field, name), item),
  );
