import { SandboxError } from "../errors/sandbox-error.ts";
import type { FileBackend, FileSystem } from "../resources/file-system.ts";
import { type FileList, VolumeFile } from "../resources/files.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { FileEntry, FileListing } from "../types.ts";

export interface ListingQuery {
  /** With what is below, as much of it as one answer holds. */
  readonly deep?: boolean | undefined;
  /** Only what has this in its name, and the directories on the way there. */
  readonly search?: string | undefined;
}

/** Asks for the entries of a directory, directories first, each group by name. */
export type List = (path: string, options: CallOptions | undefined, query: ListingQuery) => Promise<FileListing>;

export type Derived = "listdir" | "iterdir" | "search" | "readText";

/** A file system with all that can be made of a few ways into it. */
export const withDerived = <B extends Omit<FileBackend, Derived>>(
  list: List,
  backend: B,
): B & Pick<FileBackend, Derived> => ({
  ...backend,
  readText: async (path, options) =>
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(await backend.readFile(path, options)),
  listdir: async (on, path, options) => entriesOf(on, await list(path, options, {})),
  iterdir: (on, path, options) => iterate(on, path, (path) => list(path, options, { deep: true })),
  search: async (on, text, path, options) =>
    matchesOf(on, await list(path, options, { deep: true, search: text }), text),
});

/** The direct entries of a listing. */
function entriesOf(on: FileSystem, listing: FileListing): FileList {
  const files = listing.entries.map((entry) => new VolumeFile(on, listing.path, entry));
  return Object.assign(files, { truncated: isCut(listing) });
}

/** What matches by name, at any depth of a listing. */
function matchesOf(on: FileSystem, { entries, path, truncated }: FileListing, text: string): FileList {
  const wanted = text.toLowerCase();
  const found: VolumeFile[] = [];
  const collect = (entries: readonly FileEntry[], parent: string) => {
    for (const entry of entries) {
      const file = new VolumeFile(on, parent, entry);
      // Directories on the way to a match may be listed too.
      if (entry.name.toLowerCase().includes(wanted)) found.push(file);
      collect(entry.entries ?? [], file.path);
    }
  };
  collect(entries, path);
  return Object.assign(found, { truncated });
}

/** Everything under a directory, each directory before what is in it. Lists again what a walk left out. */
async function* iterate(
  on: FileSystem,
  path: string,
  list: (path: string) => Promise<FileListing>,
): AsyncGenerator<VolumeFile, void, undefined> {
  // What is still to come, next at the end, so that a deep tree needs no deep recursion.
  const stack: { entry: FileEntry; parent: string }[] = [];
  let cut: string | undefined;
  const push = (entries: readonly FileEntry[], parent: string) => {
    for (const entry of [...entries].reverse()) stack.push({ entry, parent });
  };
  const open = async (path: string) => {
    const listing = await list(path);
    if (isCut(listing)) cut ??= path;
    push(listing.entries, listing.path);
  };
  await open(path);
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { entry, parent } = top;
    const file = new VolumeFile(on, parent, entry);
    yield file;
    if (!file.isDirectory) continue;
    if (entry.entries && !entry.truncated) push(entry.entries, file.path);
    else await open(file.path);
  }
  // An end that is not the end must not look like one.
  if (cut !== undefined)
    throw new SandboxError(`${cut} has more entries than the server lists at once; some were not yielded`, {
      code: "listing_truncated",
      admitted: true,
    });
}

/** Whether direct entries are missing: something was left out, and no directory below says that it was there. */
function isCut({ truncated, entries }: FileListing): boolean {
  const below = (list: readonly FileEntry[]): boolean =>
    list.some((entry) => entry.truncated || below(entry.entries ?? []));
  return truncated && !below(entries);
}
