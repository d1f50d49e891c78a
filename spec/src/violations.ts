import { isRecord } from "./text.ts";

/** A rule that a value breaks. */
export interface Violation {
  /** Where: `ttl_seconds`, `networking[0].port`, `volume_mounts["/data"]`. */
  readonly field: string;
  /** What was there; undefined when nothing was, or when it must not be shown. */
  readonly value: unknown;
  /** What it should have been, in words that follow the field's name: `must be a string`. */
  readonly rule: string;
}

/** A violation of a rule by a field's value. */
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
  return isRecord(value) ? "an object" : cut(String(value));
}

/** `field: rule (got value)`, on one line; a secret or missing value is left out, a long one is cut. */
export function describeViolation({ field, value, rule }: Violation): string {
  return value === undefined || SECRET.test(field) ? `${field}: ${rule}` : `${field}: ${rule} (got ${shown(value)})`;
}
