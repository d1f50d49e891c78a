import { describeViolation, violation } from "@porter-sandbox/spec";
import { InvalidRequestError } from "./status-errors.ts";

/** What the client itself refuses to send, with the value that breaks the rule: for those that are no secret. */
export function invalidValue(field: string, got: unknown, rule: string): InvalidRequestError {
  return new InvalidRequestError(describeViolation(violation(field, got, rule)), { code: "invalid_request", field });
}
