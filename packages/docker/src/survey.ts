import { systemClock } from "@porter-sandbox/spec";
import { createDockerClient } from "./client.ts";
import { findEndpoint } from "./endpoint.ts";
import { unless } from "./errors.ts";
import { whyUnenforceable } from "./network/egress.ts";

/** The options of `surveyDocker`; each may be left out. */
export interface SurveyOptions {
  /** As for `dockerEngine`. Default: `DOCKER_HOST`, else `/var/run/docker.sock`. */
  readonly host?: string | undefined;
  /** Image references to look for on the engine. Nothing is pulled. Default none. */
  readonly images?: readonly string[] | undefined;
  /** How long the engine may take to answer, in milliseconds. Default 3000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Where `DOCKER_HOST` and the TLS variables (`DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`) are looked up. Default:
   * `process.env`.
   */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** What `surveyDocker` found. */
export interface DockerSurvey {
  /** Why no engine can be used, in words; undefined when one answers. */
  readonly unusable?: string | undefined;
  /** Why `egress: "enforced"` is out of reach here, in words; undefined when nothing speaks against it. */
  readonly unenforceable?: string | undefined;
  /** Those of the images asked for that are on the engine, in the order they were asked for. */
  readonly images: readonly string[];
}

/**
 * Looks, without changing anything, what there is for `dockerEngine` to work with. Never rejects: what is in the way is
 * part of the answer.
 *
 * @example
 * ```ts
 * const { unusable, images } = await surveyDocker({ images: ["busybox:1"] });
 * ```
 */
export async function surveyDocker(options: SurveyOptions = {}): Promise<DockerSurvey> {
  const { host, images = [], timeoutMs = 3_000, environment = process.env } = options;
  let client: ReturnType<typeof createDockerClient> | undefined;
  let cancel = () => {};
  try {
    const endpoint = findEndpoint(host, environment);
    const engine = createDockerClient(endpoint, systemClock);
    client = engine;
    const late = new Promise<never>((_resolve, reject) => {
      const where = endpoint.kind === "socket" ? endpoint.path : `${endpoint.host}:${endpoint.port}`;
      const error = new Error(`the Docker engine at ${where} does not answer: nothing came within ${timeoutMs} ms`);
      cancel = systemClock.schedule(() => reject(error), timeoutMs);
    });
    const has = async (image: string) =>
      (await unless([404], engine.call<{ Id: string }>("GET", `/images/${image}/json`))) !== undefined;
    const look = async () => {
      await engine.version();
      return Promise.all(images.map(has));
    };
    const found = await Promise.race([look(), late]);
    return { unenforceable: whyUnenforceable(endpoint), images: images.filter((_image, at) => found[at]) };
  } catch (error) {
    return { unusable: error instanceof Error ? error.message : String(error), images: [] };
  } finally {
    cancel();
    client?.close();
  }
}
