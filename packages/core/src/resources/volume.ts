import type { FileContent, ReadOptions } from "../extras/file-content.ts";
import type { RawClient } from "../raw.ts";
import type { Client } from "../transport/client.ts";
import { call } from "../transport/request.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { FileListing, VolumePhase, VolumeResponse, VolumeSpec } from "../types.ts";
import { type FileStream, streamFrom } from "./file-stream.ts";
import type { FileList, VolumeFile } from "./files.ts";

/** What moves bytes is loaded when some are moved. */
const fileContent = () => import("../extras/file-content.ts");
/** The same for what walks through listings. */
const fileListing = () => import("../extras/file-listing.ts");

/** What volumes of both types have. Fields are as they were when last heard of; `refresh()` updates them. */
abstract class AnyVolume {
  readonly #client: Client;
  readonly id: string;
  declare name: string;
  declare phase: VolumePhase;
  /** Where its files are kept; empty for an object volume. */
  declare path: string;
  /** The ids of the sandboxes that mount it. */
  declare attached_to: string[];
  /** RFC 3339. */
  declare created_at: string;

  /** @internal Handles come from `porter.volumes`. */
  constructor(client: Client, fields: VolumeResponse) {
    this.#client = client;
    this.id = fields.id;
    this.#learn(fields);
  }

  #learn({ name, phase, path, attached_to, created_at }: VolumeResponse): void {
    Object.assign(this, { name, phase, path, attached_to, created_at });
  }

  /** Asks for the volume again, updates this handle with it, and answers it. */
  async refresh(options?: CallOptions): Promise<this> {
    this.#learn(await fetchVolume(this.#client, this.id, options));
    return this;
  }

  /** Deletes it with its contents. Refused ({@link ConflictError}) while a sandbox mounts it. */
  delete(options?: CallOptions): Promise<void> {
    return deleteVolume(this.#client, this.id, options);
  }
}

/**
 * A disk that sandboxes mount, and whose files can be read and written without one. Paths are absolute within the
 * volume (`/reports/may.csv`); `..` is refused.
 */
export class Volume extends AnyVolume {
  readonly #client: Client;
  readonly type = "disk";
  readonly object = null;

  /** @internal */
  constructor(client: Client, fields: VolumeResponse) {
    super(client, fields);
    this.#client = client;
  }

  /** The direct entries of a directory: directories first, each group by name. */
  async listdir(path = "/", options?: CallOptions): Promise<FileList> {
    const listing = await this.#list(path, options);
    return (await fileListing()).entriesOf(this, listing);
  }
  /**
   * Everything under a directory, each directory before what is in it; as many listings as it takes.
   * @param options hold for each listing.
   */
  async *iterdir(path = "/", options?: CallOptions): AsyncGenerator<VolumeFile, void, undefined> {
    yield* (await fileListing()).iterate(this, path, (path) => this.#list(path, options));
  }
  /** Files and directories at any depth whose name contains `text`, in whatever case. */
  async search(text: string, path = "/", options?: CallOptions): Promise<FileList> {
    const listing = await this.#list(path, options, text);
    return (await fileListing()).matchesOf(this, listing, text);
  }
  /**
   * A file's bytes, or a part of them.
   * @throws {NotFoundError} when there is no such file; {DownloadTimeoutError} when `timeoutMs` has passed.
   */
  async readFile(path: string, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
    return (await fileContent()).readFile(this.#client, this.id, path, options);
  }
  /** A file as text: UTF-8, with U+FFFD for bytes that are none. `offset` and `length` count bytes. */
  async readText(path: string, options?: ReadOptions): Promise<string> {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await this.readFile(path, options));
  }
  /**
   * A file's bytes as they arrive, in bounded memory. Nothing is asked before the first read.
   * ```ts
   * for await (const bytes of volume.stream("/big.bin")) total += bytes.length;
   * ```
   * @throws {StreamInterruptedError} from a read, when the bytes stop before their end.
   */
  stream(path: string, options?: ReadOptions): FileStream {
    return streamFrom(async () => (await fileContent()).filePieces(this.#client, this.id, path, options));
  }
  /**
   * Writes a file: creates the directories above it, replaces what was there, and shows it only when it is complete.
   * 1 GiB at most.
   * @throws {UploadTimeoutError} when `timeoutMs` has passed.
   */
  async writeFile(path: string, content: FileContent, options?: CallOptions): Promise<void> {
    return (await fileContent()).writeFile(this.#client, this.id, path, content, options);
  }
  /** Writes text as UTF-8. */
  writeText(path: string, text: string, options?: CallOptions): Promise<void> {
    return this.writeFile(path, text, options);
  }
  /** Moves a file or directory. `to` is the full new path; its parent must exist, it itself must not. */
  moveFile(from: string, to: string, options?: CallOptions): Promise<void> {
    const parts = { path: { id: this.id }, body: { from, to } };
    return call(this.#client, "moveVolumeFile", parts, options);
  }

  #list(path: string, options?: CallOptions, search?: string): Promise<FileListing> {
    return call(this.#client, "listVolumeFiles", { path: { id: this.id }, query: { path, search } }, options);
  }
}

/** A bucket that sandboxes mount. It has no file operations: use the object store's own API. */
export class ObjectVolume extends AnyVolume {
  readonly type = "object";
  /** The bucket behind it. */
  readonly object: NonNullable<VolumeResponse["object"]>;

  /** @internal */
  constructor(client: Client, fields: VolumeResponse) {
    super(client, fields);
    this.object = fields.object as ObjectVolume["object"];
  }
}

type VolumeOperation = Extract<keyof RawClient, `${string}Volume${string}`>;

/** `porter.volumes`. */
export class Volumes {
  readonly #client: Client;
  /** The operations on volumes as the API has them. */
  readonly raw: Pick<RawClient, VolumeOperation>;

  /** @internal */
  constructor(client: Client, raw: RawClient) {
    this.#client = client;
    this.raw = raw;
  }

  /** Creates a volume; a disk unless `type` is `object`. */
  create(spec: VolumeSpec & { type: "object" }, options?: CallOptions): Promise<ObjectVolume>;
  create(spec?: VolumeSpec & { type?: "disk" | undefined }, options?: CallOptions): Promise<Volume>;
  create(spec?: VolumeSpec, options?: CallOptions): Promise<Volume | ObjectVolume>;
  async create(spec?: VolumeSpec, options?: CallOptions): Promise<Volume | ObjectVolume> {
    return toHandle(this.#client, await call(this.#client, "createVolume", { body: spec }, options));
  }

  /**
   * Fetches a volume by its name.
   * @throws {NotFoundError} when there is none of that name.
   */
  async get(name: string, options?: CallOptions): Promise<Volume | ObjectVolume> {
    return this.getById(await this.#idOf(name, options), options);
  }

  /** Fetches a volume by its id. */
  async getById(id: string, options?: CallOptions): Promise<Volume | ObjectVolume> {
    return toHandle(this.#client, await fetchVolume(this.#client, id, options));
  }

  async list(options?: CallOptions): Promise<(Volume | ObjectVolume)[]> {
    const { volumes } = await call<{ volumes: VolumeResponse[] }>(this.#client, "listVolumes", {}, options);
    return volumes.map((fields) => toHandle(this.#client, fields));
  }

  /** Deletes a volume by its name. Refused ({@link ConflictError}) while a sandbox mounts it. */
  async delete(name: string, options?: CallOptions): Promise<void> {
    return deleteVolume(this.#client, await this.#idOf(name, options), options);
  }

  async #idOf(name: string, options: CallOptions | undefined): Promise<string> {
    return (await call<{ id: string }>(this.#client, "lookupVolume", { query: { name } }, options)).id;
  }
}

function fetchVolume(client: Client, id: string, options: CallOptions | undefined): Promise<VolumeResponse> {
  return call(client, "getVolume", { path: { id } }, options);
}

function deleteVolume(client: Client, id: string, options: CallOptions | undefined): Promise<void> {
  return call(client, "deleteVolume", { path: { id } }, options);
}

function toHandle(client: Client, fields: VolumeResponse): Volume | ObjectVolume {
  return fields.type === "object" ? new ObjectVolume(client, fields) : new Volume(client, fields);
}
