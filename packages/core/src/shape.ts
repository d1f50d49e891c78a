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
export function checkShape(shape: Shape, value: unknown, closed: boolean): Violation | undefined {
  const found = misfit(shape, value, closed);
  return found && violation(found.field || "body", found.value, found.rule);
}

function wrong(value: unknown, kind: string): Violation {
  return violation("", value, `${value === undefined ? "is required and " : ""}must be ${kind}`);
}

/** Puts where it was found before a field; only what does not fit pays for its path. */
function within(name: string, found: Violation): Violation {
  const { field, value, rule } = found;
  return violation(`${name}${/^(\[|$)/.test(field) ? "" : "."}${field}`, value, rule);
}

const keyOf = (name: string) => (/^[\w-]+$/.test(name) ? name : `[${JSON.stringify(name.slice(0, 80))}]`);

function misfit(shape: Shape, value: unknown, closed: boolean): Violation | undefined {
  if (typeof shape === "string")
    // JSON can spell numbers that are too large for one.
    return typeof value === shape && (shape !== "number" || Number.isFinite(value))
      ? undefined
      : wrong(value, `a ${shape}`);
  if (typeof shape === "function") return misfit(shape(), value, closed);
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return wrong(value, "an array");
    for (let index = 0; index < value.length; index++) {
      const found = misfit(shape[0], value[index], closed);
      if (found) return within(`[${index}]`, found);
    }
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong(value, "an object");
  const given = value as Record<string, unknown>;
  const fields = fieldsIn(shape);
  if (fields[0]?.[0] === "*") {
    for (const name in given) {
      const found = misfit(fields[0][2], given[name], closed);
      if (found) return within(keyOf(name), found);
    }
    return undefined;
  }
  for (const [name, optional, inner] of fields) {
    const item = given[name];
    if (optional && (item === undefined || (item === null && !closed))) continue;
    const found = misfit(inner, item, closed);
    if (found) return within(name, found);
  }
  if (closed) {
    for (const name in given) {
      // The value is not shown: a field that does not belong here may well be a secret.
      if (!fields.some(([known]) => known === name)) return violation(keyOf(name), undefined, "is not a known field");
    }
  }
  return undefined;
}
