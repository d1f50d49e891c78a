import { expect, it } from "vitest";
import { generateCompact } from "./compact.ts";
import type { JsonObject } from "./derive.ts";

const shape = (properties: JsonObject): JsonObject => ({ type: "object", properties });
const answer = (name: string): JsonObject => ({
  "200": { content: { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } } },
});

const document: JsonObject = {
  security: [{ key: [] }],
  paths: {
    "/v1/things": { get: { operationId: "listThings", "x-retry": "safe", responses: answer("Thing") } },
    "/v1/capabilities": {
      get: {
        operationId: "getCapabilities",
        "x-retry": "safe",
        "x-extension": "capabilities",
        responses: answer("Thing"),
      },
    },
    "/v1/wings": {
      get: {
        operationId: "listWings",
        "x-retry": "safe",
        "x-extension": "wings",
        parameters: [{ name: "page", in: "query", schema: { type: "integer", minimum: 1 } }],
        responses: answer("Wing"),
      },
    },
    "/v1/kept": {
      get: { operationId: "listKept", tags: ["snapshots"], "x-retry": "safe", responses: answer("Thing") },
    },
    "/v1/tails": {
      post: { operationId: "grow", "x-retry": "never", "x-extension": "tails", responses: answer("Tail") },
    },
  },
  components: {
    schemas: {
      Thing: shape({ id: { type: "string" } }),
      Wing: shape({ thing: { $ref: "#/components/schemas/Thing" }, span: { $ref: "#/components/schemas/Span" } }),
      Span: shape({ metres: { type: "number" } }),
      Tail: shape({ long: { type: "boolean" } }),
    },
  },
};

const files = generateCompact(document, "// Made.\n");

it("keeps the operations of extensions and of tags that many do without out of the table that every client carries", () => {
  const main = files.get("compact.ts");
  expect(main).toContain('listThings: "GET /v1/things Thing"');
  expect(main).toContain("getCapabilities:");
  expect(main).toContain('elsewhere: readonly string[] = ["listWings","listKept","grow"];');
  expect(main).not.toMatch(/listWings:|listKept:|grow:|Wing:|Span:|Tail:/);
});

it("writes a table for each part, without the shapes that every client has", () => {
  expect([...files.keys()]).toEqual([
    "compact.ts",
    "parts.ts",
    "parts/snapshots.ts",
    "parts/tails.ts",
    "parts/wings.ts",
  ]);
  const wings = files.get("parts/wings.ts");
  expect(wings).toContain('listWings: "GET /v1/wings Wing"');
  expect(wings).toContain('listWings: "page?:+"');
  expect(wings).toContain('Span: "metres?:#"');
  expect(wings).not.toMatch(/Thing: |grow|Tail/);
});

it("lists the tables of all parts", () => {
  expect(files.get("parts.ts")).toContain("readonly Tables[] = [snapshots, tails, wings];");
});
