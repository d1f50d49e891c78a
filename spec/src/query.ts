/** Reads query strings by the table of parameters. */

import { type QueriedOperationId, type QueryParameterInfo, queries } from "../generated/queries.ts";
import { parseTime } from "./durations.ts";
import { textRule } from "./text.ts";
import { type Violation, violation } from "./violations.ts";

type One<P> = P extends { values: readonly (infer Value)[] }
  ? Value
  : P extends { type: "integer" | "time" }
    ? number
    : P extends { type: "boolean" }
      ? boolean
      : string;
type Given<P> = P extends { array: true } ? One<P>[] : P extends { required: true } ? One<P> : One<P> | undefined;

/**
 * The values of an operation's query parameters. A time is in milliseconds since the epoch; a parameter that may be repeated is always
 * an array; one that is not given, or given empty, is undefined.
 */
export type QueryValues<Id extends QueriedOperationId> = {
  [Name in keyof (typeof queries)[Id]]: Given<(typeof queries)[Id][Name]>;
};

const BOOLEANS = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

/** The value, or the rule that the text breaks. */
function readOne(info: QueryParameterInfo, text: string): { value: unknown } | string {
  const broken = textRule(text);
  if (broken !== undefined) return broken;
  if (info.values && !info.values.includes(text)) return `must be one of ${info.values.join(", ")}`;
  switch (info.type) {
    case "integer": {
      const value = Number(text);
      if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) return "must be a whole number";
      return info.minimum !== undefined && value < info.minimum ? `must be at least ${info.minimum}` : { value };
    }
    case "boolean":
      return BOOLEANS.has(text) ? { value: BOOLEANS.get(text) } : "must be true or false";
    case "time": {
      const value = parseTime(text);
      return value === undefined ? "must be an RFC 3339 time such as 2026-01-02T15:04:05Z" : { value };
    }
    default:
      return { value: text };
  }
}

/**
 * Reads a query string (with or without its `?`). Parameters that the operation does not have are passed over, since
 * proxies add their own; percent-encoding that is not UTF-8 is refused.
 */
export function parseQuery<Id extends QueriedOperationId>(
  operation: Id,
  search: string,
): { ok: true; values: QueryValues<Id> } | { ok: false; violation: Violation } {
  const refuse = (field: string, value: unknown, rule: string) =>
    ({ ok: false, violation: violation(field, value, rule) }) as const;
  try {
    decodeURIComponent(search);
  } catch {
    return refuse("query", search, "must be percent-encoded UTF-8");
  }
  const given = new URLSearchParams(search);
  const values: Record<string, unknown> = {};
  for (const [name, info] of Object.entries<QueryParameterInfo>(queries[operation])) {
    const texts = given.getAll(name).filter((text) => text !== "");
    if (info.required && texts.length === 0) return refuse(name, given.get(name) ?? undefined, "is required");
    if (!info.array && texts.length > 1) return refuse(name, texts[1], "must be given once");
    const read: unknown[] = [];
    for (const text of texts) {
      const one = readOne(info, text);
      if (typeof one === "string") return refuse(name, text, one);
      read.push(one.value);
    }
    values[name] = info.array ? read : read[0];
  }
  return { ok: true, values: values as QueryValues<Id> };
}
