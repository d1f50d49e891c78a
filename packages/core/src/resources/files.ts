import { SandboxError } from "../errors/sandbox-error.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { FileEntry, FileListing } from "../types.ts";
import type { FileContent, FileStream, ReadOptions } from "./file-content.ts";
import type { Volume } from "./volume.ts";

/** Entries of a listing. */
export type FileList = VolumeFile[] & {
  /** Whether the server left entries out, because there are more than it lists at once. */
  readonly truncated: boolean;
};

/** A file or directory of a volume, as it was when it was listed, with the volume's methods for it. */
export class VolumeFile {
  readonly #volume: Volume;
  readonly name: string;
  /** Absolute within the volume. */
  readonly path: string;
  readonly type: FileEntry["type"];
  /** 0 for a directory. */
  readonly size_bytes: number;
  /** RFC 3339; null when the server does not say. */
  readonly modified_at: string | null;

  /** @internal Handles come from `volume.listdir()`, `iterdir()` and `search()`. */
  constructor(volume: Volume, parent: string, { name, type, size_bytes, modified_at }: FileEntry) {
    this.#volume = volume;
    this.name = name;
    this.path = `${parent.replace(/\/+$/, "")}/${name}`;
    this.type = type;
    this.size_bytes = size_bytes;
    this.modified_at = modified_at ?? null;
  }

  get isFile(): boolean {
    return this.type === "file";
  }
  get isDirectory(): boolean {
    return this.type === "directory";
  }

  /** As `volume.readFile`. */
  readFile(options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#volume.readFile(this.path, options);
  }
  /** As `volume.readText`. */
  readText(options?: ReadOptions): Promise<string> {
    return this.#volume.readText(this.path, options);
  }
  /** As `volume.stream`. */
  stream(options?: ReadOptions): FileStream {
    return this.#volume.stream(this.path, options);
  }
  /** As `volume.writeFile`. */
  writeFile(content: FileContent, options?: CallOptions): Promise<void> {
    return this.#volume.writeFile(this.path, content, options);
  }
  /** As `volume.moveFile`; this handle keeps the old path. */
  moveFile(to: string, options?: CallOptions): Promise<void> {
    return this.#volume.moveFile(this.path, to, options);
  }
  /** As `volume.listdir`. */
  listdir(options?: CallOptions): Promise<FileList> {
    return this.#volume.listdir(this.path, options);
  }
  /** As `volume.iterdir`. */
  iterdir(options?: CallOptions): AsyncGenerator<VolumeFile, void, undefined> {
    return this.#volume.iterdir(this.path, options);
  }
}

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
