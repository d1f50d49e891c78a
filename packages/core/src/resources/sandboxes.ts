import { invalidRequest } from "../errors/status-errors.ts";
import type { RawClient } from "../raw.ts";
import type { Client } from "../transport/client.ts";
import { call, type RequestParts } from "../transport/request.ts";
import type { CallOptions } from "../transport/scope.ts";
import type {
  CountsResponse,
  FilterValues,
  FleetWaitOptions,
  ListQuery,
  Pagination,
  RunResponse,
  SandboxFilters,
  SandboxSpec,
  StatusResponse,
  TerminateResult,
} from "../types.ts";
import { readHandleJson } from "./handle-json.ts";
import { Sandbox } from "./sandbox.ts";

/** One page of sandboxes. */
export type SandboxList = Sandbox[] & {
  readonly pagination: Pagination;
  /** What occurs among them; null unless asked for with `include_filter_values`. */
  readonly filter_values: FilterValues | null;
};

/** What `create` takes beside the spec. */
export interface CreateOptions extends CallOptions {
  /**
   * Lets a program repeat a create after it was restarted: on a server with idempotency keys the same key never creates
   * a second sandbox. Default: a random one for each call.
   */
  idempotencyKey?: string | undefined;
}

type SandboxOperation = Extract<keyof RawClient, `${string}Sandbox${string}` | "createSnapshot">;

/** `porter.sandboxes`. */
export class Sandboxes {
  readonly #client: Client;
  /** The operations on sandboxes as the API has them. */
  readonly raw: Pick<RawClient, SandboxOperation>;

  /** @internal */
  constructor(client: Client, raw: RawClient) {
    this.#client = client;
    this.raw = raw;
  }

  /**
   * Asks for a sandbox and returns as soon as it is accepted; `phase` is null until `refresh()`. `exec` waits until it
   * runs. A create is repeated only when that cannot make a second sandbox.
   * @throws {ConflictError} when the name is taken (a name can be used once, for ever).
   */
  async create(spec: SandboxSpec, options?: CreateOptions): Promise<Sandbox> {
    const parts = { body: spec, headers: { "idempotency-key": options?.idempotencyKey } };
    let whole: CallOptions | undefined = options;
    if (spec?.idle_timeout_seconds !== undefined)
      whole = await (await import("../extras/ttl.ts")).needIdleTimeouts(this.#client, parts, options);
    const { id, name } = await call<RunResponse>(this.#client, "createSandbox", parts, whole);
    return new Sandbox(this.#client, { id, name, tags: spec.tags });
  }

  /**
   * Finds a sandbox by its name, also one that has ended. One look-up: `phase` is null until `refresh()`.
   * @throws {NotFoundError} when there never was one of that name.
   */
  async get(name: string, options?: CallOptions): Promise<Sandbox> {
    const { id } = await call<{ id: string }>(this.#client, "lookupSandbox", { query: { name } }, options);
    return new Sandbox(this.#client, { id, name });
  }

  /** Finds a sandbox by its id, with its status. */
  async getById(id: string, options?: CallOptions): Promise<Sandbox> {
    const sandbox = this.fromId(id);
    await sandbox.refresh(options);
    return sandbox;
  }

  /** A handle for an id, without asking whether there is such a sandbox. */
  fromId(id: string): Sandbox {
    return new Sandbox(this.#client, { id });
  }

  /**
   * A handle from what its `toJSON()` gave, as a value or as text, without asking whether there is such a sandbox.
   * @throws {InvalidRequestError} naming the field that is not what it must be.
   */
  fromJSON(json: unknown): Sandbox {
    const { id, name } = readHandleJson("sandbox", json);
    if (typeof name !== "string" && name !== null) throw invalidRequest("name", "must be a string or null");
    return new Sandbox(this.#client, { id, name });
  }

  /**
   * Waits until each of many sandboxes, handles or ids, runs or has run. Each round lists the sandboxes once, however many are waited
   * for. Returns their handles, in the same order.
   * @throws {SandboxNotRunningError} as soon as one has ended instead; its id is `sandbox_id`. The others go on.
   */
  async waitUntilRunning(sandboxes: readonly (Sandbox | string)[], options?: FleetWaitOptions): Promise<Sandbox[]> {
    return (await import("../extras/waiting.ts")).waitForFleet(this.#client, sandboxes, options);
  }

  /**
   * Ends many sandboxes: those that are given, handles or ids, or all that match filters and have not ended. A failure does
   * not stop the others; `failed` lists it with its error.
   * ```ts
   * const { failed } = await porter.sandboxes.terminate({ tags: { run: "42" } });
   * ```
   * @param options hold for each request.
   * @throws {InvalidRequestError} when no filter is set. Then, and when those that match cannot be listed, none is ended.
   */
  async terminate(
    which: readonly (Sandbox | string)[] | SandboxFilters,
    options?: CallOptions,
  ): Promise<TerminateResult> {
    return (await import("../extras/terminating.ts")).terminateAll(this.#client, this, which, options);
  }

  /** One page of the sandboxes that match, newest first. */
  async list(query?: ListQuery, options?: CallOptions): Promise<SandboxList> {
    const page = await call<{ sandboxes: StatusResponse[]; pagination: Pagination; filter_values?: FilterValues }>(
      this.#client,
      "listSandboxes",
      toParts(query),
      options,
    );
    const sandboxes = page.sandboxes.map((status) => new Sandbox(this.#client, { id: status.id, status }));
    return Object.assign(sandboxes, { pagination: page.pagination, filter_values: page.filter_values ?? null });
  }

  /**
   * All sandboxes that match, newest first, page after page, none of them twice. Those created after the walk began are left out.
   * @param options hold for each page.
   */
  async *iterate(filters?: SandboxFilters, options?: CallOptions): AsyncGenerator<Sandbox, void, undefined> {
    yield* (await import("../extras/iterating.ts")).iterate(this.#client, this, filters, options);
  }

  /**
   * How many of the sandboxes that match were created over time: 60 buckets of equal width between `start_time` and `end_time`, by
   * default over the last 24 hours, oldest first and without gaps.
   */
  counts(filters?: SandboxFilters, options?: CallOptions): Promise<CountsResponse> {
    return call(this.#client, "countSandboxes", toParts(filters), options);
  }
}

function toParts(given: ListQuery | undefined): RequestParts {
  const { tags, phase, ...query } = given ?? {};
  const tag = tags && Object.entries(tags).map(([key, value]) => `${key}=${value}`);
  return { query: { ...query, phase: phase === undefined ? phase : [phase].flat(), ...(tag && { tag }) }, tags };
}
