import type { Porter, PorterOptions, Sandbox, Volume } from "@porter-sandbox/core";
import type { Clock } from "@porter-sandbox/spec";
import type { OperationId } from "@porter-sandbox/spec/operations";
import type { FakeControl, Fault, FaultRule, RecordedRequest } from "../control.ts";
import { fail, ok, show } from "./assert.ts";
import { type Answer, body, createHttp, defaultBaseUrl, type Http } from "./http.ts";
import { type Capability, type FetchLike, type Target, targetHas } from "./target.ts";

/**
 * The client under test: the runtime's own `Porter`, handed in, so that the suite is not bound to one copy. To the
 * compiler two copies of a class with private fields are two types, so any class will do here.
 */
export type PorterClass = new (options: never) => object;

/** What a case has in hand. Each case gets its own, and what it made is removed when it ends. */
export interface Context {
  /** What the suite runs against. */
  readonly target: Target;
  /** The wire, without the client. */
  readonly http: Http;
  /** The fake's control; cases that use it need `control`. */
  readonly control: FakeControl;
  /** Whether the target has a capability. */
  has(capability: Capability): boolean;
  /** A name that nothing else in this run, or any other, has. */
  name(prefix?: string): string;
  /** A client of the target, quick to retry. */
  porter(options?: Partial<PorterOptions>): Porter;
  /** A client whose answers, or whose way there, a case bends. */
  porterOver(fetch: FetchLike, options?: Partial<PorterOptions>): Porter;
  /** A handle on a sandbox that runs, created by a client; it is terminated when the case ends. */
  sandbox(options?: { readonly porter?: Porter; readonly spec?: Record<string, unknown> }): Promise<Sandbox>;
  /** A handle on the volume of this name. */
  disk(name: string, porter?: Porter): Promise<Volume>;
  /** A client that must not send anything, and what it sent all the same. */
  offline(): { porter: Porter; sent: { method: string; path: string }[] };
  /** Creates a sandbox over the wire; it is terminated when the case ends. */
  create(spec?: Record<string, unknown>): Promise<Made>;
  /** The same, and waits until it runs. */
  running(spec?: Record<string, unknown>): Promise<Made>;
  /** Creates a volume over the wire and waits until it is ready; it is deleted when the case ends. */
  volume(spec?: Record<string, unknown>): Promise<Made>;
  /** Puts a file into a volume over the wire. */
  put(volumeId: string, path: string, content?: string | Uint8Array<ArrayBuffer>): Promise<Answer>;
  /** Reads a sandbox's status over the wire. */
  status(id: string): Promise<WireStatus>;
  /** Waits until a sandbox is in one of these phases. */
  phase(id: string, ...phases: string[]): Promise<WireStatus>;
  /** Runs a command over the wire. */
  exec(id: string, command: readonly string[]): Promise<{ stdout: string; stderr: string; exit_code: number }>;
  /** Adds a fault, for one request unless told otherwise; what is left of it is dropped when the case ends. */
  fault(operation: OperationId, fault: Fault, times?: FaultRule["times"]): Promise<void>;
  /** The requests of one operation since the case began. */
  requests(operation: OperationId): Promise<RecordedRequest[]>;
  /** Waits until this many requests of an operation have arrived since the case began; answers the last of them. */
  arrived(operation: OperationId, count?: number): Promise<RecordedRequest>;
  /** Asks until `probe` answers something other than undefined; fails with `what` after the target's boot timeout. */
  until<T>(what: string, probe: () => Promise<T | undefined>, timeoutMs?: number): Promise<T>;
  /** Notes that the case has examined this operation with this status, other than through `http`. */
  examined(operation: OperationId, status: number): void;
  /** Something to undo when the case ends; the last one first. */
  cleanup(undo: () => Promise<unknown>): void;
}

interface Made {
  readonly id: string;
  readonly name: string;
}

/** A sandbox's status as the wire writes it. */
export interface WireStatus {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly phase: string;
  readonly tags?: Record<string, string>;
  readonly exit_code?: number;
  readonly created_at: string;
  readonly started_at?: string;
  readonly finished_at?: string;
  readonly host: string;
  readonly internal_address?: string;
  readonly volume_mounts?: Record<string, string>;
  readonly [field: string]: unknown;
}

/** What a case has examined: `operation status`. */
type Seen = Set<string>;

interface CaseContext extends Context {
  readonly seen: Seen;
  /** Undoes what the case did. Answers what went wrong on the way. */
  finish(): Promise<string[]>;
}

const ended = new Set(["succeeded", "failed", "terminated"]);

/** A clock that fires at once, and tells what it was asked to wait. */
export function hastyClock(): Clock & { waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    now: () => Date.now(),
    schedule(callback, ms) {
      waits.push(ms);
      const timer = setTimeout(callback, 0);
      return () => clearTimeout(timer);
    },
  };
}

/** A client that does not really wait between attempts, and tells how long it would have. */
export function hasty(c: Context, options: Parameters<Context["porter"]>[0] = {}) {
  const clock = hastyClock();
  return { porter: c.porter({ clock, timeoutMs: Number.POSITIVE_INFINITY, ...options }), waits: clock.waits };
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
const randomName = (length: number) =>
  Array.from({ length }, () => letters[Math.floor(Math.random() * letters.length)]).join("");

/** What a case has in hand, and `finish`, which undoes what the case made and answers what went wrong with that. */
export function createContext(target: Target, { Porter }: { readonly Porter: PorterClass }): CaseContext {
  const seen: Seen = new Set();
  const undo: (() => Promise<unknown>)[] = [];
  const began = Date.now();
  const http = createHttp(target, (operation, status) => seen.add(`${operation} ${status}`));
  const bootTimeoutMs = target.bootTimeoutMs ?? 60_000;

  const porterOver: Context["porterOver"] = (fetch, options = {}) => {
    const porter = new (Porter as new (options: PorterOptions) => Porter)({
      fetch: fetch as typeof globalThis.fetch,
      baseUrl: target.baseUrl ?? defaultBaseUrl,
      ...(target.apiKey === undefined ? {} : { apiKey: target.apiKey }),
      random: () => 0,
      ...options,
    });
    undo.push(async () => porter.close());
    return porter;
  };

  const until: Context["until"] = async (what, probe, timeoutMs = bootTimeoutMs) => {
    const deadline = Date.now() + timeoutMs;
    for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
      const value = await probe();
      if (value !== undefined) return value;
      if (Date.now() > deadline) fail(`expected ${what} within ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  };

  const context: CaseContext = {
    target,
    http,
    seen,
    has: (capability) => targetHas(target, capability),
    until,
    porterOver,
    get control() {
      return target.control ?? fail("this case needs the capability control");
    },
    name: (prefix = "contract") => `${prefix}-${randomName(12)}`,
    porter: (options) => porterOver(target.fetch, options),
    async sandbox({ porter = context.porter(), spec = {} } = {}) {
      const sandbox = await porter.sandboxes.create({ image: target.image, ...spec });
      undo.push(() => http("DELETE", `/v1/sandbox/${sandbox.id}`));
      await context.phase(sandbox.id, "running");
      return sandbox;
    },
    async disk(name, porter = context.porter()) {
      const volume = await porter.volumes.get(name);
      return volume.type === "disk" ? volume : fail(`volume ${name}: expected a disk, got ${volume.type}`);
    },
    offline() {
      const sent: { method: string; path: string }[] = [];
      const porter = porterOver(async (input, init) => {
        const request = typeof input === "object" && "method" in input ? input : undefined;
        sent.push({ method: init?.method ?? request?.method ?? "GET", path: request?.url ?? String(input) });
        throw new TypeError("this client is offline");
      });
      return { porter, sent };
    },
    async create(spec = {}) {
      const made = body(await http("POST", "/v1/sandbox/run", { json: { image: target.image, ...spec } }));
      undo.push(() => http("DELETE", `/v1/sandbox/${made.id}`));
      return { id: made.id, name: made.name };
    },
    async running(spec) {
      const made = await context.create(spec);
      await context.phase(made.id, "running");
      return made;
    },
    async volume(spec = {}) {
      const made = body(await http("POST", "/v1/volume", { json: spec }));
      undo.push(() => removeVolume(made.id));
      await until(`volume ${made.id} to be ready`, async () => {
        const { phase } = body(await http("GET", `/v1/volume/${made.id}`));
        if (phase === "failed") fail(`volume ${made.id} failed`);
        return phase === "ready" ? true : undefined;
      });
      return { id: made.id, name: made.name };
    },
    async put(volumeId, path, content = "") {
      const answer = await http("PUT", `/v1/volume/${volumeId}/files/content`, {
        query: { path },
        body: typeof content === "string" ? new TextEncoder().encode(content) : content,
        headers: { "content-type": "application/octet-stream" },
      });
      ok(answer.status < 300, `PUT ${path}: expected success, got ${answer.status} ${show(answer.text)}`);
      return answer;
    },
    status: async (id) => body(await http("GET", `/v1/sandbox/${id}`)),
    phase: (id, ...phases) =>
      until(`sandbox ${id} to be ${phases.join(" or ")}`, async () => {
        const status = await context.status(id);
        if (phases.includes(status.phase)) return status;
        if (ended.has(status.phase)) fail(`sandbox ${id}: expected ${phases.join(" or ")}, got ${show(status)}`);
        return undefined;
      }),
    exec: async (id, command) => body(await http("POST", `/v1/sandbox/${id}/exec`, { json: { command } })),
    async fault(operation, fault, times = 1) {
      undo.push(() => context.control.clearFaults());
      await context.control.inject({ operation, fault, times });
    },
    requests: async (operation) =>
      (await context.control.requests()).filter((request) => request.operation === operation),
    arrived: (operation, count = 1) =>
      until(`${count} of ${operation} to have arrived`, async () => (await context.requests(operation))[count - 1]),
    examined: (operation, status) => void seen.add(`${operation} ${status}`),
    cleanup: (run) => undo.push(run),
    async finish() {
      const problems: string[] = [];
      for (const run of undo.reverse()) {
        try {
          await run();
        } catch (error) {
          problems.push(`clean-up after ${Date.now() - began} ms: ${show(error)}`);
        }
      }
      return problems;
    },
  };

  /** A volume is attached until the sandbox that mounts it is gone, which may take its engine a moment. */
  async function removeVolume(id: string): Promise<void> {
    await until(`volume ${id} to be deleted`, async () => {
      const { status } = await http("DELETE", `/v1/volume/${id}`);
      return status === 409 ? undefined : true;
    });
  }

  return context;
}
