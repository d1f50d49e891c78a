import type { Clock } from "@porter-sandbox/spec";
import { clientClock } from "./clock.ts";
import { type ConnectionOptions, type Environment, resolveConfiguration } from "./configuration.ts";
import { ConfigurationError } from "./errors/client-errors.ts";
import type { Hooks } from "./hooks.ts";
import { createRaw, type RawClient } from "./raw.ts";
import { type Jobs, jobCode } from "./resources/jobs.ts";
import { lazily } from "./resources/lazy.ts";
import { Sandboxes } from "./resources/sandboxes.ts";
import { type Snapshots, snapshotsOf } from "./resources/snapshots.ts";
import { Volumes } from "./resources/volume.ts";
import { type Client, closedError, type FetchLike } from "./transport/client.ts";
import type { CallOptions } from "./transport/scope.ts";
import type { HealthResponse, ReadyResponse } from "./types.ts";
import { checkHeader, checkOption } from "./validation.ts";

/** The options of `new Porter()`. All of them may be left out. */
export interface PorterOptions extends ConnectionOptions {
  /**
   * Milliseconds for a call, all attempts together. Default 30,000; `exec`, the contents of files and the input and output of
   * processes have no limit.
   */
  timeoutMs?: number | undefined;
  /** How often a request that may be repeated is repeated. Default 3. */
  maxRetries?: number | undefined;
  /**
   * What carries the requests: a function like the global `fetch`, or an object with such a method, as a service
   * binding or a Sandbox API in the same process is. With it the environment is not read: no key, and
   * `http://sandbox-api.local`, unless given.
   */
  fetch?: FetchLike | { fetch: FetchLike } | undefined;
  /** Sent with every request. */
  headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** Functions that watch requests, for logs, metrics and traces. */
  hooks?: Hooks | undefined;
  /** What time it is, for timeouts and waits. Default: the system's. */
  clock?: Clock | undefined;
  /** Numbers from 0 to 1, for the jitter of waits. Default `Math.random`. */
  random?: (() => number) | undefined;
}

/** What an adapter knows of its runtime. */
export interface Platform {
  /** The environment, or a function that finds it; not read when the caller brings a `fetch`. */
  env?: Environment | (() => Environment) | undefined;
  /** A transport in place of the global `fetch`; unlike the caller's it leaves the environment in force. */
  fetch?: FetchLike | undefined;
}

/**
 * The client of a Sandbox API.
 * ```ts
 * const porter = new Porter();
 * await using sandbox = await porter.sandboxes.create({ image: "python:3.12-slim" });
 * const { stdout } = await sandbox.exec(["python", "-c", "print('hi')"]);
 * ```
 */
export class Porter {
  readonly #client: Client;
  /** Creates, finds, lists and ends sandboxes. */
  readonly sandboxes: Sandboxes;
  /** Creates, finds, lists and deletes volumes, which outlive sandboxes. */
  readonly volumes: Volumes;
  /** Lists and deletes snapshots; `sandbox.snapshot()` makes one. */
  readonly snapshots: Snapshots;
  /** Jobs of many sandboxes together; those of one are its `jobs`. */
  readonly jobs: Jobs;
  /** Every operation of the API as one method, for what the handles do not cover. */
  readonly raw: RawClient;

  /**
   * @param platform is for adapters; `porter-sandbox` and `@porter-sandbox/edge` fill it in.
   * @throws {ConfigurationError} when nothing says where the API is, or an option is not what it must be.
   */
  constructor(options: PorterOptions = {}, platform: Platform = {}) {
    const {
      timeoutMs = 30_000,
      maxRetries = 3,
      headers,
      hooks = {},
      clock = clientClock,
      random = Math.random,
    } = options;
    const limits = { timeoutMs, maxRetries };
    for (const name of ["timeoutMs", "maxRetries"] as const) {
      const rule = checkOption(name, limits[name]);
      if (rule) throw new ConfigurationError(`${name}: ${rule} (got ${String(limits[name])})`);
    }
    const fetch = toFetch(options.fetch);
    const { env } = platform;
    this.#client = {
      ...resolveConfiguration(options, fetch ? {} : typeof env === "function" ? env() : (env ?? {})),
      // Found at each call, so that what replaces the global one later is used too.
      fetch: fetch ?? platform.fetch ?? ((url, init) => globalThis.fetch(url, init)),
      clock,
      random,
      timeoutMs,
      maxRetries,
      headers: toHeaders(headers),
      hooks,
      underway: new Set(),
      closed: false,
    };
    this.raw = createRaw(this.#client);
    this.sandboxes = new Sandboxes(this.#client, this.raw);
    this.volumes = new Volumes(this.#client, this.raw);
    this.snapshots = snapshotsOf(this.#client, this.raw);
    this.jobs = lazily(jobCode, "status wait fromJSON", this.#client, undefined);
  }

  /** Whether the server is alive. */
  healthz(options?: CallOptions): Promise<HealthResponse> {
    return this.raw.healthz({}, options);
  }

  /** Whether the server takes work, and how many sandboxes wait or run. */
  readyz(options?: CallOptions): Promise<ReadyResponse> {
    return this.raw.readyz({}, options);
  }

  /** Aborts the calls under way and refuses new ones. Sandboxes are not touched. */
  close(): void {
    this.#client.closed = true;
    for (const scope of [...this.#client.underway]) scope.fail(closedError(scope.admitted));
  }

  /** As `close()`, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** As `close()`, at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

function toFetch(fetch: PorterOptions["fetch"]): FetchLike | undefined {
  if (fetch === undefined) return undefined;
  // Called without a receiver, as global ones insist on.
  if (typeof fetch === "function") return (url, init) => fetch(url, init);
  if (typeof fetch?.fetch === "function") return (url, init) => fetch.fetch(url, init);
  throw new ConfigurationError("fetch: must be a function like the global fetch, or an object with one");
}

function toHeaders(headers: PorterOptions["headers"] = {}): Record<string, string> {
  const lower: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    const found = checkHeader(name, value);
    if (found) throw new ConfigurationError(`${found.field}: ${found.rule}`);
    lower[name.toLowerCase()] = value;
  }
  return lower;
}
