import type { FileContent } from "../extras/content.ts";
import type { ReadOptions } from "../extras/file-content.ts";
import type { CallOptions } from "../transport/scope.ts";
import { type FileStream, type PieceSource, streamFrom } from "./file-stream.ts";
import type { FileList, VolumeFile } from "./files.ts";

/** How files are really listed, read and written; loaded when something is first done with them. */
export interface FileBackend {
  listdir(on: FileSystem, path: string, options?: CallOptions): Promise<FileList>;
  iterdir(on: FileSystem, path: string, options?: CallOptions): AsyncGenerator<VolumeFile, void, undefined>;
  search(on: FileSystem, text: string, path: string, options?: CallOptions): Promise<FileList>;
  readFile(path: string, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>>;
  readText(path: string, options?: ReadOptions): Promise<string>;
  /** Nothing is asked before the first piece. */
  pieces(path: string, options?: ReadOptions): PieceSource;
  writeFile(path: string, content: FileContent, options?: CallOptions): Promise<void>;
  moveFile(from: string, to: string, options?: CallOptions): Promise<void>;
}

/**
 * Files and directories, the same for a volume and for a sandbox (`sandbox.files`). Paths are absolute
 * (`/reports/may.csv`); `..` is refused.
 */
export abstract class FileSystem<Write extends CallOptions = CallOptions> {
  readonly #load: () => Promise<FileBackend>;

  /** @internal */
  constructor(load: () => Promise<FileBackend>) {
    this.#load = load;
  }

  /** The direct entries of a directory: directories first, each group by name. */
  async listdir(path = "/", options?: CallOptions): Promise<FileList> {
    return (await this.#load()).listdir(this, path, options);
  }
  /**
   * Everything under a directory, each directory before what is in it; as many listings as it takes.
   * @param options hold for each listing.
   */
  async *iterdir(path = "/", options?: CallOptions): AsyncGenerator<VolumeFile, void, undefined> {
    yield* (await this.#load()).iterdir(this, path, options);
  }
  /** Files and directories at any depth whose name contains `text`, in whatever case. */
  async search(text: string, path = "/", options?: CallOptions): Promise<FileList> {
    return (await this.#load()).search(this, text, path, options);
  }
  /**
   * A file's bytes, or a part of them.
   * @throws {NotFoundError} when there is no such file; {DownloadTimeoutError} when `timeoutMs` has passed.
   */
  async readFile(path: string, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.#load()).readFile(path, options);
  }
  /** A file as text: UTF-8, with U+FFFD for bytes that are none. `offset` and `length` count bytes. */
  async readText(path: string, options?: ReadOptions): Promise<string> {
    return (await this.#load()).readText(path, options);
  }
  /**
   * A file's bytes as they arrive, in bounded memory. Nothing is asked before the first read.
   * ```ts
   * for await (const bytes of volume.stream("/big.bin")) total += bytes.length;
   * ```
   * @throws {StreamInterruptedError} from a read, when the bytes stop before their end.
   */
  stream(path: string, options?: ReadOptions): FileStream {
    return streamFrom(async () => (await this.#load()).pieces(path, options));
  }
  /**
   * Writes a file: creates the directories above it, replaces what was there, and shows it only when it is complete.
   * 1 GiB at most into a volume.
   * @throws {UploadTimeoutError} when `timeoutMs` has passed.
   */
  async writeFile(path: string, content: FileContent, options?: Write): Promise<void> {
    return (await this.#load()).writeFile(path, content, options);
  }
  /** Writes text as UTF-8. */
  writeText(path: string, text: string, options?: Write): Promise<void> {
    return this.writeFile(path, text, options);
  }
  /** Moves a file or directory. `to` is the full new path; its parent must exist, it itself must not. */
  async moveFile(from: string, to: string, options?: CallOptions): Promise<void> {
    return (await this.#load()).moveFile(from, to, options);
  }
}
