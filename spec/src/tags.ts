import { entries, text } from "./checks.ts";

const checkKey = text((key) => key !== "" && !key.includes("="), "must have names that are not empty and have no =");

/** Keys are not empty and have no `=`, so that `key=value` can be told apart again. Any text is a value. */
export const checkTags = entries(checkKey, text());

/** Environment variables. */
export const checkEnv = checkTags;

/** The key and value of `key=value`, of which the value may hold more of `=`; undefined without a key or `=`. */
export function parseTagFilter(text: string): [key: string, value: string] | undefined {
  const at = text.indexOf("=");
  return at > 0 ? [text.slice(0, at), text.slice(at + 1)] : undefined;
}
