import { isSandboxError, Porter } from "@porter-sandbox/core";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { answerOf, type FuzzedRequest, operations, requestOf, text } from "../test/arbitraries.ts";
import { createFakeSandboxApi } from "./fake.ts";

const runs = { numRuns: 150, seed: 20_261_121 };

describe("the server takes any request without breaking", () => {
  let fake = createFakeSandboxApi({ start: 0 });
  const ids: string[] = ["sandbox-id", "volume-id"];

  beforeEach(async () => {
    fake = createFakeSandboxApi({ start: 0 });
    const porter = new Porter({ fetch: fake.fetch });
    ids[0] = (await porter.sandboxes.create({ image: "busybox:1", name: "known" })).id;
    ids[1] = (await porter.volumes.create({ name: "known" })).id;
  });

  /** Sends it as it is; what no URL or body can carry (a lone surrogate) is carried as near as can be. */
  async function send({ operation, path, query, json, bytes }: FuzzedRequest): Promise<Response> {
    const filled = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent((path[name] ?? "").toWellFormed()),
    );
    const search = new URLSearchParams(query).toString();
    const body =
      operation.method === "GET" || operation.method === "DELETE"
        ? null
        : json === undefined
          ? (bytes ?? null)
          : JSON.stringify(json);
    return fake.fetch(`http://fake${filled}?${search}`, {
      method: operation.method,
      body,
      headers: {
        "content-type": operation.requestBody?.content?.["application/json"]
          ? "application/json"
          : "application/octet-stream",
      },
    });
  }

  test.each(operations.map((operation) => [operation.operationId, operation] as const))("%s", async (_, operation) => {
    const documented = Object.keys(operation.responses).map(Number);
    await fc.assert(
      fc.asyncProperty(requestOf(operation, ids), async (request) => {
        const response = await send(request);
        // An id that is empty or a dot makes it another path, which nothing may serve.
        const status = response.status;
        const ordinary = Object.values(request.path).every((id) => !/^\.{0,2}$/.test(id.toWellFormed()));
        if (ordinary) expect(documented).toContain(status);
        expect(status).toBeLessThan(500);
        expect(response.headers.get("x-request-id")).toBeTruthy();
        const answer = await response.text();
        if (status < 400) return;
        const { error, code } = JSON.parse(answer);
        expect(error).toMatch(/\S/);
        expect(code).toMatch(/^[a-z_]+$/);
      }),
      runs,
    );
  });

  test("any headers", async () => {
    const header = fc.tuple(
      fc.constantFrom(
        "idempotency-key",
        "range",
        "authorization",
        "content-type",
        "x-request-id",
        "origin",
        "content-length",
        "accept",
      ),
      fc.oneof(
        fc.string({ maxLength: 40 }),
        fc.constantFrom("bytes=-0", "bytes=9-1", "bytes=0-1,3-4", "Bearer", "text/html", "1".repeat(5_000)),
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...operations),
        fc.array(header, { maxLength: 4 }),
        async ({ method, path }, headers) => {
          const init = {
            method,
            headers,
            body: method === "GET" || method === "DELETE" ? null : '{"image":"busybox:1","command":["true"]}',
          };
          const url = `http://fake${path.replace("{id}", ids[0] ?? "")}?path=/a&name=known`;
          expect((await fake.fetch(url, init)).status).toBeLessThan(500);
        },
      ),
      runs,
    );
  });
});

describe("the client takes any answer without breaking", () => {
  const headersOf = fc.dictionary(
    fc.constantFrom("retry-after", "x-request-id", "content-type", "content-range", "last-modified", "content-length"),
    fc.oneof(
      fc.constantFrom("0", "-5", "soon", "bytes 0-1/2", "bytes */0", "Thu, 01 Jan 1970 00:00:00 GMT"),
      fc.string({ maxLength: 12 }).map((value) => value.replaceAll(/[^ -~]/g, "?")),
    ),
  );
  const statusOf = fc.oneof(fc.constant(200), fc.integer({ min: 200, max: 599 }));
  const input = { path: { id: "some-id" }, query: { path: "/f", name: "known", metric: "cpu_cores" } };
  const takes = (operation: (typeof operations)[number], name: string) =>
    operation.parameters.some((parameter) => parameter.in === "query" && parameter.name === name);
  const bodies: Record<string, unknown> = {
    createSandbox: { image: "busybox:1" },
    execSandbox: { command: ["true"] },
    createVolume: {},
    createSnapshot: {},
    moveVolumeFile: { from: "/a", to: "/b" },
    writeVolumeFile: "content",
  };

  test.each(operations.map((operation) => [operation.operationId, operation] as const))("%s", async (id, operation) => {
    const answer = fc.oneof(
      answerOf(operation).map((value) => JSON.stringify(value)),
      text,
    );
    await fc.assert(
      fc.asyncProperty(answer, statusOf, headersOf, async (body, status, headers) => {
        const empty = [204, 205, 304].includes(status);
        const porter = new Porter({
          maxRetries: 0,
          fetch: async () => new Response(empty ? null : body, { status, headers }),
        });
        const query = Object.fromEntries(Object.entries(input.query).filter(([name]) => takes(operation, name)));
        const parts = {
          ...(operation.path.includes("{id}") ? { path: input.path } : {}),
          ...(Object.keys(query).length > 0 ? { query } : {}),
          ...(id in bodies ? { body: bodies[id] } : {}),
        };
        const method = (porter.raw as unknown as Record<string, (input: unknown) => Promise<unknown>>)[id];
        const outcome = await method?.(parts).then(
          () => "answered",
          (error: unknown) => (isSandboxError(error) ? "refused" : error),
        );
        expect(["answered", "refused"]).toContain(outcome);
      }),
      runs,
    );
  });
});
