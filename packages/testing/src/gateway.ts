import type { Clock } from "@porter-sandbox/spec";
import { applyFault, discard } from "./apply-fault.ts";
import type { Faults } from "./faults.ts";
import type { Entry, Recorder } from "./recorder.ts";
import { operationOf } from "./routes.ts";

/** A function to use in place of the global `fetch`. */
export type FetchLike = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

interface GatewayOptions {
  /** The server behind it. Asked for each request, since a reset changes it. */
  readonly serve: (request: Request) => Promise<Response>;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly recorder: Recorder;
}

/**
 * The way to the fake: takes what `fetch` takes and behaves as it does (an abort rejects, and breaks a body that is on
 * its way), writes down every request and lets faults happen.
 */
export function createGateway({ serve, clock, faults, recorder }: GatewayOptions): FetchLike {
  return async (input, init) => {
    const link = linkTo(init?.signal ?? signalOf(input));
    const { signal } = link;
    let entry: Entry | undefined;
    const finish = (how: { aborted: boolean }) => {
      link.unlink();
      if (entry) recorder.finish(entry, how);
    };
    try {
      const request = requestOf(input, init, signal);
      if (signal?.aborted) {
        discard(request.body);
        throw signal.reason;
      }
      // A browser's question whether it may ask: no request of anyone's.
      if (request.method === "OPTIONS") return await serve(request);

      entry = recorder.start(request);
      const operation = operationOf(request.method, new URL(request.url).pathname);
      const fault = operation && faults.forRequest(operation);
      if (fault) entry.fault = fault.kind;
      const proceed = () => serve(request);
      const answer = fault ? applyFault(fault, { request, clock, signal, proceed }) : proceed();
      const response = await untilAborted(answer, signal);
      entry.status = response.status;
      return watchBody(response, signal, fault !== undefined, finish);
    } catch (error) {
      finish({ aborted: signal?.aborted === true });
      throw error;
    }
  };
}

function signalOf(input: string | URL | Request): AbortSignal | undefined {
  return typeof input === "object" && "signal" in input ? input.signal : undefined;
}

/**
 * A signal of this request's own that follows the caller's. One that is used for many requests would otherwise gather
 * what each of them has hung on it.
 */
function linkTo(signal: AbortSignal | undefined | null): { signal?: AbortSignal; unlink(): void } {
  if (!signal) return { unlink() {} };
  const own = new AbortController();
  const follow = () => own.abort(signal.reason);
  if (signal.aborted) follow();
  else signal.addEventListener("abort", follow, { once: true });
  return { signal: own.signal, unlink: () => signal.removeEventListener("abort", follow) };
}

function requestOf(
  input: string | URL | Request,
  init: RequestInit | undefined,
  signal: AbortSignal | undefined,
): Request {
  // Not a question of kind but of identity: one of another make has to be made anew.
  const isRequest = typeof input === "object" && "headers" in input;
  if (isRequest && !init && input instanceof Request) return input;
  const base: RequestInit = isRequest && !(input instanceof Request) ? partsOf(input) : {};
  const { body = base.body, ...rest } = init ?? {};
  const made = { ...base, ...rest, ...(signal && { signal }) };
  const target = isRequest && !(input instanceof Request) ? (input as Request).url : input;
  if (typeof body !== "object" || body === null || !("getReader" in body)) {
    return new Request(target, body === undefined ? made : { ...made, body });
  }
  return new Request(target, { ...made, body: abortable(body, signal), duplex: "half" } as RequestInit);
}

function partsOf({ method, headers, body }: Request): RequestInit {
  return { method, headers: [...headers], body };
}

/** Settles as `answer` does, but rejects as soon as `signal` aborts; an answer that comes too late is let go. */
function untilAborted(answer: Promise<Response>, signal: AbortSignal | undefined): Promise<Response> {
  if (!signal) return answer;
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(signal.reason);
      answer.then(
        (late) => discard(late.body),
        () => {},
      );
    };
    signal.addEventListener("abort", onAbort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** A stream that fails, and lets go of its source, when `signal` aborts. `onEnd` is called once, however it ends. */
function abortable(
  source: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
  onEnd: (how: { aborted: boolean }) => void = () => {},
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let onAbort = () => {};
  const over = (aborted: boolean) => {
    signal?.removeEventListener("abort", onAbort);
    onEnd({ aborted });
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (!signal) return;
        onAbort = () => {
          controller.error(signal.reason);
          reader.cancel(signal.reason).catch(() => {});
          over(true);
        };
        signal.addEventListener("abort", onAbort, { once: true });
      },
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (signal?.aborted) return;
          if (!done) return controller.enqueue(value);
          over(false);
          controller.close();
        } catch (error) {
          if (signal?.aborted) return;
          over(false);
          controller.error(error);
        }
      },
      cancel(reason) {
        over(true);
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * JSON is short and sent at once, whoever reads it; bytes are on their way until the last one is read, and what a fault
 * went over may be either.
 */
function watchBody(
  response: Response,
  signal: AbortSignal | undefined,
  isHit: boolean,
  finish: (how: { aborted: boolean }) => void,
): Response {
  const { body, status, statusText, headers } = response;
  const isShort = !isHit && headers.get("content-type")?.includes("json") === true;
  if (!body || isShort) {
    finish({ aborted: false });
    return response;
  }
  return new Response(abortable(body, signal, finish), { status, statusText, headers });
}
