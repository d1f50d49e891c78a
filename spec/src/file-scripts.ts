/**
 * What `sandbox.files` runs in a sandbox, as far as both sides know it: a client sends the whole script, so any server with
 * a shell will do, and a double without one can tell by the first line what is asked of it.
 */

export type FileScript = "read" | "write" | "drop" | "list" | "stat" | "exists" | "make" | "remove" | "move";

/**
 * What a file is called until it is whole, beside its place, with random characters behind it. It is a dot file like others,
 * but that a volume's listing leaves it out at the root, where the server itself puts it.
 */
export const PART_PREFIX = ".porter-sandbox-part-";

const LABEL = "# porter-sandbox files 1: ";

/** The first line of a script. The number changes when what a script is given or answers does. */
export const fileScriptLabel = (script: FileScript): string => `${LABEL}${script}\n`;

/** Which script a command is, and its arguments; undefined for any other command. */
export function fileScriptOf(command: readonly string[]): { script: string; args: readonly string[] } | undefined {
  const [shell, flag, text = "", name, ...args] = command;
  if (shell !== "sh" || flag !== "-c" || name !== "sh" || !text.startsWith(LABEL)) return undefined;
  return { script: text.slice(LABEL.length, text.indexOf("\n")), args };
}

/** How it went is the exit code alone, since messages are in the language of the image; away from those of shells and tools. */
export const fileCodes = {
  notThere: 40,
  notFound: 41,
  notDirectory: 42,
  isDirectory: 43,
  exists: 44,
  denied: 45,
  notEmpty: 46,
  failed: 47,
  lacksTool: 48,
  changed: 49,
  notFile: 50,
  parentNotFound: 51,
  throughFile: 52,
} as const;

/** Bytes of one block; reads begin at a multiple. */
export const FILE_BLOCK_BYTES = 32 * 1024;
