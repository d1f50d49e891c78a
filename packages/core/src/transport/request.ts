import type { OperationId } from "@porter-sandbox/spec/operations";
import { toKey } from "../configuration.ts";
import { ConnectionError, MalformedResponseError, SandboxTimeoutError } from "../errors/client-errors.ts";
import { isSandboxError, type SandboxError } from "../errors/sandbox-error.ts";
import { InvalidRequestError, NotFoundError } from "../errors/status-errors.ts";
import { notify, type RequestEvent } from "../hooks.ts";
import { checkRequest } from "../validation.ts";
import type { Client } from "./client.ts";
import { answerIn, connectionFailure, failureOf } from "./failures.ts";
import { READERS, readJson } from "./readers.ts";
import { isTransient, retryDelay } from "./retry.ts";
import { type Route, routeOf } from "./routes.ts";
import { type CallOptions, type OnTimeout, type Scope, withinScope } from "./scope.ts";
import { expandPath, type QueryValue, queryString } from "./url.ts";

/** What a request is made of. */
export interface RequestParts {
  path?: Readonly<Record<string, unknown>> | undefined;
  query?: Readonly<Record<string, QueryValue>> | undefined;
  /** A value for JSON; for bytes whatever `fetch` takes as a body. */
  body?: unknown;
  headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** What `tag` in the query was made of. */
  tags?: unknown;
  /** Which bytes of a file. */
  range?: { offset?: number | undefined; length?: number | undefined } | undefined;
  /** The body can be read only once, so the request is never repeated. */
  once?: boolean | undefined;
}

/** Reads a success. Whatever it throws that is no SandboxError means that the body broke off. */
export type Reader<T> = (response: Response, what: string, id: OperationId) => Promise<T>;

/** The calls that have no limit unless asked. */
const UNLIMITED = ["execSandbox", "readVolumeFile", "writeVolumeFile"];

/**
 * Sends a request and reads the answer, which is what the caller says it is: the spec's types are the same as its shapes.
 * The request is checked before anything is sent.
 */
export async function call<T>(
  client: Client,
  id: OperationId,
  parts: RequestParts,
  options: CallOptions | undefined,
  read = READERS[routeOf(id).response] as Reader<T>,
  Timeout: typeof SandboxTimeoutError = SandboxTimeoutError,
): Promise<T> {
  checkCall(id, parts, options);
  return withinScope(client, options, defaultTimeout(client, id), timeoutOf(id, Timeout), (scope) =>
    perform(client, scope, id, parts, read),
  );
}

/** @throws {InvalidRequestError} when the request breaks a rule that needs no server to see. */
export function checkCall(id: OperationId, parts: RequestParts, options: CallOptions | undefined): void {
  const fault = checkRequest(id, parts, options);
  if (fault) throw new InvalidRequestError(fault.message, { code: "invalid_request", field: fault.field });
}

export function defaultTimeout(client: Client, id: OperationId): number {
  return UNLIMITED.includes(id) ? Number.POSITIVE_INFINITY : client.timeoutMs;
}

/** The error of a call whose time is up. */
export function timeoutOf(id: OperationId, Timeout: typeof SandboxTimeoutError): OnTimeout {
  return (timeoutMs, { admitted, lastFailure }) => {
    const { method, path, retry } = routeOf(id);
    return new Timeout(`${method} ${path} took longer than ${timeoutMs} ms`, {
      code: "timeout",
      admitted,
      retryable: mayRepeat(retry) || admitted === false,
      cause: lastFailure,
    });
  };
}

function mayRepeat(retry: Route["retry"]): boolean {
  return retry === "safe" || retry === "idempotent";
}

/** Makes attempts until one succeeds, or fails in a way that another would not change or must not follow. */
export async function perform<T>(
  client: Client,
  scope: Scope,
  id: OperationId,
  parts: RequestParts,
  read: Reader<T>,
): Promise<T> {
  const route = routeOf(id);
  const { method, retry, body } = route;
  const { apiKey, baseUrl, hooks, maxRetries } = client;
  const path = expandPath(route.path, parts.path);
  const query = queryString(parts.query);
  const headers: Record<string, string> = { ...client.headers };
  for (const name in parts.headers) {
    const value = parts.headers[name];
    if (value !== undefined) headers[name.toLowerCase()] = value;
  }
  if (retry === "keyed") headers["idempotency-key"] ??= newKey();
  // A header of the caller's own stands; the client's follows the key as it changes.
  const sendKey = route.auth && headers.authorization === undefined;
  const init: RequestInit & { duplex?: "half" } = { method, headers, signal: scope.signal };
  if (body !== "none") {
    headers["content-type"] ??= body === "json" ? "application/json" : "application/octet-stream";
    init.body = body === "json" ? JSON.stringify(parts.body ?? {}) : (parts.body as BodyInit);
    if (parts.once) init.duplex = "half";
  }

  for (let attempt = 1; ; attempt++) {
    const key = typeof apiKey === "function" ? toKey(await apiKey()) : apiKey;
    if (key && sendKey) headers.authorization = `Bearer ${key}`;
    const url = (typeof baseUrl === "function" ? baseUrl(key) : baseUrl) + path;
    const event: RequestEvent = { operation: id, method, url, attempt };
    const before = scope.admitted;
    let failure: { -readonly [K in keyof SandboxError]: SandboxError[K] };
    try {
      return await send(client, scope, event, url + query, init, key, read);
    } catch (error) {
      if (scope.over || !isSandboxError(error)) throw error;
      failure = error;
    }
    if (failure.admitted === false) {
      scope.admitted = before;
      // What an earlier attempt may have done is not undone by the refusal of this one.
      if (retry !== "safe") failure.admitted = before;
    } else scope.admitted = failure.admitted;
    // It is gone, and it may well be an earlier attempt that deleted it.
    if (method === "DELETE" && before !== false && failure instanceof NotFoundError) return undefined as T;

    const transient = isTransient(failure);
    failure.retryable = transient && (mayRepeat(retry) || failure.admitted === false);
    if (
      transient &&
      attempt <= maxRetries &&
      !parts.once &&
      (mayRepeat(retry) ||
        (retry === "keyed" && (failure.admitted === false || (await hasExtension(client, scope, "idempotency_keys")))))
    ) {
      const delayMs = retryDelay(attempt, failure, client.random);
      // Waiting beyond the caller's time would only turn a telling error into a timeout.
      if (delayMs < scope.left()) {
        const error = failure;
        notify(hooks.onRetry, () => ({ ...event, error, delayMs }));
        scope.lastFailure = failure;
        await scope.sleep(delayMs);
        continue;
      }
    }
    const error = failure;
    notify(hooks.onError, () => ({ ...event, error }));
    throw failure;
  }
}

/** One attempt. */
async function send<T>(
  client: Client,
  scope: Scope,
  event: RequestEvent,
  url: string,
  init: RequestInit,
  key: string | undefined,
  read: Reader<T>,
): Promise<T> {
  const { clock, hooks } = client;
  const what = `${event.method} ${event.url}`;
  const started = clock.now();
  scope.event = event;
  // Asking for the key may have taken the rest of the time.
  if (scope.over) throw what;
  notify(hooks.onRequest, () => event);
  scope.admitted = "unknown";
  let response: Response;
  let data: unknown;
  try {
    response = await client.fetch(url, init);
  } catch (error) {
    const answer = answerIn(error);
    if (!answer) throw connectionFailure(error, what);
    ({ response, data } = answer);
  }
  if (typeof response?.headers?.get !== "function")
    throw new MalformedResponseError(`${what}: fetch answered no Response`, {
      code: "malformed_response",
      field: "",
      admitted: "unknown",
    });
  const requestId = response.headers.get("x-request-id") ?? undefined;
  notify(hooks.onResponse, () => ({
    ...event,
    status: response.status,
    requestId,
    durationMs: clock.now() - started,
  }));
  if (scope.over) {
    // A fetch that does not heed its signal answered too late: nobody will read this.
    response.body?.cancel().catch(() => {});
    throw what;
  }
  if (!response.ok) {
    const text = response.bodyUsed
      ? typeof data === "string"
        ? data
        : (JSON.stringify(data) ?? "")
      : await response.text().catch(() => "");
    throw failureOf(response, text, what, clock.now(), key);
  }
  scope.admitted = true;
  try {
    return await read(response, what, event.operation as OperationId);
  } catch (error) {
    if (isSandboxError(error)) throw error;
    throw new ConnectionError(`${what} failed: the answer broke off`, {
      code: "connection_failed",
      statusCode: response.status,
      requestId,
      admitted: true,
      cause: error,
    });
  }
}

/** Whether the server says that it has an extension. Asked once, when first needed; no list (404) means none. */
async function hasExtension(client: Client, scope: Scope, name: string): Promise<boolean> {
  if (!client.extensions) {
    const { admitted, lastFailure } = scope;
    try {
      const { extensions } = (await perform(client, scope, "getCapabilities", {}, readJson)) as {
        extensions: string[];
      };
      client.extensions = extensions;
    } catch (error) {
      if (!(error instanceof NotFoundError)) return false;
      client.extensions = [];
    } finally {
      scope.admitted = admitted;
      scope.lastFailure = lastFailure;
    }
  }
  return client.extensions.includes(name);
}

/** 128 random bits. Never from the client's `random`: two programs with the same seed must not share keys. */
function newKey(): string {
  let key = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) key += byte.toString(16).padStart(2, "0");
  return key;
}
