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
  parseTime,
  type Violation,
  violation,
} from "@porter-sandbox/spec";
import { parameters, requestShapes, responseShapes } from "@porter-sandbox/spec/compact";
import type { OperationId } from "@porter-sandbox/spec/operations";
import { checkShape } from "./shape.ts";
import type { RequestParts } from "./transport/request.ts";
import type { CallOptions } from "./transport/scope.ts";

/** What is wrong, and where. */
export interface Fault {
  readonly field: string;
  readonly message: string;
}

type Check = (id: OperationId, parts: RequestParts, options: CallOptions) => Violation | undefined;

const BODY_RULES: { readonly [Id in OperationId]?: (body: unknown) => Violation | undefined } = {
  createSandbox: checkSandboxSpec,
  createVolume: checkVolumeSpec,
  execSandbox: checkExec,
  moveVolumeFile: checkMoveRequest,
};

const PATH_RULES: { readonly [Id in OperationId]?: typeof checkVolumePath } = {
  listVolumeFiles: checkVolumePath,
  readVolumeFile: checkFilePath,
  writeVolumeFile: checkFilePath,
};

/** What in a call breaks a rule that needs no server to see. */
export function checkRequest(id: OperationId, parts: RequestParts, options?: CallOptions | null): Fault | undefined {
  for (const check of CHECKS) {
    const found = check(id, parts, options ?? {});
    if (found) return { field: found.field, message: describeViolation(found) };
  }
  return undefined;
}

/** Where an answer is not what the spec says. Unknown fields and unknown values of enums are fine. */
export function checkResponse(id: OperationId, body: unknown): Fault | undefined {
  const shape = responseShapes[id];
  const found = shape && checkShape(shape, body, false);
  // The value is the server's and stays out: it may be anything.
  return found && { field: found.field, message: `${found.field}: ${found.rule}` };
}

/** The rule that an option of the client breaks, in words that follow its name. */
export function checkOption(
  option: "timeoutMs" | "maxRetries" | "baseUrl" | "apiKey",
  value: unknown,
): string | undefined {
  if (option === "timeoutMs") return isTime(value) ? undefined : TIMEOUT_RULE;
  if (option === "maxRetries") return isWhole(value) ? undefined : "must be a whole number, 0 or more";
  if (option === "apiKey")
    // A runtime's own error for a header that cannot be sent would show the key.
    return typeof value === "string" && /^[!-~]+$/.test(value)
      ? undefined
      : "must be visible ASCII characters, at least one";
  try {
    const { protocol, username, password, search, hash } = new URL(String(value));
    // All of these would end up in messages and logs, and a query would end up before the path.
    if (username || password || search || hash) return "must carry no user, password, query or fragment";
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
const isTime = (value: unknown) => typeof value === "number" && value > 0;
const TIMEOUT_RULE = "must be a number of milliseconds above 0";

const checkOptions: Check = (_, { range }, { timeoutMs, signal }) => {
  if (timeoutMs !== undefined && !isTime(timeoutMs)) return violation("timeoutMs", timeoutMs, TIMEOUT_RULE);
  if (signal && typeof signal.addEventListener !== "function")
    return violation("signal", undefined, "must be an AbortSignal");
  for (const name of ["offset", "length"] as const) {
    const value = range?.[name];
    if (value !== undefined && !isWhole(value))
      return violation(name, value, "must be a whole number of bytes, 0 or more");
  }
  return undefined;
};

const checkPath: Check = (_, { path }) => {
  for (const name in path) {
    const value = path[name];
    // A dot segment would be folded away and address something else.
    if (typeof value !== "string" || /^\.{0,2}$|\p{Surrogate}/u.test(value))
      return violation(name, value, "must be a non-empty string that is no dot segment");
  }
  return undefined;
};

const checkHeaders: Check = (_, { headers }) => {
  for (const name in headers) {
    const value = headers[name];
    const key = name.toLowerCase() === "idempotency-key";
    const found = value === undefined ? undefined : key ? checkIdempotencyKey(value) : checkHeader(name, value);
    if (found) return found;
  }
  return undefined;
};

const checkBody: Check = (id, { body = {} }) => {
  if (id === "writeVolumeFile") return checkContent(body);
  const shape = requestShapes[id];
  return shape && (checkShape(shape, body, true) ?? BODY_RULES[id]?.(body));
};

function checkContent(content: unknown): Violation | undefined {
  const { byteLength, size, locked } = (content ?? {}) as Record<string, unknown>;
  if (typeof content === "string")
    // It would silently become another character in UTF-8.
    return /\p{Surrogate}/u.test(content) ? violation("content", undefined, "must be well-formed Unicode") : undefined;
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
const checkQuery: Check = (id, { query = {}, tags }) => {
  const untold = tags === undefined ? undefined : checkTags("tags", tags);
  if (untold) return untold;
  const table = parameters[id] ?? {};
  for (const name in query) {
    const value: unknown = query[name];
    if (value === undefined || value === null) continue;
    const kind = Object.hasOwn(table, name) ? (table[name] ?? "") : "";
    if (!kind) return violation(name, undefined, "is not a known parameter");
    for (const item of kind.includes("*") && Array.isArray(value) ? value : [value]) {
      const rule = ruleBroken(kind, item);
      if (rule) return violation(name, item, rule);
    }
    const found = name === "path" ? PATH_RULES[id]?.(name, value) : undefined;
    if (found) return found;
  }
  for (const name in table) {
    if (table[name]?.includes("!") && !query[name]) return violation(name, undefined, "is required");
  }
  return undefined;
};

function ruleBroken(kind: string, item: unknown): string | undefined {
  switch (kind.replace(/\W/, "")) {
    case "count":
      return isWhole(item) && item !== 0 ? undefined : "must be a whole number, 1 or more";
    case "boolean":
      return typeof item === "boolean" ? undefined : "must be true or false";
    case "time": {
      const isDate = typeof (item as Date | null)?.toISOString === "function" && !Number.isNaN(Number(item));
      return isDate || (typeof item === "string" && parseTime(item) !== undefined)
        ? undefined
        : "must be a valid Date or an RFC 3339 time such as 2026-01-02T15:04:05Z";
    }
    default:
      return typeof item === "string" && !/\p{Surrogate}|\0/u.test(item)
        ? undefined
        : "must be well-formed text without NUL";
  }
}

const CHECKS: readonly Check[] = [checkOptions, checkPath, checkHeaders, checkBody, checkQuery];
