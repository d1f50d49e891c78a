import type { FileType } from "../resources/files.ts";
import type { FileEntry } from "../types.ts";

/** What a listing's script said of one entry. */
export interface FileRecord {
  /** From the directory that was listed, without `./`. */
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly modifiedSeconds: number;
}

/**
 * Reads `mark mode size mtime ./path` records, each with its line feed. A name may hold line feeds, so it is the mark that
 * tells records apart. `end`: what the search itself answered, or undefined when the text was cut before.
 */
export function parseRecords(text: string, mark: string): { records: FileRecord[]; end: number | undefined } {
  const records: FileRecord[] = [];
  // The last piece has no mark after it, so nobody knows whether it is whole, unless it is the end.
  const pieces = `\n${text}`.split(`\n${mark} `);
  for (const piece of pieces.slice(1, -1)) {
    const [, mode = "0", size = "0", time = "0", path = ""] =
      /^([0-9a-f]+) (\d+) (-?\d+) \.\/([\s\S]+)$/.exec(piece) ?? [];
    if (path === "") continue;
    records.push({ path, mode: Number.parseInt(mode, 16), size: Number(size), modifiedSeconds: Number(time) });
  }
  const [, status] = /^end (\d+)\n$/.exec(pieces.at(-1) ?? "") ?? [];
  return { records, end: status === undefined ? undefined : Number(status) };
}

const KINDS: Readonly<Record<number, FileType>> = { 4: "directory", 8: "file", 10: "symlink" };

export const typeOf = (mode: number): FileType => KINDS[mode >> 12] ?? "other";

export const timeOf = (seconds: number): string => new Date(seconds * 1000).toISOString();

/**
 * The records as entries, those of a deep listing within their directories. Directories first, each group by name.
 */
export function entriesFrom(records: readonly FileRecord[], deep: boolean): FileEntry[] {
  const below = new Map<string, FileEntry[]>();
  const listOf = (directory: string) => {
    const list = below.get(directory) ?? [];
    below.set(directory, list);
    return list;
  };
  for (const { path, mode, size, modifiedSeconds } of records) {
    const slash = path.lastIndexOf("/");
    const type = typeOf(mode);
    const entry: FileEntry = {
      name: path.slice(slash + 1),
      type: type as FileEntry["type"],
      size_bytes: type === "directory" ? 0 : size,
      modified_at: timeOf(modifiedSeconds),
    };
    if (deep && type === "directory") entry.entries = listOf(path);
    listOf(path.slice(0, Math.max(0, slash))).push(entry);
  }
  for (const list of below.values()) list.sort(byKindAndName);
  return listOf("");
}

function byKindAndName(a: FileEntry, b: FileEntry): number {
  const rank = Number(b.type === "directory") - Number(a.type === "directory");
  return rank || (a.name < b.name ? -1 : Number(a.name > b.name));
}
