import { afterEach, describe, expect, it, vi } from "vitest";
// Loaded here, so that no test has to wait for it.
import "../extras/capabilities.ts";
import { brokenConnection, json, refusal, status } from "../../test/answers.ts";
import { rejection, type Sent, setUp } from "../../test/scripted-client.ts";
import { ConfigurationError, NotFoundError, Porter, RateLimitError, type SandboxError } from "../index.ts";

const spec = { image: "python:3.12-slim" };
const run = { id: "sbx-1", name: "my-sandbox" };
const capabilities = (...extensions: string[]) => json({ extensions });

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

  it("are not sent without all that their path takes", async () => {
    const { porter, sent } = setUp([json({})]);
    const raw = porter.raw as unknown as Record<string, (input: object) => Promise<unknown>>;
    for (const input of [{}, { path: {} }, { path: { ID: "a" } }, { path: { id: ".." } }])
      expect(await rejection(raw.getSandbox?.(input) as Promise<unknown>)).toMatchObject({
        name: "InvalidRequestError",
        field: "id",
      });
    expect(sent).toEqual([]);
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
