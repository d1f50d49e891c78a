import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { brokenConnection, json, refusal } from "../../test/answers.ts";
import { rejection, setUp } from "../../test/scripted-client.ts";
import {
  AuthenticationError,
  ConflictError,
  ConnectionError,
  InvalidRequestError,
  isSandboxError,
  MalformedResponseError,
  NotFoundError,
  PayloadTooLargeError,
  PaymentRequiredError,
  PermissionDeniedError,
  RateLimitError,
  type SandboxError,
  SandboxNotRunningError,
  SandboxTimeoutError,
  ServerError,
  UnsupportedError,
} from "../index.ts";

const spec = { image: "python:3.12-slim" };

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

  it("show no secret of a success that is malformed, nor of headers that go with every request", async () => {
    const echo = (sent: { headers: object }, status?: number) => json({ error: JSON.stringify(sent.headers) }, status);
    const options = {
      apiKey: "sk-very-secret",
      headers: { "X-Proxy-Token": "other-secret", Cookie: "a=1; b=third-secret", "X-Team": "blue" },
      maxRetries: 0,
    };
    for (const status of [200, 400, 500]) {
      const { porter } = setUp([(sent) => echo(sent, status)], options);
      const error = (await rejection(porter.volumes.list())) as SandboxError;
      expect(error.name).toMatch(/MalformedResponse|InvalidRequest|Server/);
      expect(error.body).toMatchObject({ error: expect.stringContaining("[redacted]") });
      expect(JSON.stringify([error.message, error.body])).not.toMatch(/secret/);
      expect(JSON.stringify(error.body)).toContain("blue");
    }
    // A short key is part of other words, and those that programs read stay.
    const [key, phase] = ["sandbox", "a sandbox's"];
    const short = setUp([refusal(409, "sandbox_not_running", { phase, said: "by sandbox" })], { apiKey: key });
    const ended = (await rejection(short.porter.sandboxes.fromId("a").exec(["x"]))) as SandboxError;
    expect(ended).toMatchObject({ name: "SandboxNotRunningError", code: "sandbox_not_running", phase });
    expect(ended.body).toMatchObject({ said: "by [redacted]" });
    const wrong = json({ error: "the idempotency key mine was used for another body" }, 409);
    const used = rejection(setUp([wrong]).porter.sandboxes.create(spec, { idempotencyKey: "mine" }));
    expect(((await used) as Error).message).toContain("key mine was used");
  });

  it("have a cause without the request that a library keeps in its own: the key is in it", async () => {
    const inner = brokenConnection("ECONNRESET");
    const own = (fields: object) => Object.assign(new Error("it broke", { cause: inner }), { name: "Own" }, fields);
    const headers = { authorization: "Bearer sk-very-secret" };
    for (const fields of [{ request: { headers } }, { options: { headers } }, { config: { headers }, code: "E1" }]) {
      const { porter } = setUp([own(fields)], { maxRetries: 0 });
      const { cause } = (await rejection(porter.volumes.list())) as SandboxError;
      expect(inspect(cause, { depth: 9 })).not.toContain("secret");
      expect(cause).toMatchObject({ name: "Own", message: "it broke", cause: inner });
      if ("code" in fields) expect(cause).toMatchObject({ code: "E1" });
    }
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
    ...["EHOSTUNREACH", "ENETUNREACH", "ECONNREFUSED"].map((code): [string, Error, "unknown"] => [
      `Node, ${code} of a connection that was there`,
      Object.assign(brokenConnection(code), { cause: { code, syscall: "read", message: `read ${code}` } }),
      "unknown",
    ]),
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
