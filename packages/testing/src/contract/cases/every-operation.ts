import { type OperationId, type OperationInfo, operations } from "@porter-sandbox/spec/operations";
import { equal, isNonEmpty, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import { type Context, hasty } from "../context.ts";
import { refused } from "../http.ts";
import { pathOf } from "./auth.ts";

const all = Object.entries(operations) as [OperationId, OperationInfo][];

/** Any valid call of the operation, through the client's own layer of operations. */
function callOf(c: Context, id: OperationId) {
  const input: Record<string, unknown> = { path: { id: "no-such-thing", exec_id: "no-such-thing" } };
  const query: Partial<Record<OperationId, unknown>> = {
    lookupSandbox: { name: "no-such-thing" },
    lookupVolume: { name: "no-such-thing" },
    getSandboxMetrics: { metric: "cpu_cores" },
    readVolumeFile: { path: "/a" },
    writeVolumeFile: { path: "/a" },
    writeProcessInput: { offset: 0 },
  };
  const bodies: Partial<Record<OperationId, unknown>> = {
    createSandbox: { image: c.target.image },
    execSandbox: { command: ["true"] },
    extendSandboxTtl: { ttl_seconds: 60 },
    createSnapshot: {},
    createVolume: {},
    writeVolumeFile: new Uint8Array(3),
    moveVolumeFile: { from: "/a", to: "/b" },
    writeProcessInput: new Uint8Array(3),
    killProcess: {},
    resizeProcess: { rows: 24, cols: 80 },
  };
  if (query[id]) input.query = query[id];
  if (bodies[id]) input.body = bodies[id];
  return (porter: ReturnType<Context["porter"]>) =>
    (porter.raw as unknown as Record<OperationId, (input: unknown) => Promise<unknown>>)[id](input);
}

const statuses = { 429: "rate_limited", 500: "internal", 503: "shutting_down" } as const;

/** What every operation answers when the server is busy, broken or going away. */
const documented = Object.fromEntries(
  all.map(([id, info]) => [
    `${id} may be busy, broken or closing, as documented`,
    {
      needs: ["control"] as const,
      run: async (c: Context) => {
        for (const [text, code] of Object.entries(statuses)) {
          const status = Number(text);
          if (!info.statuses.includes(status)) continue;
          await c.fault(id, { kind: "status", status, commit: false, ...(status === 500 ? {} : { retry_after_s: 2 }) });
          const answer = await c.http(info.method, pathOf(info), {
            ...(info.body === "json" ? { json: {} } : {}),
            ...(info.body === "bytes" ? { body: "x" } : {}),
          });
          refused(answer, status, code);
          isNonEmpty(answer.headers.get("x-request-id"), `X-Request-Id of ${status}`);
          if (status !== 500) equal(answer.headers.get("retry-after"), "2", `Retry-After of ${status}`);
        }
      },
    },
  ]),
);

/** How the client repeats each operation, by its class in the specification. */
const repeated = Object.fromEntries(
  all.map(([id, info]) => [
    info.retry === "never" ? `${id} is never sent again after a failure` : `${id} is sent again after a failure`,
    {
      needs: (info.retry === "keyed" ? ["control", "idempotency_keys"] : ["control"]) as (
        | "control"
        | "idempotency_keys"
      )[],
      run: async (c: Context) => {
        const { porter } = hasty(c, { maxRetries: 2 });
        await c.fault(id, { kind: "status", status: 500, commit: false }, "always");
        const error = await rejects(callOf(c, id)(porter), { name: "ServerError", statusCode: 500 }, "the call");
        const sent = await c.requests(id);
        equal(sent.length, info.retry === "never" ? 1 : 3, "requests");
        equal(error.retryable, info.retry === "safe" || info.retry === "idempotent", "retryable");
        if (info.retry === "keyed") {
          equal(new Set(sent.map(({ headers }) => headers["idempotency-key"])).size, 1, "different keys");
        }
      },
    },
  ]),
);

export const statusFaults = casesOf("busy servers", documented);
export const retries = casesOf("retries", repeated);
