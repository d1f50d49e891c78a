import type { OperationId } from "@porter-sandbox/spec/operations";
import { toKey } from "../configuration.ts";
import { MalformedResponseError, SandboxTimeoutError } from "../errors/client-errors.ts";
import { type Admitted, isSandboxError, type SandboxError } from "../errors/sandbox-error.ts";
import { InvalidRequestError, NotFoundError } from "../errors/status-errors.ts";
import { notify, type RequestEvent } from "../hooks.ts";
import { checkRequest } from "../validation.ts";
import type { Client } from "./client.ts";
import { answerIn, brokenOff, connectionFailure, failureOf, requestIdOf } from "./failures.ts";
import { readerOf } from "./readers.ts";
import { isTransient, retryDelay } from "./retry.ts";
import { isJson, type Route, routeOf } from "./routes.ts";
import { type CallOptions, type OnTimeout, Scope } from "./scope.ts";
import { expandPath, queryString } from "./url.ts";

/** What a request is made of. */
export interface RequestParts {
  path?: Readonly<Record<string, unknown>> | undefined;
  /** By name: text, numbers, booleans, dates, or lists of them. */
  query?: object | undefined;
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
export type Reader<T> = (
  response: Response,
  what: string,
  id: OperationId,
  sent: Readonly<Record<string, string>>,
) => Promise<T>;

/** The calls that have no limit unless asked. */
const UNLIMITED = /^(exec|read[A-Z]|write)/;

/**
 * Sends a request and reads the answer, which is what the caller says it is: the spec's types are the same as its shapes.
 */
export function call<T>(
  client: Client,
  id: OperationId,
  parts: RequestParts,
  options: CallOptions | undefined,
  read = readerOf(id) as Reader<T>,
  Timeout: typeof SandboxTimeoutError = SandboxTimeoutError,
): Promise<T> {
  return withinScope(client, id, parts, options, timeoutOf(id, Timeout), (scope) =>
    perform(client, scope, id, parts, read),
  );
}

/** @throws {InvalidRequestError} when the request breaks a rule that needs no server to see. */
export function checkCall(id: OperationId, parts: RequestParts, options: CallOptions | undefined): void {
  const fault = checkRequest(id, parts, options);
  if (fault) throw new InvalidRequestError(fault.message, { code: "invalid_request", field: fault.field });
}

/** Checks a request and opens the scope that it runs in. Throws at once when there is nothing to start. */
export function openScope(
  client: Client,
  id: OperationId,
  parts: RequestParts,
  options: CallOptions | undefined,
  onTimeout: OnTimeout,
  onFail: (reason: unknown) => void,
): Scope {
  checkCall(id, parts, options);
  return new Scope(client, options, UNLIMITED.test(id) ? Infinity : client.timeoutMs, onTimeout, onFail);
}

/** Runs `work` within a scope. It settles with the work, or at once when the scope fails, whatever the work does then. */
export function withinScope<T>(
  client: Client,
  id: OperationId,
  parts: RequestParts,
  options: CallOptions | undefined,
  onTimeout: OnTimeout,
  work: (scope: Scope) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const scope = openScope(client, id, parts, options, onTimeout, reject);
    work(scope).then(
      (value) => {
        scope.end();
        resolve(value);
      },
      (error) => {
        scope.end();
        reject(error);
      },
    );
  });
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

/** A request as all its attempts send it. */
interface Composed {
  readonly path: string;
  readonly query: string;
  readonly init: RequestInit;
  readonly headers: Record<string, string>;
  /** A header of the caller's own stands; the client's follows the key as it changes. */
  readonly sendKey: boolean;
}

function compose(client: Client, scope: Scope, route: Route, parts: RequestParts): Composed {
  const { method, retry, body } = route;
  const headers: Record<string, string> = { ...client.headers };
  for (const name in parts.headers) {
    const value = parts.headers[name];
    if (value !== undefined) headers[name.toLowerCase()] = value;
  }
  if (retry === "keyed") headers["idempotency-key"] ??= newKey();
  const init: RequestInit & { duplex?: "half" } = { method, headers, signal: scope.signal };
  if (body !== "none") {
    const json = isJson(body);
    headers["content-type"] ??= `application/${json ? "json" : "octet-stream"}`;
    init.body = json ? JSON.stringify(parts.body ?? {}) : (parts.body as BodyInit);
    if (parts.once) init.duplex = "half";
  }
  return {
    path: expandPath(route.path, parts.path),
    query: queryString(parts.query),
    init,
    headers,
    sendKey: route.auth && headers.authorization === undefined,
  };
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
  const { method, retry } = route;
  const { apiKey, baseUrl, hooks } = client;
  const { path, query, init, headers, sendKey } = compose(client, scope, route, parts);

  for (let attempt = 1; ; attempt++) {
    const key = typeof apiKey === "function" ? toKey(await apiKey()) : apiKey;
    // Asking for the key may have taken the rest of the time.
    if (scope.over) throw OVER;
    if (key && sendKey) headers.authorization = `Bearer ${key}`;
    const url = (typeof baseUrl === "function" ? baseUrl(key) : baseUrl) + path;
    const what = `${method} ${url}`;
    const event: RequestEvent = { operation: id, method, url, attempt };
    const before = scope.admitted;
    const started = hooks.onResponse && client.clock.now();
    let response: Response | undefined;
    let data: unknown;
    scope.event = event;
    notify(hooks.onRequest, event);
    scope.admitted = "unknown";
    try {
      try {
        response = await client.fetch(url + query, init);
      } catch (error) {
        const answer = answerIn(error);
        if (!answer) throw isSandboxError(error) ? error : connectionFailure(error, what);
        ({ response, data } = answer);
      }
      if (scope.over) {
        // A fetch that does not heed its signal answered too late: nobody will read this.
        response.body?.cancel().catch(() => {});
        throw OVER;
      }
      if (typeof response?.text !== "function")
        throw new MalformedResponseError(`${what}: fetch answered no Response`, {
          code: "malformed_response",
          field: "",
          admitted: "unknown",
        });
      if (started !== undefined) {
        const durationMs = client.clock.now() - started;
        notify(hooks.onResponse, { ...event, status: response.status, requestId: requestIdOf(response), durationMs });
      }
      if (!response.ok) throw await failureOf(response, data, what, client.clock.now(), headers);
      scope.admitted = true;
      const result = await read(response, what, id, headers);
      scope.event = undefined;
      return result;
    } catch (error) {
      if (scope.over) throw error;
      const failure = isSandboxError(error) ? error : brokenOff(error, response, what);
      if (!(await mayFollow(failure, before, event, client, scope, retry, parts.once))) {
        // It is gone, and it may well be an earlier attempt that deleted it.
        if (method === "DELETE" && before !== false && failure instanceof NotFoundError) return undefined as T;
        notify(hooks.onError, { ...event, error: failure });
        throw failure;
      }
    }
  }
}

/** What ends the work of a call that is over: nobody hears it. */
const OVER = "over";

/**
 * Completes a failure with what the call as a whole knows, and waits for the next attempt. False when there must be none.
 */
async function mayFollow(
  failure: { -readonly [K in keyof SandboxError]: SandboxError[K] },
  before: Admitted,
  event: RequestEvent,
  client: Client,
  scope: Scope,
  retry: Route["retry"],
  once: boolean | undefined,
): Promise<boolean> {
  if (failure.admitted === false) {
    scope.admitted = before;
    // What an earlier attempt may have done is not undone by the refusal of this one.
    if (retry !== "safe") failure.admitted = before;
  } else scope.admitted = failure.admitted;
  const safe = mayRepeat(retry) || failure.admitted === false;
  const transient = isTransient(failure);
  failure.retryable = transient && safe;
  if (
    once ||
    retry === "never" ||
    event.attempt > client.maxRetries ||
    !transient ||
    !(safe || (await keepsKeys(client, scope)))
  )
    return false;
  const delayMs = retryDelay(event.attempt, failure, client.random);
  // Waiting beyond the caller's time would only turn a telling error into a timeout.
  if (delayMs >= scope.left()) return false;
  notify(client.hooks.onRetry, { ...event, error: failure, delayMs });
  scope.lastFailure = failure;
  await scope.sleep(delayMs);
  return true;
}

/** Whether the server says that it keeps keys; when it does not answer, it may not. */
async function keepsKeys(client: Client, scope: Scope): Promise<boolean> {
  try {
    const { has } = await import("../extras/capabilities.ts");
    return await has(client, "idempotency_keys", { signal: scope.signal, timeoutMs: scope.left() });
  } catch {
    return false;
  }
}

/** 128 random bits. Never from the client's `random`: two programs with the same seed must not share keys. */
function newKey(): string {
  // A page that was not loaded over HTTPS has no randomUUID; where there is one it costs a tenth of a call for random bytes.
  return crypto.randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
}
