import type { OperationId } from "@porter-sandbox/spec/operations";
import ky from "ky";
import { operationOf } from "../routes.ts";
import { equal, fail, includes, isNonEmpty, ok, show } from "./assert.ts";
import type { FetchLike, Target } from "./target.ts";

/** The wire, spoken by ky, so that the suite never tests the client with the client. */
export type Http = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

interface CallOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>> | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: string | Uint8Array<ArrayBuffer> | Blob | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Another key than the target's; `null` for none. */
  readonly apiKey?: string | null | undefined;
}

/** A whole answer. */
export interface Answer {
  readonly request: string;
  readonly operation: OperationId | undefined;
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The body as JSON; fails the case when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: what comes off the wire is what the cases examine
  readonly json: any;
  /** Notes that a case has examined this operation with this status. */
  seen(): void;
}

export const defaultBaseUrl = "http://sandbox-api.local";

export function createHttp(target: Target, seen: (operation: OperationId, status: number) => void): Http {
  const client = ky.create({
    // ky hands its fetch a Request; a target's fetch takes one as the global does.
    fetch: target.fetch as typeof fetch,
    prefix: target.baseUrl ?? defaultBaseUrl,
    retry: 0,
    throwHttpErrors: false,
    timeout: false,
  });
  return async (method, path, options = {}) => {
    const key = options.apiKey === undefined ? target.apiKey : options.apiKey;
    const response = await client(`${path.replace(/^\//, "")}${queryOf(options.query)}`, {
      method,
      headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...options.headers },
      ...(options.json === undefined ? {} : { json: options.json }),
      ...(options.body === undefined ? {} : { body: options.body }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const request = `${method} ${path}`;
    const operation = operationOf(method, path.split("?")[0] ?? path);
    const text = new TextDecoder().decode(bytes);
    return {
      request,
      operation,
      status: response.status,
      headers: response.headers,
      bytes,
      text,
      get json() {
        try {
          return JSON.parse(text);
        } catch {
          return fail(`${request} (${response.status}): expected JSON, got ${show(text)}`);
        }
      },
      seen() {
        if (operation !== undefined) seen(operation, response.status);
      },
    };
  };
}

function queryOf(query: CallOptions["query"]): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) search.append(name, String(item));
  }
  const text = search.toString();
  return text && `?${text}`;
}

/** Holds when an answer has this status; answers it. */
export function status(answer: Answer, expected: number): Answer {
  if (answer.status !== expected) {
    fail(`${answer.request}: expected status ${expected}, got ${answer.status} ${show(answer.text)}`);
  }
  answer.seen();
  return answer;
}

/** Holds when an answer is JSON with status 200; answers the body. */
// biome-ignore lint/suspicious/noExplicitAny: what comes off the wire is what the cases examine
export function body(answer: Answer): any {
  status(answer, 200);
  includes(answer.headers.get("content-type"), /^application\/json/, `${answer.request}: content-type`);
  return answer.json;
}

/** Holds for an answer without a body. */
export function nothing(answer: Answer): void {
  status(answer, 204);
  equal(answer.bytes.length, 0, `${answer.request}: bytes of the body`);
}

/** What a refusal looks like. */
interface Refusal {
  /** The field that the message, and `field` of the body, name. */
  readonly field?: string | RegExp | undefined;
  /** What else the message says: the rule, the offending value. */
  readonly says?: readonly (string | RegExp)[] | undefined;
}

/** Holds for an error as the API writes them: `{error, code}`, a message for people and a code for programs. */
export function refused(answer: Answer, expected: number, code: string, { field, says = [] }: Refusal = {}): Answer {
  status(answer, expected);
  const what = `${answer.request} (${expected})`;
  includes(answer.headers.get("content-type"), /^application\/json/, `${what}: content-type`);
  isNonEmpty(answer.json.error, `${what}: error`);
  equal(answer.json.code, code, `${what}: code (${show(answer.json.error)})`);
  if (field !== undefined) {
    includes(answer.json.error, field, `${what}: the message names the field`);
    includes(answer.json.field, field, `${what}: field`);
  }
  for (const part of says) includes(answer.json.error, part, `${what}: the message`);
  ok(!/\n\s+at .*:\d+/.test(answer.text), `${what}: expected no stack trace in ${show(answer.text)}`);
  return answer;
}

/** A fetch that counts, so a case can show that nothing was sent. */
export function counting(fetch: FetchLike): { fetch: FetchLike; sent: { method: string; path: string }[] } {
  const sent: { method: string; path: string }[] = [];
  return {
    sent,
    fetch: (input, init) => {
      const url = typeof input === "string" || input instanceof URL ? String(input) : input.url;
      const method = init?.method ?? (typeof input === "object" && "method" in input ? input.method : "GET");
      sent.push({ method, path: new URL(url).pathname });
      return fetch(input, init);
    },
  };
}
