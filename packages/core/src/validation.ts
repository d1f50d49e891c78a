/**
 * All checks of what is sent and what comes back, behind a few functions: the rest of the client knows nothing of
 * rules, so what they cost can be seen, and measured, by itself.
 */

import {
  checkExec,
  checkFilePath,
  checkIdempotencyKey,
  checkMoveRequest,
  checkSandboxSpec,
  checkTags,
  checkVolumePath,
  checkVolumeSpec,
  describeViolation,
  MAX_FILE_BYTES,
  type Violation,
  violation,
} from "@porter-sandbox/spec";
import type { OperationId } from "@porter-sandbox/spec/operations";
import { checkShape, isText } from "./shape.ts";
import type { RequestParts } from "./transport/request.ts";
import { isJson, routeOf } from "./transport/routes.ts";
import type { CallOptions } from "./transport/scope.ts";

/** What is wrong, and where. */
export interface Fault {
  readonly field: string;
  readonly message: string;
}

type Check = (parts: RequestParts, id: OperationId) => Violation | undefined;

type Rule = (parts: { readonly body?: unknown; readonly query?: { readonly path?: unknown } }) => Violation | undefined;

/** What the values in a request must be, beside their shape. */
export type Rules = { [Id in OperationId]?: Rule };

/** `path` may be left out where the shape of the query says so. */
const pathRule =
  (check: typeof checkVolumePath): Rule =>
  ({ query: { path } = {} }) =>
    path === undefined ? undefined : check("path", path);

const RULES: Rules = {
  createSandbox: ({ body }) => checkSandboxSpec(body),
  createVolume: ({ body }) => checkVolumeSpec(body),
  execSandbox: ({ body }) => checkExec(body),
  moveVolumeFile: ({ body }) => checkMoveRequest(body),
  listVolumeFiles: pathRule(checkVolumePath),
  readVolumeFile: pathRule(checkFilePath),
  writeVolumeFile: pathRule(checkFilePath),
};

/** Adds the rules of operations that {@link addOperations} made known. */
export function addRules(rules: Rules): void {
  Object.assign(RULES, rules);
}

/** What in a call breaks a rule that needs no server to see. */
export function checkRequest(id: OperationId, parts: RequestParts, options?: CallOptions | null): Fault | undefined {
  const found =
    checkOptions(options ?? {}) ??
    checkRange(parts, id) ??
    checkPath(parts, id) ??
    checkHeaders(parts, id) ??
    checkBody(parts, id) ??
    checkQuery(parts, id) ??
    checkValues(parts, id);
  return found && { field: found.field, message: describeViolation(found) };
}

/** Where an answer is not what the spec says. Unknown fields and unknown values of enums are fine. */
export function checkResponse(id: OperationId, body: unknown): Fault | undefined {
  const found = checkShape(routeOf(id).response, body, false);
  // The value is the server's and stays out: it may be anything.
  return found && { field: found.field, message: `${found.field}: ${found.rule}` };
}

/** The rule that an option of the client breaks, in words that follow its name. */
export function checkOption(
  option: "timeoutMs" | "maxRetries" | "baseUrl" | "apiKey",
  value: unknown,
): string | undefined {
  if (option === "timeoutMs") return isTimeout(value) ? undefined : TIMEOUT_RULE;
  if (option === "maxRetries") return isWhole(value) ? undefined : "must be a whole number, 0 or more";
  if (option === "apiKey")
    // A runtime's own error for a header that cannot be sent would show the key.
    return typeof value === "string" && /^[!-~]+$/.test(value)
      ? undefined
      : "must be visible ASCII characters, at least one";
  try {
    const text = String(value);
    const { protocol, username, password } = new URL(text);
    // All of these would end up in messages and logs, and a query, be it empty, would end up before the path.
    if (username || password || /[?#]/.test(text)) return "must carry no user, password, query or fragment";
    if (/^https?:$/.test(protocol)) return undefined;
  } catch {}
  return "must be an absolute http or https URL";
}

/** The rule that a header breaks; its value is not shown. */
export function checkHeader(name: string, value: unknown): Violation | undefined {
  const ok = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && typeof value === "string" && /^[\t -~\x80-\xff]*$/.test(value);
  return ok
    ? undefined
    : violation("headers", undefined, `${JSON.stringify(name)} must be a header's name, with a value of one line`);
}

const isWhole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isTimeout = (value: unknown) => typeof value === "number" && value > 0;
const TIMEOUT_RULE = "must be a number of milliseconds above 0";

const checkOptions = ({ timeoutMs, signal }: CallOptions): Violation | undefined => {
  if (timeoutMs !== undefined && !isTimeout(timeoutMs)) return violation("timeoutMs", timeoutMs, TIMEOUT_RULE);
  if (signal && typeof signal.addEventListener !== "function")
    return violation("signal", undefined, "must be an AbortSignal");
  return undefined;
};

const checkRange: Check = ({ range }) => {
  for (const name of range ? (["offset", "length"] as const) : []) {
    const value = range?.[name];
    if (value !== undefined && !isWhole(value))
      return violation(name, value, "must be a whole number of bytes, 0 or more");
  }
  return undefined;
};

const checkPath: Check = ({ path }, id) => {
  for (const name of routeOf(id).names) {
    const value = path?.[name];
    // A dot segment would be folded away and address something else.
    if (!isText(value) || /^\.{0,2}$/.test(String(value)))
      return violation(name, value, "must be a non-empty string that is no dot segment");
  }
  return undefined;
};

const checkHeaders: Check = ({ headers }) => {
  for (const name in headers) {
    const value = headers[name];
    const key = name.toLowerCase() === "idempotency-key";
    const found = value === undefined ? undefined : key ? checkIdempotencyKey(value) : checkHeader(name, value);
    if (found) return found;
  }
  return undefined;
};

const checkBody: Check = ({ body = {} }, id) => {
  const shape = routeOf(id).body;
  if (shape === "bytes") return checkContent(body);
  return isJson(shape) ? checkShape(shape, body, true) : undefined;
};

function checkContent(content: unknown): Violation | undefined {
  const { byteLength, size, locked } = (content ?? {}) as Record<string, unknown>;
  if (typeof content === "string")
    // It would silently become another character in UTF-8.
    return !content.isWellFormed() ? violation("content", undefined, "must be well-formed Unicode") : undefined;
  if (locked) return violation("content", undefined, "must be a stream that nobody else reads");
  const bytes = byteLength ?? size;
  return typeof bytes === "number" && bytes > MAX_FILE_BYTES
    ? violation("content", bytes, `must have at most ${MAX_FILE_BYTES} bytes`)
    : undefined;
}

/**
 * Checks a query by the spec's table. The values that the API names are not enforced: which phases and metrics there
 * are is the server's to say.
 */
const checkQuery: Check = ({ query = {}, tags }, id) =>
  (tags === undefined ? undefined : checkTags("tags", tags)) ?? checkShape(id, query, true);

const checkValues: Check = ({ body = {}, query = {} }, id) => RULES[id]?.({ body, query });
