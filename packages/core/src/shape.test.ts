import { violationFromIssues } from "@porter-sandbox/spec";
import { parameters, requestShapes, responseShapes, routes, type Shape } from "@porter-sandbox/spec/compact";
import { type OperationId, operations } from "@porter-sandbox/spec/operations";
import { queries } from "@porter-sandbox/spec/queries";
import { requestSchemas } from "@porter-sandbox/spec/requests";
import { responseSchemas } from "@porter-sandbox/spec/responses";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkShape } from "./shape.ts";
import { routeOf } from "./transport/routes.ts";

/** Values that fit a shape, nearly fit it, or are anything at all. */
function values(shape: Shape, depth = 0): fc.Arbitrary<unknown> {
  if (depth > 6) return fc.constant(undefined);
  if (typeof shape === "function") return values(shape(), depth + 1);
  const fitting: fc.Arbitrary<unknown> =
    shape === "string"
      ? fc.constantFrom("", "x", "running", "public", "disk", "read_only")
      : shape === "number"
        ? fc.oneof(fc.integer(), fc.double(), fc.constant(8080))
        : shape === "boolean"
          ? fc.boolean()
          : Array.isArray(shape)
            ? fc.array(values(shape[0], depth + 1), { maxLength: 2 })
            : "*" in (shape as object)
              ? fc.dictionary(fc.string({ maxLength: 3 }), fc.string(), { maxKeys: 2 })
              : fc.record(
                  Object.fromEntries(
                    Object.entries(shape as object).map(([name, inner]) => [
                      name.replace("?", ""),
                      values(inner, depth + 1),
                    ]),
                  ),
                  { requiredKeys: Object.keys(shape as object).filter((name) => !name.endsWith("?")) },
                );
  // The validators let the values of maps be anything in an answer; the shapes look at them (below).
  if (typeof shape === "object" && "*" in shape) return fc.oneof({ weight: 60, arbitrary: fitting }, fc.constant(5));
  return fc.oneof(
    { weight: 60, arbitrary: fitting },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
    { weight: 1, arbitrary: fc.constantFrom(null, undefined, Number.POSITIVE_INFINITY) },
  );
}

interface Schema {
  safeParse(value: unknown): {
    success: boolean;
    error?: { issues: Parameters<typeof violationFromIssues>[0] } | undefined;
  };
}

const at = (value: unknown, path: readonly PropertyKey[]) =>
  path.reduce((inner, key) => (inner as Record<PropertyKey, unknown>)[key], value);

describe("the compact shapes say what the generated validators say", () => {
  const sides = [
    ["answer", responseShapes, responseSchemas, false],
    ["request", requestShapes, requestSchemas, true],
  ] as const;
  for (const [side, shapes, schemas, closed] of sides) {
    it(`for the same operations (${side})`, () => {
      expect(Object.keys(shapes).sort()).toEqual(Object.keys(schemas).sort());
    });
    for (const [id, schema] of Object.entries(schemas as unknown as Record<string, Schema>)) {
      it(`for any ${side} of ${id}`, () => {
        const shape = shapes[id] as Shape;
        fc.assert(
          fc.property(values(shape), (value) => {
            // A closed set of values is the business of the rules, which the client applies after the shape.
            const issues = schema
              .safeParse(value)
              .error?.issues.filter(
                ({ code, path }) => code !== "invalid_value" || typeof at(value, path) !== "string",
              );
            const found = checkShape(shape, value, closed);
            expect(found === undefined).toBe((issues ?? []).length === 0);
            if (found && issues?.length === 1 && issues[0]?.code === "invalid_type" && !Number.isNaN(found.value))
              expect(found.field).toBe(violationFromIssues(issues, value).field);
          }),
          { seed: 7, numRuns: 300 },
        );
      });
    }
  }

  it("and look into maps too", () => {
    const answer = { id: "a", name: "a", volume_mounts: { "/data": 5 } };
    expect(checkShape(responseShapes.createSandbox as Shape, answer, false)).toEqual({
      field: 'volume_mounts["/data"]',
      value: 5,
      rule: "must be a string",
    });
  });

  it("for every route", () => {
    expect(Object.keys(routes)).toEqual(Object.keys(operations));
    for (const [id, { method, path, retry, body, response, auth }] of Object.entries(operations))
      expect(routeOf(id as OperationId)).toEqual({ method, path, retry, body, response, auth });
  });

  it("for every query parameter", () => {
    expect(Object.keys(parameters)).toEqual(Object.keys(queries));
    for (const [id, table] of Object.entries(queries)) {
      expect(Object.keys(parameters[id] ?? {})).toEqual(Object.keys(table));
      for (const [name, info] of Object.entries(table) as [
        string,
        { type: string; array: boolean; required: boolean },
      ][]) {
        const kind = info.type === "integer" ? "count" : info.type;
        expect(parameters[id]?.[name]).toBe(`${kind}${info.array ? "*" : ""}${info.required ? "!" : ""}`);
      }
    }
  });
});
