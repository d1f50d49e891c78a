import { equal, excludes, includes, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";

/** A client whose server answers every request with this. */
function answering(c: Context, status: number, body: string, headers: Record<string, string> = {}) {
  return c.porterOver(
    async () => new Response(body, { status, headers: { "content-type": "application/json", ...headers } }),
    { maxRetries: 0 },
  );
}

/** Which class an error of each status is, and what else it says. */
const classes: Record<number, { name: string; admitted: boolean | "unknown"; retryable: boolean }> = {
  400: { name: "InvalidRequestError", admitted: false, retryable: false },
  401: { name: "AuthenticationError", admitted: false, retryable: false },
  402: { name: "PaymentRequiredError", admitted: false, retryable: false },
  403: { name: "PermissionDeniedError", admitted: false, retryable: false },
  404: { name: "NotFoundError", admitted: false, retryable: false },
  409: { name: "ConflictError", admitted: false, retryable: false },
  413: { name: "PayloadTooLargeError", admitted: false, retryable: false },
  418: { name: "InvalidRequestError", admitted: false, retryable: false },
  422: { name: "InvalidRequestError", admitted: false, retryable: false },
  429: { name: "RateLimitError", admitted: false, retryable: true },
  500: { name: "ServerError", admitted: "unknown", retryable: true },
  502: { name: "ServerError", admitted: "unknown", retryable: true },
  503: { name: "ServerError", admitted: "unknown", retryable: true },
  504: { name: "ServerError", admitted: "unknown", retryable: true },
};

export const errors = casesOf("errors", {
  ...Object.fromEntries(
    Object.entries(classes).map(([status, expected]) => [
      `status ${status} is a ${expected.name}`,
      async (c: Context) => {
        const body = { error: "what went wrong", extra: { kept: true } };
        const porter = answering(c, Number(status), JSON.stringify(body), { "x-request-id": "request-7" });
        const error = await rejects(
          porter.sandboxes.list(),
          { ...expected, statusCode: Number(status), code: `http_${status}`, requestId: "request-7" },
          "list",
        );
        equal(error.body, body, "body");
        includes(error.message, "what went wrong", "the message");
        includes(error.message, status, "the message");
      },
    ]),
  ),

  "the server's code is the error's code": async (c) => {
    const porter = answering(c, 409, JSON.stringify({ error: "taken", code: "name_taken" }));
    await rejects(porter.sandboxes.list(), { code: "name_taken" }, "list");
  },

  "a sandbox that does not run is a SandboxNotRunningError with its phase": async (c) => {
    const body = { error: "not running", code: "sandbox_not_running", phase: "failed" };
    await rejects(
      answering(c, 409, JSON.stringify(body)).sandboxes.list(),
      { name: "SandboxNotRunningError", phase: "failed", statusCode: 409 },
      "list",
    );
  },

  "what an engine cannot do is an UnsupportedError with its field": async (c) => {
    const body = { error: "egress: the engine cannot enforce it", code: "unsupported", field: "egress" };
    await rejects(
      answering(c, 422, JSON.stringify(body)).sandboxes.list(),
      { name: "UnsupportedError", field: "egress", statusCode: 422 },
      "list",
    );
  },

  "a body that is no JSON is kept as text": async (c) => {
    const porter = answering(c, 502, "<h1>Bad Gateway</h1>", { "content-type": "text/html" });
    const error = await rejects(porter.sandboxes.list(), { name: "ServerError", body: "<h1>Bad Gateway</h1>" }, "list");
    includes(error.message, "502", "the message");
  },

  "a body that is empty is fine": async (c) => {
    await rejects(answering(c, 500, "").sandboxes.list(), { name: "ServerError", statusCode: 500, body: "" }, "list");
  },

  "an error names its request and not its query": async (c) => {
    const porter = answering(c, 404, JSON.stringify({ error: "no such thing" }));
    const error = await rejects(porter.sandboxes.get("a-certain-name"), { name: "NotFoundError" }, "get");
    includes(error.message, "GET", "the message");
    includes(error.message, "/v1/sandbox/lookup", "the message");
    excludes(error.message, "a-certain-name", "the message");
  },

  "a key that a server echoes is not in the error": async (c) => {
    const apiKey = "secret-key-0123456789";
    const porter = c.porterOver(
      async () => new Response(JSON.stringify({ error: `unknown key ${apiKey}` }), { status: 401 }),
      { apiKey },
    );
    const error = await rejects(porter.sandboxes.list(), { name: "AuthenticationError" }, "list");
    excludes(
      `${error.message} ${error.stack} ${JSON.stringify(error)} ${JSON.stringify(error.body)}`,
      apiKey,
      "the error",
    );
  },

  "Retry-After may be a date": async (c) => {
    const porter = answering(c, 429, "{}", { "retry-after": new Date(Date.now() + 90_000).toUTCString() });
    const error = await rejects(porter.sandboxes.list(), { name: "RateLimitError" }, "list");
    const wait = error.retryAfterMs as number;
    equal(wait > 80_000 && wait <= 90_000, true, `retryAfterMs of about 90 s (${wait})`);
  },

  "a server that cannot be reached is a ConnectionError": async (c) => {
    const reason = new TypeError("fetch failed");
    const porter = c.porterOver(() => Promise.reject(reason), { maxRetries: 0 });
    const error = await rejects(
      porter.sandboxes.list(),
      { name: "ConnectionError", code: "connection_failed", statusCode: undefined, retryable: true },
      "list",
    );
    equal(error.cause === reason, true, "whether the cause is the reason");
  },

  "a connection that was never made admitted nothing": async (c) => {
    const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), { code: "ECONNREFUSED" });
    const porter = c.porterOver(() => Promise.reject(new TypeError("fetch failed", { cause: refused })), {
      maxRetries: 0,
    });
    await rejects(
      porter.sandboxes.create({ image: c.target.image }),
      { name: "ConnectionError", admitted: false, retryable: true },
      "create",
    );
  },

  "every error is a SandboxError by its brand": async (c) => {
    const brand = Symbol.for("porter-sandbox.error");
    for (const error of [
      await rejects(answering(c, 404, "{}").sandboxes.list(), {}, "list"),
      await rejects(c.offline().porter.sandboxes.get(""), {}, "get"),
      await rejects(c.porterOver(() => Promise.reject(new Error("no")), { maxRetries: 0 }).healthz(), {}, "healthz"),
    ]) {
      equal(brand in error && error instanceof Error, true, `brand of ${error.name}`);
    }
  },
});
