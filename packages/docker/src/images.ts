import { EngineError } from "@porter-sandbox/api";
import type { DockerClient } from "./client.ts";
import { DockerRefusal, hasStatus } from "./errors.ts";

/** How to sign in to one registry. */
export interface RegistryCredentials {
  readonly username: string;
  /** A password, or an access token where the registry takes one in its place. */
  readonly password: string;
}

/** How far a pull has come, for whoever shows it. */
export interface PullProgress {
  /** The image, as it was asked for. */
  readonly image: string;
  /** The engine's words: `Downloading`, `Pull complete`, … */
  readonly status: string;
  /** What the status is about: a layer's short id, or the tag when the pull begins. Undefined for the whole image. */
  readonly layer?: string | undefined;
  /** How much of the layer has been downloaded or unpacked, whichever the status says. Undefined when not reported. */
  readonly current_bytes?: number | undefined;
  /** How much there is of the layer in all. Undefined when not reported. */
  readonly total_bytes?: number | undefined;
}

/** How images are pulled. */
export interface ImageOptions {
  /**
   * Credentials by registry host, with its port if it has one: `registry.example.com`, `docker.io`. Default none: images
   * are pulled without signing in.
   */
  readonly registries?: Readonly<Record<string, RegistryCredentials>> | undefined;
  /** Called whenever the engine reports how far a pull is. When it throws, the pull fails. */
  readonly onPullProgress?: ((progress: PullProgress) => void) | undefined;
}

interface ImageReference {
  /** Registry host; `docker.io` when the name has none. */
  readonly registry: string;
  /** The name without its tag or digest, as it was written. */
  readonly name: string;
  /** A tag or a digest; `latest` when there is none. */
  readonly version: string;
}

export interface Images {
  /**
   * Pulls an image; callers that ask for the same one at the same time share one pull, which ends when none of them
   * waits any longer. Rejects with an EngineError `image_pull` that says why.
   */
  pull(image: string, signal?: AbortSignal): Promise<void>;
  /** Creates a container; its image is pulled first when it is missing. Answers the container's id. */
  create(body: ContainerBody, name: string): Promise<string>;
  /** Calls off all pulls, those that come later too. */
  close(): void;
}

/** What is sent to create a container. */
interface ContainerBody {
  readonly Image: string;
}

/** Takes a reference apart. Without a tag Docker's API would pull every tag there is. */
export function parseReference(image: string): ImageReference {
  const at = image.indexOf("@");
  const untagged = at === -1 ? image : image.slice(0, at);
  const slash = untagged.lastIndexOf("/");
  const colon = untagged.indexOf(":", slash + 1);
  const name = colon === -1 ? untagged : untagged.slice(0, colon);
  const version = at !== -1 ? image.slice(at + 1) : colon === -1 ? "latest" : untagged.slice(colon + 1);
  const [first = "", ...others] = name.split("/");
  const isHost = others.length > 0 && (/[.:]/.test(first) || first === "localhost");
  return { registry: isHost ? first : "docker.io", name, version };
}

interface PullLine {
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

interface SharedPull {
  readonly done: Promise<void>;
  readonly stop: AbortController;
  waiting: number;
}

export function createImages(client: DockerClient, options: ImageOptions): Images {
  const pulls = new Map<string, SharedPull>();

  async function pullNow(image: string, signal: AbortSignal): Promise<void> {
    const { registry, name, version } = parseReference(image);
    const credentials = options.registries?.[registry];
    try {
      const body = await client.stream("POST", "/images/create", {
        query: { fromImage: name, tag: version },
        headers: credentials === undefined ? {} : { "X-Registry-Auth": encodeAuth(credentials, registry) },
        signal,
        timeoutMs: 0,
      });
      let rest = "";
      body.setEncoding("utf8");
      for await (const text of body) {
        const lines = (rest + String(text)).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) report(image, line);
      }
      report(image, rest);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof EngineError) throw error;
      const unreachable = !(error instanceof DockerRefusal);
      throw new EngineError(
        unreachable ? "engine_error" : "image_pull",
        pullMessage(image, String((error as Error).message)),
        {
          cause: error,
        },
      );
    }
  }

  function report(image: string, line: string): void {
    if (line.trim() === "") return;
    const { status, id, error, errorDetail, progressDetail } = JSON.parse(line) as PullLine;
    const failure = errorDetail?.message ?? error;
    if (failure !== undefined) throw new EngineError("image_pull", pullMessage(image, failure));
    if (status === undefined) return;
    options.onPullProgress?.({
      image,
      status,
      layer: id,
      current_bytes: progressDetail?.current,
      total_bytes: progressDetail?.total,
    });
  }

  let closed = false;
  const whenClosed = () => new EngineError("engine_error", "the engine is closed");

  const self: Images = {
    async pull(image, signal) {
      signal?.throwIfAborted();
      if (closed) throw whenClosed();
      let shared = pulls.get(image);
      if (shared === undefined) {
        const stop = new AbortController();
        const done = pullNow(image, stop.signal).finally(() => pulls.delete(image));
        done.catch(() => {});
        shared = { done, stop, waiting: 0 };
        pulls.set(image, shared);
      }
      const pull = shared;
      pull.waiting += 1;
      try {
        await orAbort(pull.done, signal);
      } finally {
        pull.waiting -= 1;
        if (pull.waiting === 0 && pulls.get(image) === pull) {
          pulls.delete(image);
          pull.stop.abort(new Error("nobody waits for this image any longer"));
        }
      }
    },
    async create(json, name) {
      const attempt = async () =>
        (await client.call<{ Id: string }>("POST", "/containers/create", { query: { name }, json })).Id;
      try {
        return await attempt();
      } catch (error) {
        if (!lacksImage(error)) throw error;
        await self.pull(json.Image);
        return attempt();
      }
    },
    close() {
      closed = true;
      for (const { stop } of pulls.values()) stop.abort(whenClosed());
    },
  };
  return self;
}

const pullMessage = (image: string, reason: string) => `image ${image} could not be pulled: ${reason}`;

function encodeAuth({ username, password }: RegistryCredentials, registry: string): string {
  const serveraddress = registry === "docker.io" ? "https://index.docker.io/v1/" : registry;
  return base64Url(JSON.stringify({ username, password, serveraddress }));
}

/** With its padding: without it the engine takes the header for an empty one, and says nothing. */
export const base64Url = (text: string): string =>
  Buffer.from(text).toString("base64").replaceAll("+", "-").replaceAll("/", "_");

/** Waits for `promise`, or rejects with the signal's reason as soon as it aborts. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Whether a create failed since the engine has no such image. */
export const lacksImage = (error: unknown): boolean =>
  hasStatus(error, 404) && /no such image|not found: manifest|image not known/i.test((error as Error).message);
