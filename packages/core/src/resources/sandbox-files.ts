import type { FileContent } from "../extras/content.ts";
import type { Client } from "../transport/client.ts";
import type { CallOptions } from "../transport/scope.ts";
import { type FileBackend, FileSystem } from "./file-system.ts";
import type { FileType } from "./files.ts";

/** What is at a path. */
export interface FileStat {
  /** Absolute within the sandbox. */
  readonly path: string;
  /** Empty for the root. */
  readonly name: string;
  /** `file`, `directory`, `symlink` or `other`. */
  readonly type: FileType;
  /** 0 for a directory. */
  readonly size_bytes: number;
  /** RFC 3339, in whole seconds. */
  readonly modified_at: string;
  /** The permission bits, such as `0o644`. */
  readonly mode: number;
}

/** What writing a file of a sandbox takes. */
export interface WriteOptions extends CallOptions {
  /** The permission bits, such as `0o755`. Default: those of the file that is replaced, else what the sandbox's umask gives. */
  mode?: number | undefined;
}

/** What removing files of a sandbox takes. */
export interface RemoveOptions extends CallOptions {
  /** Also a directory that is not empty, with all that is in it. Default false. */
  recursive?: boolean | undefined;
}

/** What a sandbox's files can do beyond a volume's. */
export interface SandboxFileBackend extends FileBackend {
  writeFile(path: string, content: FileContent, options?: WriteOptions): Promise<void>;
  stat(path: string, options?: CallOptions): Promise<FileStat>;
  exists(path: string, options?: CallOptions): Promise<boolean>;
  mkdir(path: string, options?: CallOptions): Promise<void>;
  remove(path: string, options?: RemoveOptions): Promise<void>;
}

/**
 * `sandbox.files`: the files of a running sandbox, its volumes included. Works through `exec`, so on any server; the image
 * needs `sh`, `base64`, `stat` and `find`, as busybox and coreutils have them. Files of any size are read and written in bounded memory.
 *
 * Reading, writing and entering a directory follow links; `stat`, `remove`, `moveFile` and listings are about the link
 * itself. Names that are not UTF-8 are listed with U+FFFD, and cannot be read or written.
 *
 * Every method throws {@link UnsupportedError} when the image lacks what it needs, {@link PermissionDeniedError} when the
 * sandbox's user may not, {@link ConflictError} when there is a directory in a file's place or the other way round.
 */
export class SandboxFiles extends FileSystem<WriteOptions> {
  readonly #load: () => Promise<SandboxFileBackend>;

  /** @internal It comes from a sandbox. */
  constructor(client: Client, id: string) {
    const load = async () => (await import("../extras/sandbox-files.ts")).filesOf(client, id);
    super(load);
    this.#load = load;
  }

  /**
   * What is at a path; a link is not followed.
   * @throws {NotFoundError} when there is nothing.
   */
  async stat(path: string, options?: CallOptions): Promise<FileStat> {
    return (await this.#load()).stat(path, options);
  }
  /** Whether there is anything at a path, a link that leads nowhere included. */
  async exists(path: string, options?: CallOptions): Promise<boolean> {
    return (await this.#load()).exists(path, options);
  }
  /** Makes a directory and those above it. One that is there already is fine; {@link ConflictError} when a file is. */
  async mkdir(path: string, options?: CallOptions): Promise<void> {
    return (await this.#load()).mkdir(path, options);
  }
  /**
   * Removes a file, a link, or a directory that is empty unless `recursive`.
   * @throws {NotFoundError} when there is nothing; {ConflictError} when it is not empty.
   */
  async remove(path: string, options?: RemoveOptions): Promise<void> {
    return (await this.#load()).remove(path, options);
  }
}
