import { EngineError } from "@porter-sandbox/api";
import type { DockerClient } from "../client.ts";
import { hasStatus, unless } from "../errors.ts";
import { type ImageInspection, inspectContainer } from "../inspection.ts";
import { label, type Names } from "../names.ts";

interface Snapshots {
  create(id: string, container: string): Promise<{ size_bytes: number }>;
  /** Also of what broke off while it was made. What a sandbox was made from stays as long as the sandbox. */
  delete(id: string): Promise<void>;
  inventory(): Promise<string[]>;
  /** Removes what only ended sandboxes kept; call it when one was removed. */
  sandboxRemoved(): Promise<void>;
}

interface ListedImage {
  readonly Id: string;
  readonly Labels?: Record<string, string> | null;
  readonly RepoTags?: string[] | null;
}

export function createSnapshots(client: DockerClient, names: Names): Snapshots {
  const inspectImage = (image: string) => client.call<ImageInspection>("GET", `/images/${image}/json`);
  /** Those that have no name yet. */
  const making = new Set<string>();
  /** Whether sandboxes keep images that have no name any more. */
  let kept = false;

  /** Removes the images without a name: their snapshots were deleted, or never came to be. */
  async function sweep(): Promise<void> {
    const query = { filters: { ...names.filters("snapshot"), dangling: ["true"] } };
    const images = await client.call<ListedImage[]>("GET", "/images/json", { query });
    const nameless = images.filter(({ Labels }) => !making.has(Labels?.[label.id] ?? ""));
    const stay = await Promise.all(nameless.map(({ Id }) => isKept(Id)));
    kept = stay.includes(true);
  }

  /** Removes an image; true when a container still needs it. */
  async function isKept(image: string): Promise<boolean> {
    try {
      await client.call("DELETE", `/images/${image}`);
    } catch (error) {
      if (hasStatus(error, 409)) return true;
      if (!hasStatus(error, 404)) throw error;
    }
    return false;
  }

  return {
    async create(id, container) {
      const [repo, tag] = names.snapshot(id).split(":");
      const source = await inspectContainer(client, container);
      if (source?.State.Running !== true) throw new EngineError("not_running", "the sandbox is not running");
      const image = await unless([404], inspectImage(source.Image));
      making.add(id);
      try {
        await client.call("POST", "/commit", {
          // Paused while it is read, so that the file system is of one moment.
          query: { container, repo, tag, pause: true },
          json: snapshotConfig(image, source.Config.Env ?? [], names.labels("snapshot", id)),
          timeoutMs: 0,
        });
      } finally {
        making.delete(id);
      }
      const { Size } = await inspectImage(names.snapshot(id));
      return { size_bytes: Size };
    },

    async delete(id) {
      // By force: a sandbox that was made from it may still run, and keeps what it needs of it.
      await unless([404], client.call("DELETE", `/images/${names.snapshot(id)}`, { query: { force: true } }));
      await sweep();
    },

    async inventory() {
      await sweep();
      const query = { filters: names.filters("snapshot") };
      const images = await client.call<ListedImage[]>("GET", "/images/json", { query });
      return images.flatMap(({ Labels, RepoTags }) => {
        const id = Labels?.[label.id];
        return id !== undefined && RepoTags?.includes(names.snapshot(id)) ? [id] : [];
      });
    },

    async sandboxRemoved() {
      if (kept) await sweep();
    },
  };
}

/**
 * What a snapshot's image says of itself. Docker would take over the container's settings, its environment and with it
 * its secrets included; a snapshot is a file system, so it keeps those of the image that the sandbox was made from. An
 * environment entry without a value keeps the container's from being taken over.
 */
export function snapshotConfig(
  image: ImageInspection | undefined,
  env: readonly string[],
  labels: Record<string, string>,
): Record<string, unknown> {
  const keyOf = (entry: string) => entry.split("=", 1)[0] ?? entry;
  const kept = (image?.Config?.Env ?? []).filter((entry) => entry.includes("="));
  const keptKeys = new Set(kept.map(keyOf));
  return {
    Labels: labels,
    Env: [...kept, ...env.map(keyOf).filter((key) => !keptKeys.has(key))],
    Cmd: image?.Config?.Cmd ?? [],
    Entrypoint: image?.Config?.Entrypoint ?? [],
    OpenStdin: false,
  };
}
