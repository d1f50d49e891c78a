import type { RawClient } from "../raw.ts";
import type { Client } from "../transport/client.ts";
import { call } from "../transport/request.ts";
import { type CallOptions, shared } from "../transport/scope.ts";
import type { VolumePhase, VolumeResponse, VolumeSpec } from "../types.ts";
import { FileSystem } from "./file-system.ts";

/**
 * A disk that sandboxes mount, and whose files can be read and written without one. Fields are as they were when last
 * heard of; `refresh()` updates them.
 */
export class Volume extends FileSystem {
  readonly #client: Client;
  /** Made by the server; what `volume_mounts` takes. */
  readonly id: string;
  /** Unique while the volume lives; the id when none was asked for. */
  declare name: string;
  /** `pending`, `ready` or `failed`, when last heard of. A sandbox that mounts a pending volume waits for it. */
  declare phase: VolumePhase;
  /** Where its files are kept. */
  declare path: string;
  /** The ids of the sandboxes that mount it. */
  declare attached_to: string[];
  /** RFC 3339. */
  declare created_at: string;
  /** Tells it from an `ObjectVolume`. */
  readonly type = "disk";
  /** Null: there is no bucket behind it. */
  readonly object = null;

  /** @internal Handles come from `porter.volumes`. */
  constructor(client: Client, fields: VolumeResponse) {
    super(async () => (await import("../extras/file-content.ts")).volumeFiles(client, fields.id));
    this.#client = client;
    this.id = fields.id;
    learn(this, fields);
  }

  /** Asks for the volume again, updates this handle, and returns it. */
  refresh(options?: CallOptions): Promise<this> {
    return refresh(this.#client, this, options);
  }

  /** Deletes it with its contents. Refused ({@link ConflictError}) while a sandbox mounts it. */
  delete(options?: CallOptions): Promise<void> {
    return deleteVolume(this.#client, this.id, options);
  }
}

/** A bucket that sandboxes mount. It has no file operations: use the object store's own API. */
export class ObjectVolume {
  readonly #client: Client;
  /** Made by the server; what `volume_mounts` takes. */
  readonly id: string;
  /** Unique while the volume lives; the id when none was asked for. */
  declare name: string;
  /** `pending`, `ready` or `failed`, when last heard of. A sandbox that mounts a pending volume waits for it. */
  declare phase: VolumePhase;
  /** Always empty. */
  declare path: string;
  /** The ids of the sandboxes that mount it. */
  declare attached_to: string[];
  /** RFC 3339. */
  declare created_at: string;
  /** Tells it from a `Volume`. */
  readonly type = "object";
  /** The bucket behind it. */
  readonly object: NonNullable<VolumeResponse["object"]>;

  /** @internal */
  constructor(client: Client, fields: VolumeResponse) {
    this.#client = client;
    this.id = fields.id;
    this.object = fields.object as ObjectVolume["object"];
    learn(this, fields);
  }

  /** As `volume.refresh`. */
  refresh(options?: CallOptions): Promise<this> {
    return refresh(this.#client, this, options);
  }

  /** As `volume.delete`. */
  delete(options?: CallOptions): Promise<void> {
    return deleteVolume(this.#client, this.id, options);
  }
}

async function refresh<V extends Volume | ObjectVolume>(
  client: Client,
  volume: V,
  options: CallOptions | undefined,
): Promise<V> {
  return learn(volume, await fetchVolume(client, volume.id, options));
}

/** Lets a handle know what the server said. */
function learn<V extends Volume | ObjectVolume>(
  volume: V,
  { name, phase, path, attached_to, created_at }: VolumeResponse,
): V {
  return Object.assign(volume, { name, phase, path, attached_to, created_at });
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
    const whole = shared(this.#client, options);
    return this.getById(await this.#idOf(name, whole), whole);
  }

  /** Fetches a volume by its id. */
  async getById(id: string, options?: CallOptions): Promise<Volume | ObjectVolume> {
    return toHandle(this.#client, await fetchVolume(this.#client, id, options));
  }

  /** All volumes, disks and object volumes; `type` tells them apart. */
  async list(options?: CallOptions): Promise<(Volume | ObjectVolume)[]> {
    const { volumes } = await call<{ volumes: VolumeResponse[] }>(this.#client, "listVolumes", {}, options);
    return volumes.map((fields) => toHandle(this.#client, fields));
  }

  /** Deletes a volume by its name. Refused ({@link ConflictError}) while a sandbox mounts it. */
  async delete(name: string, options?: CallOptions): Promise<void> {
    const whole = shared(this.#client, options);
    return deleteVolume(this.#client, await this.#idOf(name, whole), whole);
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
