import type { Clock } from "@porter-sandbox/spec";
import { applyFault, discard } from "./apply-fault.ts";
import type { Faults } from "./faults.ts";
import type { Entry, Recorder } from "./recorder.ts";
import { operationOf } from "./routes.ts";

/** A function to use in place of the global `fetch`. */
export type FetchLike = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

export interface GatewayOptions {
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
    const { request, signal } = requestOf(input, init);
    if (signal?.aborted) {
      discard(request.body);
      throw signal.reason;
    }
    // A browser's question whether it may ask: no request of anyone's.
    if (request.method === "OPTIONS") return serve(request);

    const entry = recorder.start(request);
    const operation = operationOf(request.method, new URL(request.url).pathname);
    const fault = operation && faults.forRequest(operation);
    if (fault) entry.fault = fault.kind;
    const proceed = () => serve(request);
    const answer = fault ? applyFault(fault, { request, clock, signal, proceed }) : proceed();
    try {
      const response = await untilAborted(answer, signal);
      entry.status = response.status;
      return watchBody(response, signal, entry, recorder);
    } catch (error) {
      recorder.finish(entry, { aborted: signal?.aborted === true });
      throw error;
    }
  };
}

function requestOf(input: string | URL | Request, init: RequestInit | undefined) {
  const isRequest = typeof input === "object" && "headers" in input;
  const signal = init?.signal ?? (isRequest ? input.signal : undefined) ?? undefined;
  // Not a question of kind but of identity: one of another make has to be made anew.
  if (isRequest && !init && input instanceof Request) return { request: input, signal };
  if (isRequest && !(input instanceof Request)) {
    const { method, headers, body } = input as Request;
    return requestOf((input as Request).url, {
      method,
      headers: [...headers],
      body,
      ...init,
      ...(signal && { signal }),
    });
  }
  const body = init?.body;
  if (typeof body !== "object" || body === null || !("getReader" in body))
    return { request: new Request(input, init), signal };
  const streamed = { ...init, body: signal ? abortable(body, signal) : body, duplex: "half" };
  return { request: new Request(input, streamed), signal };
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
        onAbort = () => {
          controller.error(signal?.reason);
          reader.cancel(signal?.reason).catch(() => {});
          over(true);
        };
        signal?.addEventListener("abort", onAbort, { once: true });
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
 * JSON is short and sent at once, whoever reads it; bytes are on their way until the last one is read. What the fake
 * breaks on purpose is a stream of bytes too, whatever it says it is.
 */
function watchBody(response: Response, signal: AbortSignal | undefined, entry: Entry, recorder: Recorder): Response {
  const { body, status, statusText, headers } = response;
  const isShort = headers.get("content-type")?.includes("json") === true && entry.fault !== "cut_body";
  if (!body || isShort) {
    recorder.finish(entry);
    return response;
  }
  const watched = abortable(body, signal, (how) => recorder.finish(entry, how));
  return new Response(watched, { status, statusText, headers });
}
