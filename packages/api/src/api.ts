/** The server side of the Sandbox API as a value with a `fetch`. */
import { type Clock, sleep, systemClock } from "@porter-sandbox/spec";
import { type Agenda, createAgenda } from "./agenda.ts";
import { goOn } from "./control/lifecycle.ts";
import type { EnvGroups, Plane } from "./control/plane.ts";
import { endProcesses } from "./control/processes.ts";
import { reconcile } from "./control/reconcile.ts";
import { runTask } from "./control/tasks.ts";
import type { Engine } from "./engine.ts";
import { errorResponse, notReady, shuttingDown } from "./errors.ts";
import { createApp, refusalOf } from "./http/app.ts";
import { type Auth, createGate } from "./http/auth.ts";
import { addCorsHeaders, answerPreflight, type Cors } from "./http/cors.ts";
import { createIds, secureRandom } from "./ids.ts";
import { type Limits, resolveLimits } from "./limits.ts";
import { createMemoryStore } from "./memory-store.ts";
import type { Store } from "./store.ts";

/** What `createSandboxApi` takes. Only `engine` is required. */
export interface SandboxApiOptions {
  /** What runs the sandboxes. */
  readonly engine: Engine;
  /** What remembers. Default: `createMemoryStore()`, which forgets when the process ends. */
  readonly store?: Store | undefined;
  /** What time it is, for TTLs, retention and waits. Default: the system's. */
  readonly clock?: Clock | undefined;
  /** Whose API keys are accepted; `/healthz` and `/readyz` need none. Default: everyone who can reach it. */
  readonly auth?: Auth | undefined;
  /** Bounds other than the defaults. */
  readonly limits?: { readonly [K in keyof Limits]?: Limits[K] | undefined } | undefined;
  /** What `env_groups` may name. Default: none. */
  readonly envGroups?: EnvGroups | undefined;
  /** Which pages in browsers may use it. Default: none but those of its own origin. */
  readonly cors?: Cors | undefined;
  /** `false`: the published API alone, without idempotency keys, capabilities and marks of cut output. Default `true`. */
  readonly extensions?: boolean | undefined;
  /** Numbers from 0 up to but not including 1, for ids. Default: the runtime's secure source. */
  readonly random?: (() => number) | undefined;
  /** Called with what went wrong inside: the error of a 500, or one that no caller waits for. Default: such errors are dropped. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * A server of the Sandbox API. `fetch` answers requests; no port is opened. `serve()` of `@porter-sandbox/serve` puts one on a port, and
 * `new Porter({ fetch: api.fetch })` uses it in the same process.
 */
export interface SandboxApi {
  /**
   * Answers a request, after the server is ready. A server passes the `Request` that it got: then it never rejects, and
   * errors are responses. It can also be called as the global `fetch` is, with a URL and options: then it rejects as that
   * one does, when the signal aborts or the options make no request.
   */
  fetch(input: Request | URL | string, init?: RequestInit): Promise<Response>;
  /**
   * Reconciles the store with the engine, once; the first request does it otherwise. Rejects when the engine or the store
   * cannot be reached; the next call tries again.
   */
  ready(): Promise<void>;
  /**
   * Refuses new requests with a 503, waits for those under way (`limits.drainMs` at most, then their commands are killed), and lets go of
   * engine and store. Safe to repeat.
   */
  close(): Promise<void>;
}

/** A request of another realm, or of a server adapter, is no instance of this realm's class. */
const isRequest = (input: Request | URL | string): input is Request =>
  typeof input === "object" && "headers" in input && "method" in input;

/** Calls `serve` as a client calls the global fetch. */
async function call(
  serve: (request: Request) => Promise<Response>,
  input: Request | URL | string,
  init: RequestInit | undefined,
): Promise<Response> {
  const request = new Request(input, init);
  const { signal } = request;
  signal.throwIfAborted();
  let giveUp = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
  });
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([serve(request), aborted]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

const REQUEST_ID = /^[\w.:/+=@-]{1,128}$/;

const pathOf = (url: string): string => /^[^:]+:\/\/[^/?#]*([^?#]*)/.exec(url)?.[1] ?? "";

/**
 * Serves the Sandbox API on an engine. Nothing happens before the first request or `ready()`, so it can be called where a
 * runtime forbids work, as at the top of a Worker.
 *
 * @example
 * const api = createSandboxApi({ engine, auth: { keys: ["…"] } });
 * const response = await api.fetch(new Request("http://sandbox-api.local/v1/sandbox"));
 * await api.close();
 */
export function createSandboxApi(options: SandboxApiOptions): SandboxApi {
  const { engine, store = createMemoryStore(), clock = systemClock, cors, onError } = options;
  const gate = createGate(options.auth);
  const limits = resolveLimits(options.limits);
  const report = (error: unknown): void => {
    try {
      onError?.(error);
    } catch {
      // A reporter that fails must not take the server with it.
    }
  };
  const agenda: Agenda = createAgenda(clock, (task, id) => runTask(plane, task, id));
  const plane: Plane = {
    engine,
    store,
    clock,
    limits,
    agenda,
    report,
    ids: createIds(() => clock.now(), options.random ?? secureRandom),
    envGroups: options.envGroups ?? {},
    extensions: options.extensions ?? true,
    starting: new Map(),
    settling: new Map(),
    stopping: new Map(),
    commands: new Map(),
    processes: { bySandbox: new Map(), ended: new Map() },
    activity: new Map(),
    extended: new Map(),
    retries: new Map(),
    background: new Set(),
    closed: false,
  };
  const app = createApp(plane);
  const underWay = new Set<Promise<Response>>();
  let readiness: Promise<void> | undefined;
  let started = false;
  let closing: Promise<void> | undefined;

  function ready(): Promise<void> {
    readiness ??= reconcile(plane).then(
      () => {
        started = true;
      },
      (error: unknown) => {
        readiness = undefined;
        throw error;
      },
    );
    return readiness;
  }

  const unready = (error: unknown): never => {
    report(error);
    throw notReady();
  };

  async function answer(request: Request): Promise<Response> {
    try {
      const preflight = answerPreflight(cors, request);
      if (preflight !== undefined) return preflight;
      const path = pathOf(request.url);
      if (path === "/healthz") return await app(request);
      if (closing !== undefined) throw shuttingDown();
      if (path !== "/readyz") {
        const admitted = gate(request.headers.get("Authorization"));
        if (admitted !== undefined) await admitted;
      }
      if (!started) await ready().catch(unready);
      const due = agenda.runDue();
      if (due !== undefined) await due;
      return await app(request);
    } catch (error) {
      return errorResponse(refusalOf(error, report));
    }
  }

  async function serve(request: Request): Promise<Response> {
    const answering = answer(request);
    underWay.add(answering);
    try {
      const response = await answering;
      const given = request.headers.get("X-Request-Id");
      const id = given !== null && REQUEST_ID.test(given) ? given : plane.ids.next("req").id;
      response.headers.set("X-Request-Id", id);
      addCorsHeaders(cors, request, response.headers);
      // Who sends it is told that nobody will read it.
      if (request.body !== null && !request.bodyUsed && !request.body.locked) request.body.cancel().catch(() => {});
      return response;
    } finally {
      underWay.delete(answering);
    }
  }

  /** Waits for work, but not for longer than `ms`. */
  async function drain(work: Iterable<Promise<unknown>>, ms: number): Promise<void> {
    const enough = new AbortController();
    const timeout = sleep(clock, ms, enough.signal).catch(() => {});
    await Promise.race([Promise.allSettled(work), timeout]);
    enough.abort();
  }

  async function shutDown(): Promise<void> {
    // The clock's timers let a process end, but not before what it waits for here is over.
    const awake = setInterval(() => {}, 60_000);
    try {
      await letGo();
    } finally {
      clearInterval(awake);
    }
  }

  async function letGo(): Promise<void> {
    await readiness?.catch(report);
    // Before the requests under way: one may be reading a process, or writing to it.
    if (plane.processes.bySandbox.size > 0) await drain([endProcesses(plane)], limits.drainMs);
    if (underWay.size > 0) {
      await drain(underWay, limits.drainMs);
      for (const ends of plane.commands.values()) for (const end of ends) end();
      await drain(underWay, limits.drainMs);
    }
    plane.closed = true;
    agenda.close();
    for (const start of plane.starting.values()) start.abort(new Error("the server is shutting down"));
    for (const id of plane.retries.keys()) await goOn(plane, id);
    if (plane.background.size > 0) await drain(plane.background, limits.drainMs);
    await engine.close();
    await store.close();
  }

  return {
    fetch: (input, init) => (isRequest(input) && init === undefined ? serve(input) : call(serve, input, init)),
    ready,
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}
