import { type Violation, violation } from "@porter-sandbox/spec";
import type { Shape } from "@porter-sandbox/spec/compact";

type Fields = readonly (readonly [name: string, optional: boolean, shape: Shape])[];

/** Taking a shape's names apart once is enough. */
const fieldsOf = new Map<object, Fields>();

function fieldsIn(shape: object): Fields {
  let fields = fieldsOf.get(shape);
  if (!fields) {
    fields = Object.entries(shape).map(([name, inner]) => [name.replace("?", ""), name.endsWith("?"), inner]);
    fieldsOf.set(shape, fields);
  }
  return fields;
}

/**
 * The first place where `value` does not have `shape`. `closed`: what the shape does not name is refused, and null is not
 * the same as absence; else both are fine, since an answer may hold more than this version knows.
 */
export function checkShape(shape: Shape, value: unknown, closed: boolean, field = ""): Violation | undefined {
  if (typeof shape === "function") return checkShape(shape(), value, closed, field);
  const wrong = (kind: string) =>
    violation(field || "body", value, `${value === undefined ? "is required and " : ""}must be ${kind}`);
  if (typeof shape === "string")
    // JSON can spell numbers that are too large for one.
    return typeof value === shape && (shape !== "number" || Number.isFinite(value)) ? undefined : wrong(`a ${shape}`);
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return wrong("an array");
    for (let index = 0; index < value.length; index++) {
      const found = checkShape(shape[0], value[index], closed, `${field}[${index}]`);
      if (found) return found;
    }
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong("an object");
  const given = value as Record<string, unknown>;
  const inner = (name: string) =>
    /^[\w-]+$/.test(name) ? (field ? `${field}.${name}` : name) : `${field}[${JSON.stringify(name.slice(0, 80))}]`;
  const fields = fieldsIn(shape);
  if (fields[0]?.[0] === "*") {
    for (const name in given) {
      const found = checkShape(fields[0][2], given[name], closed, inner(name));
      if (found) return found;
    }
    return undefined;
  }
  for (const [name, optional, one] of fields) {
    const item = given[name];
    if (optional && (item === undefined || (item === null && !closed))) continue;
    const found = checkShape(one, item, closed, inner(name));
    if (found) return found;
  }
  if (closed) {
    for (const name in given) {
      // The value is not shown: a field that does not belong here may well be a secret.
      if (!fields.some(([known]) => known === name)) return violation(inner(name), undefined, "is not a known field");
    }
  }
  return undefined;
}
