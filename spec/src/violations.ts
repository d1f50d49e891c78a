import { isRecord, textRule } from "./text.ts";

/** A rule that a value breaks. */
export interface Violation {
  /** Where: `ttl_seconds`, `networking[0].port`, `volume_mounts["/data"]`. */
  readonly field: string;
  /** What was there; undefined when nothing was, or when it must not be shown. */
  readonly value: unknown;
  /** What it should have been, in words that follow the field's name: `must be a string`. */
  readonly rule: string;
}

export const violation = (field: string, value: unknown, rule: string): Violation => ({ field, value, rule });

/** The field of one entry of `field`. */
export function entryOf(field: string, key: PropertyKey): string {
  if (typeof key === "number") return `${field}[${key}]`;
  const name = cut(String(key));
  if (/^[\w-]+$/.test(name)) return field === "" ? name : `${field}.${name}`;
  return `${field}[${JSON.stringify(name)}]`;
}

const SHOWN = 80;
const cut = (text: string) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/** Fields whose values are secrets or may well be. Names of groups are not. */
const SECRET = /^env(?!_groups)|authorization|api_?key|secret|token|password/i;

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(cut(value));
  if (Array.isArray(value)) return "an array";
  // An object is not written out: what is in it may be secret.
  return typeof value === "object" && value !== null ? "an object" : cut(String(value));
}

/** `field: rule (got value)`, on one line; a secret or missing value is left out, a long one is cut. */
export function describeViolation({ field, value, rule }: Violation): string {
  return value === undefined || SECRET.test(field) ? `${field}: ${rule}` : `${field}: ${rule} (got ${shown(value)})`;
}

/** The first of what a list of checks finds. Checks come as functions, so that none runs after one has found something. */
export function firstOf(...checks: (() => Violation | undefined)[]): Violation | undefined {
  for (const check of checks) {
    const found = check();
    if (found) return found;
  }
  return undefined;
}

/** Checks a text by the common rules, and then by a rule of its own. */
export function checkText(
  field: string,
  value: unknown,
  ok?: (text: string) => boolean,
  rule = "",
): Violation | undefined {
  const broken = textRule(value) ?? (ok && !ok(value as string) ? rule : undefined);
  return broken === undefined ? undefined : violation(field, value, broken);
}

/** Checks that `value` is an array, and each of its items. */
export function checkEach(
  field: string,
  value: unknown,
  check: (field: string, item: unknown, index: number) => Violation | undefined,
): Violation | undefined {
  if (!Array.isArray(value)) return violation(field, value, "must be an array");
  for (let index = 0; index < value.length; index++) {
    const found = check(entryOf(field, index), value[index], index);
    if (found) return found;
  }
  return undefined;
}

/** Checks that `value` is an object, and each of its entries. */
export function checkEntries(
  field: string,
  value: unknown,
  check: (key: string, item: unknown) => Violation | undefined,
): Violation | undefined {
  if (!isRecord(value)) return violation(field, value, "must be an object");
  for (const [key, item] of Object.entries(value)) {
    const found = check(key, item);
    if (found) return found;
  }
  return undefined;
}
