/** Request bodies: bounded, UTF-8, JSON, and of the shape that the operation has. */
import { describeViolation, type Violation, violationFromIssues } from "@porter-sandbox/spec";
import { requestSchemas } from "@porter-sandbox/spec/requests";
import { invalid, tooLarge } from "../errors.ts";
import { readIncoming } from "../incoming.ts";

/** The length that a request says its body has. */
export function declaredLength(request: Request): number | undefined {
  const text = request.headers.get("Content-Length");
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Reads at most `limit` bytes and not one chunk more. */
async function readBounded(request: Request, limit: number): Promise<Uint8Array> {
  if ((declaredLength(request) ?? 0) > limit) throw tooLarge(limit);
  if (request.body === null) return new Uint8Array();
  const incoming = readIncoming(request.body, request.signal);
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    for (let bytes = await incoming.next(); bytes !== undefined; bytes = await incoming.next()) {
      total += bytes.byteLength;
      if (total > limit) throw tooLarge(limit);
      chunks.push(bytes);
    }
  } finally {
    incoming.stop();
  }
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

function parse(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid("body", "body: must be valid UTF-8");
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would quote the body, and with it what may be secret.
    throw invalid("body", "body: must be valid JSON");
  }
}

export const refuse = (found: Violation): never => {
  throw invalid(found.field, describeViolation(found));
};

/**
 * The body of a JSON operation, checked against its schema and then by `check`. An operation whose body may be left out
 * reads none as `{}`.
 */
export async function readJson<Id extends keyof typeof requestSchemas, Body>(
  operation: Id,
  request: Request,
  limit: number,
  rules: { check?: (body: unknown) => Violation | undefined; optional?: boolean },
): Promise<Body> {
  const type = request.headers.get("Content-Type");
  if (request.headers.has("Origin") && !/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type ?? "")) {
    // A page may send any other type to any server without asking it first, with its user none the wiser.
    throw invalid("Content-Type", "Content-Type: must be application/json in a request from a browser's page");
  }
  const bytes = await readBounded(request, limit);
  const body = bytes.length === 0 && rules.optional ? {} : parse(bytes);
  const result = requestSchemas[operation].safeParse(body);
  if (!result.success) refuse(violationFromIssues(result.error.issues, body));
  const found = rules.check?.(body);
  if (found !== undefined) refuse(found);
  // Not the validator's copy: that one leaves out keys like __proto__, which are fine names of variables and tags.
  return body as Body;
}
