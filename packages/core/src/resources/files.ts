import type { FileContent } from "../extras/content.ts";
import type { ReadOptions } from "../extras/file-content.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { FileEntry } from "../types.ts";
import type { FileStream } from "./file-stream.ts";
import type { FileSystem } from "./file-system.ts";

/** What can be in a directory; a volume shows files and directories alone. `other`: devices, pipes, sockets. */
export type FileType = FileEntry["type"] | "symlink" | "other";

/** Entries of a listing. */
export type FileList = VolumeFile[] & {
  /** Whether the server left entries out, because there are more than it lists at once. */
  readonly truncated: boolean;
};

/** A file or directory of a volume or a sandbox, as it was when it was listed, with the methods for it. */
export class VolumeFile {
  readonly #files: FileSystem;
  /** The last part of the path. */
  readonly name: string;
  /** Absolute within the volume or the sandbox. */
  readonly path: string;
  /** `file`, `directory`, and in a sandbox `symlink` or `other` too. */
  readonly type: FileType;
  /** 0 for a directory. */
  readonly size_bytes: number;
  /** RFC 3339; null when the server does not say. */
  readonly modified_at: string | null;

  /** @internal Handles come from `volume.listdir()`, `iterdir()` and `search()`. */
  constructor(files: FileSystem, parent: string, { name, type, size_bytes, modified_at }: FileEntry) {
    this.#files = files;
    this.name = name;
    this.path = `${parent.replace(/\/+$/, "")}/${name}`;
    this.type = type;
    this.size_bytes = size_bytes;
    this.modified_at = modified_at ?? null;
  }

  /** Whether `type` is `file`. */
  get isFile(): boolean {
    return this.type === "file";
  }
  /** Whether `type` is `directory`. */
  get isDirectory(): boolean {
    return this.type === "directory";
  }

  /** As `volume.readFile`. */
  readFile(options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#files.readFile(this.path, options);
  }
  /** As `volume.readText`. */
  readText(options?: ReadOptions): Promise<string> {
    return this.#files.readText(this.path, options);
  }
  /** As `volume.stream`. */
  stream(options?: ReadOptions): FileStream {
    return this.#files.stream(this.path, options);
  }
  /** As `volume.writeFile`. */
  writeFile(content: FileContent, options?: CallOptions): Promise<void> {
    return this.#files.writeFile(this.path, content, options);
  }
  /** As `volume.moveFile`; this handle keeps the old path. */
  moveFile(to: string, options?: CallOptions): Promise<void> {
    return this.#files.moveFile(this.path, to, options);
  }
  /** As `volume.listdir`. */
  listdir(options?: CallOptions): Promise<FileList> {
    return this.#files.listdir(this.path, options);
  }
  /** As `volume.iterdir`. */
  iterdir(options?: CallOptions): AsyncGenerator<VolumeFile, void, undefined> {
    return this.#files.iterdir(this.path, options);
  }
}
