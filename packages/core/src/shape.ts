import { entryOf, isRecord, textRule, type Violation, violation } from "@porter-sandbox/spec";
import { parameters, shapes } from "@porter-sandbox/spec/compact";

/** Finds the first place where a value is not of a type. */
type Check = (value: unknown, closed: boolean) => Violation | undefined;

/** Taking a type apart once is enough. */
const known = new Map<string, Check>();

function checkOf(type: string): Check {
  let check = known.get(type);
  if (!check) {
    check = type.startsWith("[") ? arrayOf(checkOf(type.slice(1))) : KINDS[type] ? kindOf(KINDS[type]) : objectOf(type);
    known.set(type, check);
  }
  return check;
}

/**
 * The first place where `value` is not of a type of the spec (see its `shapes`). `closed`: a field that the shape does
 * not name is refused, and so is null. Else an answer may hold more than this version knows, and null is the same as
 * absence: it is taken out of optional fields, so that the value is what its type says. A list that has to be there is
 * empty then, as servers in Go write one.
 */
export function checkShape(type: string, value: unknown, closed: boolean): Violation | undefined {
  const found = checkOf(type)(value, closed);
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

type Kind = readonly [fits: (value: unknown) => boolean, name: string];

/** What is no array and no object. */
const KINDS: Readonly<Record<string, Kind>> = {
  "": [(value) => typeof value === "string", "a string"],
  // JSON can spell numbers that are too large for one.
  "#": [Number.isFinite, "a number"],
  "!": [(value) => typeof value === "boolean", "a boolean"],
  $: [isText, "well-formed text without NUL"],
  "~": [(value) => value !== "" && isText(value), "well-formed text without NUL, and not empty"],
  "+": [(value) => Number.isSafeInteger(value) && (value as number) > 0, "a whole number, 1 or more"],
  "@": [isTime, "a valid Date or an RFC 3339 time"],
};

function kindOf([fits, name]: Kind): Check {
  return (value) => (fits(value) ? undefined : wrong(value, name));
}

function arrayOf(check: Check): Check {
  return (value, closed) => {
    if (!Array.isArray(value)) return wrong(value, "an array");
    for (let index = 0; index < value.length; index++) {
      const found = check(value[index], closed);
      if (found) return within(entryOf("", index), found);
    }
    return undefined;
  };
}

function objectOf(type: string): Check {
  const map = type === "{";
  const checks = new Map<string, Check>();
  /** The fields that have to be there, and whether each is a list. */
  const required = new Map<string, boolean>();
  const check: Check = (value, closed) => {
    if (!isRecord(value)) return wrong(value, "an object");
    for (const name of required.keys()) {
      const missing = value[name] === undefined && checks.get(name)?.(undefined, closed);
      if (missing) return within(name, missing);
    }
    for (const name in value) {
      const inner = map ? checkOf("") : checks.get(name);
      const item = value[name];
      const isNull = item === null && !closed && !map;
      let found: Violation | undefined;
      // The value is not shown: a field that does not belong here may well be a secret.
      if (inner === undefined) found = closed ? violation("", undefined, "is not a known field") : undefined;
      else if (isNull && required.get(name)) value[name] = [];
      else if (isNull && !required.has(name)) delete value[name];
      else if (item !== undefined || map) found = inner(item, closed);
      if (found) return within(entryOf("", name), found);
    }
    return undefined;
  };
  // Known before its fields are: a file's entry may have entries.
  known.set(type, check);
  for (const field of (shapes[type] ?? parameters[type])?.split(" ") ?? []) {
    const [given = "", inner = ""] = field.split(":");
    const name = given.replace("?", "");
    checks.set(name, checkOf(inner));
    if (name === given) required.set(name, inner.startsWith("["));
  }
  return check;
}

function wrong(value: unknown, kind: string): Violation {
  return violation("", value, `${value === undefined ? "is required and " : ""}must be ${kind}`);
}

/** Puts where it was found before a field; only what does not fit pays for its path. */
function within(name: string, { field, value, rule }: Violation): Violation {
  return violation(`${name}${/^(\[|$)/.test(field) ? "" : "."}${field}`, value, rule);
}
