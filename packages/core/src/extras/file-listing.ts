import { SandboxError } from "../errors/sandbox-error.ts";
import { type FileList, VolumeFile } from "../resources/files.ts";
import type { Volume } from "../resources/volume.ts";
import type { FileEntry, FileListing } from "../types.ts";

/** The direct entries of a listing. */
export function entriesOf(volume: Volume, listing: FileListing): FileList {
  const files = listing.entries.map((entry) => new VolumeFile(volume, listing.path, entry));
  return Object.assign(files, { truncated: isCut(listing) });
}

/** What matches by name, at any depth of a listing. */
export function matchesOf(volume: Volume, { entries, path, truncated }: FileListing, text: string): FileList {
  const wanted = text.toLowerCase();
  const found: VolumeFile[] = [];
  const collect = (entries: readonly FileEntry[], parent: string) => {
    for (const entry of entries) {
      const file = new VolumeFile(volume, parent, entry);
      // Directories on the way to a match may be listed too.
      if (entry.name.toLowerCase().includes(wanted)) found.push(file);
      collect(entry.entries ?? [], file.path);
    }
  };
  collect(entries, path);
  return Object.assign(found, { truncated });
}

/** Everything under a directory, each directory before what is in it. Lists again what a walk left out. */
export async function* iterate(
  volume: Volume,
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
    const file = new VolumeFile(volume, parent, entry);
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
