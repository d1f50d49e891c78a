import { entryOf, isRecord, textRule, type Violation, violation } from "@porter-sandbox/spec";
import { parameters, shapes } from "@porter-sandbox/spec/compact";

interface Fields {
  readonly types: ReadonlyMap<string, string>;
  readonly required: readonly string[];
}

/** Taking a shape apart once is enough. */
const known = new Map<string, Fields>();

function fieldsOf(name: string): Fields {
  let fields = known.get(name);
  if (!fields) {
    const types = new Map<string, string>();
    const required: string[] = [];
    for (const field of (shapes[name] ?? parameters[name])?.split(" ") ?? []) {
      const [given = "", type = ""] = field.split(":");
      const name = given.replace("?", "");
      types.set(name, type);
      if (name === given) required.push(name);
    }
    fields = { types, required };
    known.set(name, fields);
  }
  return fields;
}

/**
 * The first place where `value` is not of a type of the spec (see its `shapes`). `closed`: a field that the shape does
 * not name is refused, and so is null. Else an answer may hold more than this version knows, and null is the same as
 * absence: it is taken out of optional fields, so that the value is what its type says.
 */
export function checkShape(type: string, value: unknown, closed: boolean): Violation | undefined {
  const found = misfit(type, value, closed);
  return found && violation(found.field || "body", found.value, found.rule);
}

/** Text that can be sent: a lone surrogate would become another character, and NUL cuts strings short. */
export function isText(value: unknown): boolean {
  return textRule(value) === undefined;
}

/** Whether that day exists is the server's to judge. An invalid Date has no JSON. */
function isTime(value: unknown): boolean {
  return /^\d{4}-\d\d-\d\dT/i.test((value as Date | undefined)?.toJSON?.() ?? String(value));
}

/** What is no array and no object. */
const KINDS: Readonly<Record<string, readonly [fits: (value: unknown) => boolean, name: string]>> = {
  "": [(value) => typeof value === "string", "a string"],
  // JSON can spell numbers that are too large for one.
  "#": [Number.isFinite, "a number"],
  "!": [(value) => typeof value === "boolean", "a boolean"],
  $: [isText, "well-formed text without NUL"],
  "~": [(value) => value !== "" && isText(value), "well-formed text without NUL, and not empty"],
  "+": [(value) => Number.isSafeInteger(value) && (value as number) > 0, "a whole number, 1 or more"],
  "@": [isTime, "a valid Date or an RFC 3339 time"],
};

function misfit(type: string, value: unknown, closed: boolean): Violation | undefined {
  const kind = KINDS[type];
  if (kind) return kind[0](value) ? undefined : wrong(value, kind[1]);
  if (type.startsWith("[")) {
    if (!Array.isArray(value)) return wrong(value, "an array");
    const inner = type.slice(1);
    for (let index = 0; index < value.length; index++) {
      const found = misfit(inner, value[index], closed);
      if (found) return within(entryOf("", index), found);
    }
    return undefined;
  }
  if (!isRecord(value)) return wrong(value, "an object");
  const map = type === "{";
  const { types, required } = fieldsOf(type);
  for (const name of required) {
    const missing = value[name] === undefined && misfit(types.get(name) ?? "", undefined, closed);
    if (missing) return within(name, missing);
  }
  for (const name in value) {
    const inner = map ? "" : types.get(name);
    const item = value[name];
    let found: Violation | undefined;
    // The value is not shown: a field that does not belong here may well be a secret.
    if (inner === undefined) found = closed ? violation("", undefined, "is not a known field") : undefined;
    else if (item === null && !closed && !map && !required.includes(name)) delete value[name];
    else if (item !== undefined || map) found = misfit(inner, item, closed);
    if (found) return within(entryOf("", name), found);
  }
  return undefined;
}

function wrong(value: unknown, kind: string): Violation {
  return violation("", value, `${value === undefined ? "is required and " : ""}must be ${kind}`);
}

/** Puts where it was found before a field; only what does not fit pays for its path. */
function within(name: string, { field, value, rule }: Violation): Violation {
  return violation(`${name}${/^(\[|$)/.test(field) ? "" : "."}${field}`, value, rule);
}
