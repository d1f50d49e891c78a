import { isRecord } from "./text.ts";
import { checkEach, checkText, type Violation, violation } from "./violations.ts";

/** An argument vector: at least the program, whose name is not empty. */
export function checkCommand(value: unknown, field = "command"): Violation | undefined {
  if (Array.isArray(value) && value.length === 0) return violation(field, value, "must have at least one item");
  return checkEach(field, value, (at, item, index) =>
    checkText(at, item, (text) => index > 0 || text !== "", "must not be empty"),
  );
}

/** The body of an exec. */
export const checkExec = (body: unknown): Violation | undefined =>
  isRecord(body) ? checkCommand(body.command) : violation("body", body, "must be an object");
