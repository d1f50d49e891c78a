import { isRecord } from "./text.ts";
import { entryOf, type Violation, violation } from "./violations.ts";

/** What is read of a zod issue. */
export interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly expected?: unknown;
  readonly values?: readonly unknown[] | undefined;
  readonly keys?: readonly string[] | undefined;
}

const KINDS: Record<string, string> = {
  array: "an array",
  object: "an object",
  record: "an object",
  null: "null",
};

const fieldOf = (path: readonly PropertyKey[]) => path.reduce<string>(entryOf, "") || "body";

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (!isRecord(value) && !Array.isArray(value)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/**
 * The first of what a validator found wrong with `input`, in the words of the rules. The field of the whole input is
 * `body`.
 */
export function violationFromIssues(issues: readonly Issue[], input: unknown): Violation {
  const issue = issues[0];
  if (!issue) return violation("body", undefined, "is not valid");
  const field = fieldOf(issue.path);
  const value = valueAt(input, issue.path);
  switch (issue.code) {
    case "unrecognized_keys":
      // The value is not shown: a field that does not belong here may well be a secret.
      return violation(fieldOf([...issue.path, issue.keys?.[0] ?? ""]), undefined, "is not a known field");
    case "invalid_type": {
      const kind = KINDS[String(issue.expected)] ?? `a ${String(issue.expected)}`;
      return violation(field, value, value === undefined ? `is required and must be ${kind}` : `must be ${kind}`);
    }
    case "invalid_value":
      return violation(
        field,
        value,
        `must be one of ${(issue.values ?? []).map((one) => JSON.stringify(one)).join(", ")}`,
      );
    default:
      return violation(field, value, issue.message);
  }
}
