import { afterEach, describe, expect, it, vi } from "vitest";
import "../extras/exec-options.ts";
import {
  AuthenticationError,
  ConfigurationError,
  ConflictError,
  ConnectionError,
  InvalidRequestError,
  isSandboxError,
  MalformedResponseError,
  NotFoundError,
  PayloadTooLargeError,
  PaymentRequiredError,
  PermissionDeniedError,
  Porter,
  RateLimitError,
  type SandboxError,
  SandboxNotRunningError,
  SandboxTimeoutError,
  ServerError,
  UnsupportedError,
} from "../index.ts";
import {
  brokenConnection,
  json,
  refusal,
  rejection,
  type Sent,
  setUp,
  status,
  turn,
  VirtualClock,
} from "../test-support.ts";

const spec = { image: "python:3.12-slim" };
const run = { id: "sbx-1", name: "my-sandbox" };
const capabilities = (...extensions: string[]) => json({ extensions });
/** An answer that never comes, unless the request is cancelled. */
const never = ({ signal }: Sent) =>
  new Promise<Response>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
/** A fetch that does not heed its signal. */
const deaf = () => new Promise<Response>(() => {});

describe("requests", () => {
  it("carry the method, path, query, body and key of the operation", async () => {
    const { porter, sent } = setUp([json({ logs: [], sandbox_id: "a/b" })], {
      apiKey: "secret",
      baseUrl: "http://h/api/",
      headers: { "X-Team": "blue" },
    });
    await porter.sandboxes.fromId("a/b").logs({ limit: 5, since: undefined });
    expect(sent[0]).toMatchObject({
      method: "GET",
      url: "http://h/api/v1/sandbox/a%2Fb/logs?limit=5",
      body: undefined,
    });
    expect(sent[0]?.headers).toEqual({ authorization: "Bearer secret", "x-team": "blue" });
  });

  it("leave the key out where none is asked for", async () => {
    const { porter, sent } = setUp([json({ status: "ok" })], { apiKey: "secret" });
    expect(await porter.healthz()).toEqual({ status: "ok" });
    expect(sent[0]?.headers).toEqual({});
  });

  it("ask for the key again for each attempt", async () => {
    const keys = ["first", "second"];
    const { porter, sent, clock } = setUp([refusal(503), json(status())], { apiKey: async () => keys.shift() ?? "" });
    await clock.settle(porter.sandboxes.getById("sbx-1"));
    expect(sent.map(({ headers }) => headers.authorization)).toEqual(["Bearer first", "Bearer second"]);
  });

  it("do not start when the key's function answers none", async () => {
    const { porter, sent } = setUp([json(status())], { apiKey: () => "" });
    expect(await rejection(porter.sandboxes.getById("sbx-1"))).toBeInstanceOf(ConfigurationError);
    expect(sent).toEqual([]);
  });

  it("go through a fetch without a receiver, or through an object's method", async () => {
    const api = {
      async fetch(this: unknown) {
        expect(this).toBe(api);
        return json({ status: "ok" });
      },
    };
    await new Porter({ fetch: api }).healthz();
    const receivers: unknown[] = [];
    const bare = async function (this: unknown) {
      receivers.push(this);
      return json({ status: "ok" });
    };
    await new Porter({ fetch: bare }).healthz();
    expect(receivers).toEqual([undefined]);
  });

  it("use the global fetch of the moment", async () => {
    const porter = new Porter({ baseUrl: "http://h" });
    vi.stubGlobal("fetch", async () => json({ status: "patched" }));
    expect(await porter.healthz()).toEqual({ status: "patched" });
  });
  afterEach(() => vi.unstubAllGlobals());

  it.each(["", ".", "..", "\ud800"])("refuse the id %j before anything is sent", async (id) => {
    const { porter, sent } = setUp([json(status())]);
    expect(await rejection(porter.sandboxes.fromId(id).refresh())).toMatchObject({
      name: "InvalidRequestError",
      field: "id",
      admitted: false,
      statusCode: undefined,
    });
    expect(sent).toEqual([]);
  });
});

describe("errors", () => {
  const cases: [number, string | undefined, typeof SandboxError, boolean | "unknown"][] = [
    [400, "invalid_request", InvalidRequestError, false],
    [401, "unauthenticated", AuthenticationError, false],
    [402, undefined, PaymentRequiredError, false],
    [403, undefined, PermissionDeniedError, false],
    [404, "not_found", NotFoundError, false],
    [405, "method_not_allowed", InvalidRequestError, false],
    [408, undefined, SandboxTimeoutError, "unknown"],
    [409, "name_taken", ConflictError, false],
    [409, "sandbox_not_running", SandboxNotRunningError, false],
    [413, "body_too_large", PayloadTooLargeError, false],
    [416, "range_not_satisfiable", InvalidRequestError, false],
    [422, "invalid_request", InvalidRequestError, false],
    [422, "unsupported", UnsupportedError, false],
    [429, "rate_limited", RateLimitError, false],
    [500, "internal", ServerError, "unknown"],
    [501, undefined, ServerError, false],
    [502, undefined, ServerError, "unknown"],
    [503, undefined, ServerError, "unknown"],
    [503, "shutting_down", ServerError, false],
    [504, undefined, ServerError, "unknown"],
  ];
  it.each(cases)("a %i (%s) is its own kind", async (code, name, Kind, admitted) => {
    const { porter, clock } = setUp([refusal(code, name, {}, { "x-request-id": "req-1" })], { maxRetries: 0 });
    const error = (await rejection(clock.settle(porter.sandboxes.create(spec)))) as SandboxError;
    expect(error.constructor).toBe(Kind);
    expect(error).toMatchObject({ statusCode: code, code: name ?? `http_${code}`, admitted, requestId: "req-1" });
    expect(error.message).toBe(`POST http://sandbox-api.local/v1/sandbox/run failed with ${code}: the reason`);
    expect(isSandboxError(error)).toBe(true);
    expect(error.name).toBe(Kind.name);
    expect(error.stack).toContain(Kind.name);
  });

  it("keep a body that is not JSON as text, and cut a long one in the message", async () => {
    const { porter } = setUp([new Response(`<h1>${"x".repeat(2000)}</h1>`, { status: 404 })]);
    const error = (await rejection(porter.sandboxes.get("x"))) as NotFoundError;
    expect(error.body).toMatch(/^<h1>x{2000}<\/h1>$/);
    expect(error.message.length).toBeLessThan(700);
  });

  it("never show the key, the query or header values, even of a server that echoes them", async () => {
    const { porter } = setUp([(sent) => json({ error: `bad ${JSON.stringify(sent.headers)} at ${sent.url}` }, 400)], {
      apiKey: "sk-very-secret",
    });
    const error = (await rejection(porter.sandboxes.list({ search: "private" }))) as SandboxError;
    expect(JSON.stringify([error.message, error.body])).not.toContain("sk-very-secret");
    expect(error.message).toContain("GET http://sandbox-api.local/v1/sandbox failed");
  });

  it("carry the server's field, wait and phase", async () => {
    const field = setUp([refusal(400, "invalid_request", { field: "ttl_seconds" })]).porter;
    expect(await rejection(field.volumes.create())).toMatchObject({ field: "ttl_seconds" });
    const wait = setUp([refusal(429, "rate_limited", {}, { "retry-after": "7" })], { maxRetries: 0 }).porter;
    expect(await rejection(wait.volumes.list())).toMatchObject({ retryAfterMs: 7000, retryable: true });
    const phase = setUp([refusal(409, "sandbox_not_running", { phase: "failed" })]).porter;
    expect(await rejection(phase.sandboxes.fromId("a").exec(["x"]))).toMatchObject({ phase: "failed" });
  });

  it("are known across copies of this package", () => {
    const foreign = Object.assign(Object.create({ [Symbol.for("porter-sandbox.error")]: true }), { code: "x" });
    expect(isSandboxError(foreign)).toBe(true);
    expect([undefined, null, "x", new Error("x"), {}].some(isSandboxError)).toBe(false);
  });

  it.each([
    ["Node", brokenConnection("ECONNREFUSED"), false],
    [
      "Node, several addresses",
      Object.assign(new TypeError("fetch failed"), {
        cause: new AggregateError([Object.assign(new Error("x"), { code: "ECONNREFUSED" })]),
      }),
      false,
    ],
    ["Node, no such host", brokenConnection("ENOTFOUND"), false],
    [
      "Bun",
      Object.assign(new Error("Unable to connect. Is the computer able to access the url?"), {
        code: "ConnectionRefused",
      }),
      false,
    ],
    [
      "Deno",
      new TypeError(
        "error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)",
      ),
      false,
    ],
    ["Node, reset", brokenConnection("ECONNRESET"), "unknown"],
    ["Chromium", new TypeError("Failed to fetch"), "unknown"],
    ["workerd", new Error("Network connection lost."), "unknown"],
    ["an abort nobody asked for", new DOMException("aborted", "AbortError"), "unknown"],
    ["something that is no error", "nope" as unknown as Error, "unknown"],
  ])("of a connection are the same in every runtime: %s", async (_, thrown, admitted) => {
    const { porter, clock } = setUp([() => Promise.reject(thrown)]);
    const error = await rejection(clock.settle(porter.sandboxes.fromId("a").exec(["x"])));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: "connection_failed", admitted, cause: thrown, statusCode: undefined });
  });

  it("are found in what a fetch throws for a status, as ky does", async () => {
    const response = refusal(404, "not_found");
    const thrown = Object.assign(new Error("Request failed with status code 404"), { response });
    const read = refusal(409, "name_taken");
    await read.text();
    const late = Object.assign(new Error("x"), { response: read, data: { error: "taken", code: "name_taken" } });
    expect(await rejection(setUp([thrown]).porter.sandboxes.get("x"))).toMatchObject({ name: "NotFoundError" });
    expect(await rejection(setUp([late]).porter.sandboxes.create(spec))).toMatchObject({ code: "name_taken" });
  });

  it("say that a fetch answered no Response", async () => {
    const { porter } = setUp([() => undefined as unknown as Response]);
    expect(await rejection(porter.healthz())).toBeInstanceOf(MalformedResponseError);
  });
});

describe("retries", () => {
  it.each([429, 500, 502, 503, 504])(
    "repeat a safe request after %i, three times, with a growing wait",
    async (code) => {
      const delays: number[] = [];
      const { porter, sent, clock } = setUp([refusal(code)], {
        hooks: { onRetry: ({ delayMs }) => delays.push(delayMs) },
      });
      expect(await rejection(clock.settle(porter.sandboxes.getById("a")))).toMatchObject({ statusCode: code });
      expect(sent).toHaveLength(4);
      expect(delays).toEqual([250, 500, 1000]);
      expect(clock.pending).toBe(0);
    },
  );

  it("stay within 8 s, whatever the attempt", async () => {
    const delays: number[] = [];
    const hooks = { onRetry: ({ delayMs }: { delayMs: number }) => delays.push(delayMs) };
    const { porter, clock } = setUp([refusal(500)], { maxRetries: 8, random: () => 1, timeoutMs: 1e6, hooks });
    await rejection(clock.settle(porter.healthz()));
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000, 8000]);
  });

  it("repeat after a broken connection, and after a body that broke off", async () => {
    const cut = () =>
      new Response(new ReadableStream({ pull: (controller) => controller.error(new TypeError("terminated")) }));
    const { porter, sent, clock } = setUp([brokenConnection("ECONNRESET"), cut, json(status())]);
    expect((await clock.settle(porter.sandboxes.getById("sbx-1"))).phase).toBe("running");
    expect(sent).toHaveLength(3);
  });

  it.each([400, 401, 404, 409, 413, 422, 501])("do not repeat after %i", async (code) => {
    const { porter, sent, clock } = setUp([refusal(code)]);
    await rejection(clock.settle(porter.sandboxes.getById("a")));
    expect(sent).toHaveLength(1);
  });

  it("wait as long as the server asks, in seconds or until a date", async () => {
    const delays: number[] = [];
    const { porter, clock } = setUp(
      [
        refusal(429, "rate_limited", {}, { "retry-after": "2" }),
        refusal(503, "shutting_down", {}, { "retry-after": "Fri, 20 Nov 2026 09:00:10 GMT" }),
        refusal(503, "shutting_down", {}, { "retry-after": "Fri, 20 Nov 2020 09:00:10 GMT" }),
        json(status()),
      ],
      { hooks: { onRetry: ({ delayMs }) => delays.push(delayMs) } },
    );
    await clock.settle(porter.sandboxes.getById("sbx-1"));
    expect(delays).toEqual([2000, 8000, 0]);
  });

  it("fail at once when the server's wait goes past the caller's time", async () => {
    const { porter, clock, sent } = setUp([refusal(429, "rate_limited", {}, { "retry-after": "60" })]);
    const before = clock.now();
    expect(await rejection(clock.settle(porter.healthz()))).toBeInstanceOf(RateLimitError);
    expect(clock.now()).toBe(before);
    expect(sent).toHaveLength(1);
  });

  it("never repeat a command, a move or a new volume", async () => {
    for (const failure of [
      refusal(500),
      refusal(429),
      brokenConnection("ECONNREFUSED"),
      brokenConnection("ECONNRESET"),
    ]) {
      for (const act of [
        (porter: Porter) => porter.sandboxes.fromId("a").exec(["x"]),
        (porter: Porter) => porter.volumes.create(),
        (porter: Porter) => porter.raw.moveVolumeFile({ path: { id: "a" }, body: { from: "a", to: "b" } }),
      ]) {
        const { porter, sent, clock } = setUp([failure]);
        await rejection(clock.settle<unknown>(act(porter)));
        expect(sent).toHaveLength(1);
      }
    }
  });

  it("can be switched off", async () => {
    const { porter, sent, clock } = setUp([refusal(500)], { maxRetries: 0 });
    await rejection(clock.settle(porter.healthz()));
    expect(sent).toHaveLength(1);
  });

  it("take a deletion as done when a repeat finds nothing left", async () => {
    const { porter, clock } = setUp([brokenConnection("ECONNRESET"), refusal(404, "not_found")]);
    await clock.settle(porter.snapshots.delete("snap-1"));
    const sure = setUp([brokenConnection("ECONNREFUSED"), refusal(404, "not_found")]);
    expect(await rejection(sure.clock.settle(sure.porter.snapshots.delete("snap-1")))).toBeInstanceOf(NotFoundError);
  });
});

describe("a create", () => {
  const keyOf = (sent: Sent | undefined) => sent?.headers["idempotency-key"];

  it("always carries a key of its own", async () => {
    const { porter, sent } = setUp([json(run)]);
    await porter.sandboxes.create(spec);
    await porter.sandboxes.create(spec);
    await porter.sandboxes.create(spec, { idempotencyKey: "mine" });
    expect(keyOf(sent[0])).toMatch(/^[\da-f-]{32,}$/);
    expect(keyOf(sent[0])).not.toBe(keyOf(sent[1]));
    expect(keyOf(sent[2])).toBe("mine");
  });

  it.each([
    ["429", refusal(429)],
    ["a server that shuts down", refusal(503, "shutting_down")],
    ["a refused connection", brokenConnection("ECONNREFUSED")],
  ])("is repeated with the same key after %s, which admits nothing", async (_, failure) => {
    const { porter, sent, clock } = setUp([failure, failure, json(run)]);
    expect((await clock.settle(porter.sandboxes.create(spec))).id).toBe("sbx-1");
    expect(sent.map(({ method }) => method)).toEqual(["POST", "POST", "POST"]);
    expect(new Set(sent.map(keyOf)).size).toBe(1);
  });

  const doubtful: [string, Response | Error | (() => Response)][] = [
    ["500", refusal(500)],
    ["502", refusal(502)],
    ["503 of anyone", refusal(503)],
    ["a broken connection", brokenConnection("ECONNRESET")],
    ["an answer that breaks off", () => new Response(new ReadableStream({ pull: (c) => c.error(new Error("cut")) }))],
  ];
  it.each(doubtful)("is not repeated after %s by a server without keys", async (_, failure) => {
    const { porter, sent, clock } = setUp([failure, refusal(404, "not_found"), failure]);
    const error = (await rejection(clock.settle(porter.sandboxes.create(spec)))) as SandboxError;
    expect(error).toMatchObject({ retryable: false });
    expect(error.admitted).not.toBe(false);
    expect(sent.map(({ method }) => method)).toEqual(["POST", "GET"]);
    // The answer is kept: it is asked for once.
    await rejection(clock.settle(porter.sandboxes.create(spec)));
    expect(sent.map(({ method }) => method)).toEqual(["POST", "GET", "POST"]);
  });

  it.each(doubtful)("is repeated after %s by a server that keeps keys", async (_, failure) => {
    const { porter, sent, clock } = setUp([failure, capabilities("idempotency_keys"), failure, json(run)]);
    await clock.settle(porter.sandboxes.create(spec));
    expect(sent.map(({ method }) => method)).toEqual(["POST", "GET", "POST", "POST"]);
    expect(keyOf(sent[0])).toBe(keyOf(sent[3]));
  });

  it("is not repeated when nobody can say whether keys are kept, and asks again the next time", async () => {
    const { porter, sent, clock } = setUp([
      refusal(500),
      refusal(401),
      refusal(500),
      capabilities("idempotency_keys"),
      json(run),
    ]);
    expect(await rejection(clock.settle(porter.sandboxes.create(spec)))).toMatchObject({ statusCode: 500 });
    await clock.settle(porter.sandboxes.create(spec));
    expect(sent.map(({ method }) => method)).toEqual(["POST", "GET", "POST", "GET", "POST"]);
  });

  it("stays in doubt when a later attempt is refused", async () => {
    const { porter, clock } = setUp([refusal(500), capabilities("idempotency_keys"), brokenConnection("ECONNREFUSED")]);
    expect(await rejection(clock.settle(porter.sandboxes.create(spec)))).toMatchObject({
      name: "ConnectionError",
      admitted: "unknown",
      retryable: false,
    });
  });
});

describe("time and cancelling", () => {
  it("ends a call after 30 s in all, and cancels it on the wire", async () => {
    const { porter, clock, sent } = setUp([never]);
    const before = clock.now();
    const error = await rejection(clock.settle(porter.sandboxes.getById("a")));
    expect(error).toBeInstanceOf(SandboxTimeoutError);
    expect(error).toMatchObject({ code: "timeout", admitted: "unknown", retryable: true });
    expect((error as Error).message).toBe("GET /v1/sandbox/{id} took longer than 30000 ms");
    expect(clock.now() - before).toBe(30_000);
    expect(sent[0]?.signal.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("counts all attempts and waits together, and keeps the last failure as the cause", async () => {
    const { porter, clock, sent } = setUp([refusal(500), never]);
    const before = clock.now();
    const error = (await rejection(clock.settle(porter.healthz({ timeoutMs: 1000 })))) as SandboxTimeoutError;
    expect(clock.now() - before).toBe(1000);
    expect(sent).toHaveLength(2);
    expect(error.cause).toMatchObject({ statusCode: 500 });
  });

  it("does not wait for a fetch that is deaf to its signal", async () => {
    const { porter, clock } = setUp([deaf]);
    expect(await rejection(clock.settle(porter.healthz()))).toBeInstanceOf(SandboxTimeoutError);
    const controller = new AbortController();
    const aborted = rejection(porter.healthz({ signal: controller.signal }));
    controller.abort("enough");
    expect(await aborted).toBe("enough");
  });

  it("drops the answer of a deaf fetch that comes too late", async () => {
    let answer: (response: Response) => void = () => {};
    const { porter, clock } = setUp([() => new Promise<Response>((resolve) => (answer = resolve))]);
    await rejection(clock.settle(porter.healthz()));
    const cancelled = vi.fn();
    answer(new Response(new ReadableStream({ cancel: cancelled })));
    await turn();
    expect(cancelled).toHaveBeenCalledOnce();
  });

  it("covers the body too", async () => {
    const { porter, clock } = setUp([() => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }))]);
    const error = await rejection(clock.settle(porter.sandboxes.create(spec)));
    expect(error).toMatchObject({ name: "SandboxTimeoutError", admitted: true });
  });

  it("has no limit for commands and contents of files, unless asked", async () => {
    const { porter, clock } = setUp([never]);
    rejection(porter.sandboxes.fromId("a").exec(["sleep", "1000000"]));
    await turn();
    expect(clock.pending).toBe(0);
    porter.close();
    const asked = setUp([refusal(404), never]);
    const late = asked.porter.sandboxes.fromId("a").exec(["sleep", "9"], { timeoutMs: 5000 });
    const error = await rejection(asked.clock.settle(late));
    expect(error).toMatchObject({
      name: "CommandTimeoutError",
      killed: "unknown",
      stdout: "",
      admitted: "unknown",
      retryable: false,
    });
    expect(error).toBeInstanceOf(SandboxTimeoutError);
  });

  it("takes Infinity as no limit", async () => {
    const { porter, clock } = setUp([never], { timeoutMs: Number.POSITIVE_INFINITY });
    rejection(porter.healthz());
    await turn();
    expect(clock.pending).toBe(0);
    porter.close();
  });

  it("rejects with the reason of the caller's signal, before and during a call", async () => {
    const { porter, sent } = setUp([never]);
    const reason = new Error("mine");
    expect(await rejection(porter.healthz({ signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(sent).toHaveLength(0);
    const controller = new AbortController();
    const call = rejection(porter.healthz({ signal: controller.signal }));
    await turn();
    controller.abort();
    expect(await call).toMatchObject({ name: "AbortError" });
    expect(sent[0]?.signal.aborted).toBe(true);
  });

  it("sends nothing more once aborted while it waits to repeat", async () => {
    const controller = new AbortController();
    const hooks = { onRetry: () => queueMicrotask(() => controller.abort("stop")) };
    const { porter, sent, clock } = setUp([refusal(500)], { hooks });
    expect(await rejection(porter.healthz({ signal: controller.signal }))).toBe("stop");
    expect(clock.pending).toBe(0);
    await turn();
    expect(sent).toHaveLength(1);
  });

  it("leaves no listener on a shared signal and no timer, however a call ends", async () => {
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, "addEventListener");
    const remove = vi.spyOn(signal, "removeEventListener");
    for (const answer of [json({ status: "ok" }), refusal(404), refusal(500), json(5), brokenConnection("x"), deaf]) {
      const { porter, clock } = setUp([answer]);
      await clock.settle(porter.healthz({ signal })).catch(() => {});
      expect(clock.pending).toBe(0);
    }
    expect(add).toHaveBeenCalledTimes(6);
    for (const [type, listener] of add.mock.calls) expect(remove).toHaveBeenCalledWith(type, listener);
  });

  it.each([0, -1, Number.NaN, "5" as unknown as number])("refuses %s as timeoutMs", async (timeoutMs) => {
    const { porter, sent } = setUp([json({ status: "ok" })]);
    expect(await rejection(porter.healthz({ timeoutMs }))).toMatchObject({
      name: "InvalidRequestError",
      field: "timeoutMs",
    });
    expect(() => setUp([], { timeoutMs })).toThrow(/^timeoutMs: /);
    expect(sent).toEqual([]);
  });
});

describe("close", () => {
  it("aborts what is under way and refuses what comes", async () => {
    const { porter, sent, clock } = setUp([never]);
    const call = rejection(porter.healthz());
    await turn();
    porter.close();
    expect(await call).toMatchObject({ name: "SandboxError", code: "client_closed" });
    expect(sent[0]?.signal.aborted).toBe(true);
    expect(await rejection(porter.volumes.list())).toMatchObject({ code: "client_closed", admitted: false });
    expect(clock.pending).toBe(0);
    porter.close();
  });

  it("happens at the end of a using block", async () => {
    let kept: Porter;
    {
      using porter = setUp([never]).porter;
      kept = porter;
    }
    expect(await rejection(kept.healthz())).toMatchObject({ code: "client_closed" });
  });
});

describe("hooks", () => {
  it("hear of requests, answers, repeats and failures, without secrets", async () => {
    const heard: unknown[] = [];
    const hear = (name: string) => (event: object) => heard.push([name, event]);
    const { porter, clock } = setUp(
      [refusal(500), json({ points: [], granularity_ms: 1 }, 200, { "x-request-id": "r" }), refusal(404)],
      {
        apiKey: "sk-secret",
        hooks: {
          onRequest: hear("request"),
          onResponse: hear("response"),
          onRetry: hear("retry"),
          onError: hear("error"),
        },
      },
    );
    await clock.settle(porter.sandboxes.counts({ search: "private" }));
    await rejection(porter.healthz());
    const counts = { operation: "countSandboxes", method: "GET", url: "http://sandbox-api.local/v1/sandbox/counts" };
    const health = { operation: "healthz", method: "GET", url: "http://sandbox-api.local/healthz", attempt: 1 };
    expect(heard).toMatchObject([
      ["request", { ...counts, attempt: 1 }],
      ["response", { status: 500 }],
      ["retry", { ...counts, attempt: 1, delayMs: 250, error: { statusCode: 500 } }],
      ["request", { ...counts, attempt: 2 }],
      ["response", { status: 200, requestId: "r" }],
      ["request", health],
      ["response", { status: 404 }],
      ["error", { ...health, error: { statusCode: 404 } }],
    ]);
    expect(JSON.stringify(heard)).not.toMatch(/sk-secret|private/);
  });

  it("cannot break what they watch", async () => {
    const fail = () => {
      throw new Error("hook");
    };
    const { porter } = setUp([json({ status: "ok" })], { hooks: { onRequest: fail, onResponse: fail } });
    expect(await porter.healthz()).toEqual({ status: "ok" });
  });

  it("hear of timeouts", async () => {
    const onError = vi.fn();
    const { porter, clock } = setUp([never], { hooks: { onError } });
    await rejection(clock.settle(porter.healthz()));
    expect(onError).toHaveBeenCalledOnce();
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ operation: "healthz", error: { code: "timeout" } });
  });
});

it("keeps keys and connections out of what is printed", () => {
  const porter = new Porter({ baseUrl: "http://h", apiKey: "sk-secret", clock: new VirtualClock() });
  const shown = JSON.stringify([porter, porter.sandboxes.fromId("a"), porter.volumes]);
  expect(shown).not.toContain("sk-secret");
  expect(JSON.parse(JSON.stringify(porter.sandboxes.fromId("a")))).toEqual({
    kind: "sandbox",
    version: 1,
    id: "a",
    name: null,
  });
});
