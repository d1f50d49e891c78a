import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { operations } from "../generated/operations.ts";
import { isObject, type Json, type JsonObject, operationsOf, resolve } from "./derive.ts";
import { staleFiles } from "./generate.ts";

const document = parse(await readFile(new URL("../openapi.yaml", import.meta.url), "utf8")) as JsonObject;
const all = operationsOf(document);

/** The published API with the operations of ours, as its users know it. */
const ENDPOINTS = [
  "GET /healthz",
  "GET /readyz",
  "GET /v1/capabilities",
  "POST /v1/sandbox/run",
  "GET /v1/sandbox",
  "GET /v1/sandbox/counts",
  "GET /v1/sandbox/lookup",
  "GET /v1/sandbox/{id}",
  "DELETE /v1/sandbox/{id}",
  "POST /v1/sandbox/{id}/exec",
  "PUT /v1/sandbox/{id}/ttl",
  "GET /v1/sandbox/{id}/processes",
  "GET /v1/sandbox/{id}/processes/{exec_id}",
  "GET /v1/sandbox/{id}/processes/{exec_id}/output",
  "PUT /v1/sandbox/{id}/processes/{exec_id}/stdin",
  "POST /v1/sandbox/{id}/processes/{exec_id}/kill",
  "POST /v1/sandbox/{id}/processes/{exec_id}/resize",
  "GET /v1/sandbox/{id}/logs",
  "GET /v1/sandbox/{id}/metrics-summary",
  "GET /v1/sandbox/{id}/metrics",
  "POST /v1/sandbox/{id}/snapshot",
  "GET /v1/snapshot",
  "DELETE /v1/snapshot/{id}",
  "GET /v1/volume",
  "POST /v1/volume",
  "GET /v1/volume/lookup",
  "GET /v1/volume/{id}",
  "DELETE /v1/volume/{id}",
  "GET /v1/volume/{id}/files",
  "GET /v1/volume/{id}/files/content",
  "PUT /v1/volume/{id}/files/content",
  "POST /v1/volume/{id}/files/move",
];

it("has every endpoint of the API, and no other", () => {
  const listed = Object.values(operations).map(({ method, path }) => `${method} ${path}`);
  expect(listed.toSorted()).toEqual(ENDPOINTS.toSorted());
});

it("is what generated/ was made from", async () => {
  expect(await staleFiles()).toEqual([]);
}, 30_000);

/** Every media type of a request or response of an operation. */
function mediaOf(operation: JsonObject): [string, JsonObject][] {
  const holders: [string, Json][] = Object.entries(operation.responses as JsonObject);
  if (operation.requestBody !== undefined) holders.push(["request", operation.requestBody]);
  return holders.flatMap(([name, holder]) => {
    const { content } = resolve(document, holder);
    return isObject(content)
      ? Object.values(content).map((media): [string, JsonObject] => [name, media as JsonObject])
      : [];
  });
}

describe.each(all.map((one) => [String(one.operation.operationId), one] as const))(
  "%s",
  (_, { method, operation, parameters }) => {
    const responses = operation.responses as JsonObject;

    it("says what it does", () => {
      expect(operation.summary).toMatch(/\S/);
      expect(operation.description).toMatch(/\S.*\./s);
    });

    it("has an example of everything that is sent and answered", () => {
      const media = mediaOf(operation);
      for (const [name, one] of media) expect(one.example, name).toBeDefined();
      for (const parameter of parameters) expect(parameter.example, String(parameter.name)).toBeDefined();
      expect(media.length + parameters.length).toBeGreaterThan(0);
    });

    it("has a retry class that its method allows", () => {
      const allowed = { get: ["safe"], delete: ["idempotent"], put: ["idempotent"], post: ["keyed", "never"] }[method];
      expect(allowed).toContain(operation["x-retry"]);
    });

    it("names its errors, each with a request id, and those that ask to wait with the time", () => {
      const statuses = Object.keys(responses);
      expect(statuses.filter((status) => status.startsWith("2")).length).toBeGreaterThan(0);
      expect(statuses).toContain("429");
      expect(statuses).toContain("500");
      const secured = ((operation.security ?? document.security) as Json[]).length > 0;
      expect(statuses.includes("401")).toBe(secured);
      if (parameters.some((parameter) => parameter.in === "path")) expect(statuses).toContain("404");
      if (operation.requestBody !== undefined) expect(statuses).toEqual(expect.arrayContaining(["400", "413"]));
      for (const status of statuses) {
        const headers = resolve(document, responses[status]).headers as JsonObject;
        expect(headers, status).toHaveProperty("X-Request-Id");
        if (status === "429" || status === "503") expect(headers, status).toHaveProperty("Retry-After");
      }
    });
  },
);

it("keeps what is sent and what is answered apart, and closes only what is sent", () => {
  const schemas = (document.components as JsonObject).schemas as JsonObject;
  const closed = Object.entries(schemas).filter(
    ([, schema]) => isObject(schema) && schema.additionalProperties === false,
  );
  expect(closed.map(([name]) => name).toSorted()).toEqual([
    "DomainEntry",
    "EgressSpec",
    "ExecRequest",
    "ExtendTtlRequest",
    "KillRequest",
    "MoveRequest",
    "NetworkingEntry",
    "ObjectVolumeSpec",
    "ResourceSpec",
    "SandboxSpec",
    "SnapshotRequest",
    "TtySize",
    "VolumeSpec",
  ]);
  for (const [, { operation }] of all.entries()) {
    const answers = JSON.stringify(operation.responses);
    for (const [name] of closed) expect(answers).not.toContain(`schemas/${name}"`);
  }
});
