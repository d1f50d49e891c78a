import { SandboxError } from "../errors/sandbox-error.ts";
import type { Client } from "../transport/client.ts";
import { readJson, readNothing } from "../transport/readers.ts";
import { call } from "../transport/request.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { FileEntry, FileListing } from "../types.ts";
import {
  type FileContent,
  type FileStream,
  type ReadOptions,
  readFile,
  streamFile,
  writeFile,
} from "./file-content.ts";

/** Entries of a listing. */
export type FileList = VolumeFile[] & {
  /** Whether the server left entries out, because there are more than it lists at once. */
  readonly truncated: boolean;
};

/** A file or directory of a volume, as it was when it was listed, with the volume's methods for it. */
export class VolumeFile {
  readonly #client: Client;
  readonly #volumeId: string;
  readonly name: string;
  /** Absolute within the volume. */
  readonly path: string;
  readonly type: FileEntry["type"];
  /** 0 for a directory. */
  readonly size_bytes: number;
  /** RFC 3339; null when the server does not say. */
  readonly modified_at: string | null;

  /** @internal Handles come from `volume.listdir()`, `iterdir()` and `search()`. */
  constructor(client: Client, volumeId: string, path: string, entry: FileEntry) {
    this.#client = client;
    this.#volumeId = volumeId;
    this.name = entry.name;
    this.path = path;
    this.type = entry.type;
    this.size_bytes = entry.size_bytes;
    this.modified_at = entry.modified_at ?? null;
  }

  get isFile(): boolean {
    return this.type === "file";
  }
  get isDirectory(): boolean {
    return this.type === "directory";
  }

  /** As `volume.readFile`. */
  readFile(options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
    return readFile(this.#client, this.#volumeId, this.path, options);
  }
  /** As `volume.readText`. */
  readText(options?: ReadOptions): Promise<string> {
    return readText(this.#client, this.#volumeId, this.path, options);
  }
  /** As `volume.stream`. */
  stream(options?: ReadOptions): FileStream {
    return streamFile(this.#client, this.#volumeId, this.path, options);
  }
  /** As `volume.writeFile`. */
  writeFile(content: FileContent, options?: CallOptions): Promise<void> {
    return writeFile(this.#client, this.#volumeId, this.path, content, options);
  }
  /** As `volume.moveFile`; this handle keeps the old path. */
  moveFile(to: string, options?: CallOptions): Promise<void> {
    return moveFile(this.#client, this.#volumeId, this.path, to, options);
  }
  /** As `volume.listdir`. */
  listdir(options?: CallOptions): Promise<FileList> {
    return listdir(this.#client, this.#volumeId, this.path, options);
  }
  /** As `volume.iterdir`. */
  iterdir(options?: CallOptions): AsyncGenerator<VolumeFile, void, undefined> {
    return iterdir(this.#client, this.#volumeId, this.path, options);
  }
}

/** Text is UTF-8; bytes that are none become U+FFFD. */
export async function readText(client: Client, id: string, path: string, options?: ReadOptions): Promise<string> {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await readFile(client, id, path, options));
}

export function moveFile(client: Client, id: string, from: string, to: string, options?: CallOptions): Promise<void> {
  return call(client, "moveVolumeFile", { path: { id }, body: { from, to } }, options, readNothing);
}

async function walk(client: Client, id: string, path: string, search: string | undefined, options?: CallOptions) {
  return (await call(
    client,
    "listVolumeFiles",
    { path: { id }, query: { path, search } },
    options,
    readJson,
  )) as FileListing;
}

/** The direct entries of a directory. */
export async function listdir(client: Client, id: string, path: string, options?: CallOptions): Promise<FileList> {
  const listing = await walk(client, id, path, undefined, options);
  const files = listing.entries.map((entry) => new VolumeFile(client, id, join(listing.path, entry.name), entry));
  return Object.assign(files, { truncated: isCut(listing) });
}

/** What matches by name, at any depth. */
export async function search(
  client: Client,
  id: string,
  text: string,
  path: string,
  options?: CallOptions,
): Promise<FileList> {
  const listing = await walk(client, id, path, text, options);
  const wanted = text.toLowerCase();
  const found: VolumeFile[] = [];
  const collect = (entries: readonly FileEntry[], parent: string) => {
    for (const entry of entries) {
      const path = join(parent, entry.name);
      // Directories on the way to a match may be listed too.
      if (entry.name.toLowerCase().includes(wanted)) found.push(new VolumeFile(client, id, path, entry));
      if (entry.entries) collect(entry.entries, path);
    }
  };
  collect(listing.entries, listing.path);
  return Object.assign(found, { truncated: listing.truncated });
}

/** Everything under a directory, each directory before what is in it. Lists again what a walk left out. */
export async function* iterdir(
  client: Client,
  id: string,
  path: string,
  options?: CallOptions,
): AsyncGenerator<VolumeFile, void, undefined> {
  const listing = await walk(client, id, path, undefined, options);
  // The stack holds what is still to come, so a deep tree needs no deep recursion.
  const stack: { entry: FileEntry; parent: string }[] = [];
  const push = (entries: readonly FileEntry[], parent: string) => {
    for (const entry of entries.toReversed()) stack.push({ entry, parent });
  };
  push(listing.entries, listing.path);
  let cut = isCut(listing) ? listing.path : undefined;
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { entry, parent } = top;
    const file = new VolumeFile(client, id, join(parent, entry.name), entry);
    yield file;
    if (!file.isDirectory) continue;
    if (entry.entries && !entry.truncated) push(entry.entries, file.path);
    else {
      const inner = await walk(client, id, file.path, undefined, options);
      push(inner.entries, file.path);
      if (isCut(inner)) cut ??= file.path;
    }
  }
  // An end that is not the end must not look like one.
  if (cut !== undefined)
    throw new SandboxError(`${cut} has more entries than the server lists at once; some were not yielded`, {
      code: "listing_truncated",
      admitted: true,
    });
}

/** Whether the direct entries of a listing are incomplete: something was left out, and no directory below says that it was there. */
function isCut({ truncated, entries }: FileListing): boolean {
  if (!truncated) return false;
  const below = (list: readonly FileEntry[]): boolean =>
    list.some((entry) => entry.truncated || below(entry.entries ?? []));
  return !below(entries);
}

function join(parent: string, name: string): string {
  return `${parent.replace(/\/+$/, "")}/${name}`;
}
