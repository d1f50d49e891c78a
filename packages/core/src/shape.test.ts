import { violationFromIssues } from "@porter-sandbox/spec";
import { parameters, routes, shapes } from "@porter-sandbox/spec/compact";
import { type OperationId, operations } from "@porter-sandbox/spec/operations";
import { type QueryParameterInfo, queries } from "@porter-sandbox/spec/queries";
import { requestSchemas } from "@porter-sandbox/spec/requests";
import { responseSchemas } from "@porter-sandbox/spec/responses";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addAllOperations } from "./extras/operations.ts";
import { checkShape } from "./shape.ts";
import { isJson, routeOf } from "./transport/routes.ts";

addAllOperations();
const operationIds = () => Object.keys(routes) as OperationId[];

/** Values that fit a type, nearly fit it, or are anything at all. */
function values(type: string, depth = 0): fc.Arbitrary<unknown> {
  if (depth > 6) return fc.constant(undefined);
  const strings = fc.constantFrom("", "x", "running", "public", "disk", "read_only");
  // The validators let the values of maps be anything in an answer; the shapes look at them (below).
  if (type === "{")
    return fc.oneof(
      { weight: 60, arbitrary: fc.dictionary(fc.string({ maxLength: 3 }), strings, { maxKeys: 2 }) },
      fc.constant(5),
    );
  const fields = (shapes[type] ?? "").split(" ").map((field) => field.split(":"));
  const fitting: fc.Arbitrary<unknown> =
    type === ""
      ? strings
      : type === "#"
        ? fc.oneof(fc.integer(), fc.double(), fc.constant(8080))
        : type === "!"
          ? fc.boolean()
          : type.startsWith("[")
            ? fc.array(values(type.slice(1), depth + 1), { maxLength: 2 })
            : fc.record(
                Object.fromEntries(
                  fields.map(([name = "", inner = ""]) => [name.replace("?", ""), values(inner, depth + 1)]),
                ),
                { requiredKeys: fields.map(([name = ""]) => name).filter((name) => !name.endsWith("?")) },
              );
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
    ["answer", "response", responseSchemas, false],
    ["request", "body", requestSchemas, true],
  ] as const;
  for (const [side, part, schemas, closed] of sides) {
    it(`for the same operations (${side})`, () => {
      const ids = operationIds().filter((id) => isJson(routeOf(id)[part]));
      expect(ids.sort()).toEqual(Object.keys(schemas).sort());
    });
    for (const [id, schema] of Object.entries(schemas as unknown as Record<string, Schema>)) {
      it(`for any ${side} of ${id}`, () => {
        const type = routeOf(id as OperationId)[part];
        fc.assert(
          fc.property(values(type), (value) => {
            const issues = schema.safeParse(value).error?.issues.filter((issue) => {
              const given = at(value, issue.path);
              // A closed set of values is the business of the rules, which the client applies after the shape.
              if (issue.code === "invalid_value") return typeof given !== "string";
              // In an answer that is an empty list (below).
              return closed || given !== null || issue.expected !== "array";
            });
            const found = checkShape(type, value, closed);
            expect(found === undefined).toBe((issues ?? []).length === 0);
            if (found && issues?.length === 1 && issues[0]?.code === "invalid_type" && !Number.isNaN(found.value))
              expect(found.field).toBe(violationFromIssues(issues, value).field);
          }),
          { seed: 7, numRuns: 300 },
        );
      });
    }
  }

  it("but for a list that an answer must have, which may be null and is empty then", () => {
    const answer = {
      id: "v",
      name: "v",
      type: "disk",
      path: "p",
      phase: "ready",
      attached_to: null,
      created_at: "now",
    };
    expect(checkShape("VolumeResponse", answer, false)).toBeUndefined();
    expect(answer.attached_to).toEqual([]);
    const { attached_to: _, ...without } = answer;
    expect(checkShape("VolumeResponse", without, false)).toMatchObject({ field: "attached_to" });
    expect(checkShape("ExecRequest", { command: null }, true)).toMatchObject({ field: "command" });
  });

  it("and look into maps too", () => {
    const answer = { id: "a", name: "a", volume_mounts: { "/data": 5 } };
    expect(checkShape("RunResponse", answer, false)).toEqual({
      field: 'volume_mounts["/data"]',
      value: 5,
      rule: "must be a string",
    });
  });

  it("for every route", () => {
    expect(Object.keys(routes).sort()).toEqual(Object.keys(operations).sort());
    const kind = (word: string) => (isJson(word) ? "json" : word);
    for (const [id, { method, path, retry, body, response, auth }] of Object.entries(operations)) {
      const route = routeOf(id as OperationId);
      const same = { ...route, body: kind(route.body), response: kind(route.response) };
      const names = path.split("/").flatMap((part) => /^{(\w+)}$/.exec(part)?.slice(1) ?? []);
      expect(same).toEqual({ method, path, retry, body, response, auth, names });
    }
  });

  it("for every query parameter", () => {
    expect(Object.keys(parameters).sort()).toEqual(Object.keys(queries).sort());
    for (const [id, table] of Object.entries(queries as Record<string, Record<string, QueryParameterInfo>>)) {
      const fields = Object.entries(table).map(([name, { type, array, required, minimum }]) => {
        const marks = { string: required ? "~" : "$", time: "@", boolean: "!", integer: minimum === 1 ? "+" : "#" };
        return `${name}${required ? "" : "?"}:${array ? "[" : ""}${marks[type]}`;
      });
      expect(parameters[id]).toBe(fields.join(" "));
    }
  });
});
