import { type Clock, sleep } from "@porter-sandbox/spec";
import { EXEC_STREAM_TYPE } from "@porter-sandbox/spec/stream-frames";
import type { RequestFault } from "./faults.ts";

/** A request that a fault hits. */
interface HitRequest {
  readonly request: Request;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** Lets the server do what was asked. */
  proceed(): Promise<Response>;
}

/** Answers as the fault has it; rejects with a broken connection's error where it breaks the connection. */
export async function applyFault(fault: RequestFault, hit: HitRequest): Promise<Response> {
  switch (fault.kind) {
    case "delay": {
      const response = await hit.proceed();
      try {
        await sleep(hit.clock, fault.ms, hit.signal);
      } catch (error) {
        discard(response.body);
        throw error;
      }
      return response;
    }
    case "status":
      await doOrDrop(hit, fault.commit);
      return errorResponse(fault, hit.request);
    case "reset":
      await doOrDrop(hit, fault.commit);
      throw connectionBroken("fetch failed", "the fake broke the connection before it answered");
    case "cut_body":
      return cutBody(await hit.proceed(), fault.after_bytes);
    case "malformed_json":
      return spoilJson(await hit.proceed());
  }
}

async function doOrDrop(hit: HitRequest, commit: boolean): Promise<void> {
  if (commit) discard((await hit.proceed()).body);
  else discard(hit.request.body);
}

/** Tells a source that nobody will read the rest. */
export function discard(body: ReadableStream | null): void {
  // One that is being read, or has failed, cannot be cancelled, and need not be.
  if (body && !body.locked) body.cancel().catch(() => {});
}

const CODES: Record<number, string> = {
  400: "invalid_request",
  401: "unauthenticated",
  404: "not_found",
  413: "body_too_large",
  416: "range_not_satisfiable",
  422: "unsupported",
  429: "rate_limited",
  503: "shutting_down",
};

type StatusFault = Extract<RequestFault, { kind: "status" }>;

function errorResponse({ status, commit, retry_after_s: retryAfter }: StatusFault, request: Request): Response {
  const headers = new Headers({ "content-type": "application/json" });
  if (retryAfter !== undefined) headers.set("retry-after", String(retryAfter));
  const requestId = request.headers.get("x-request-id");
  headers.set("x-request-id", requestId ?? "injected-fault");
  // Without this a browser would see a failed fetch and not the status.
  const origin = request.headers.get("origin");
  if (origin !== null) {
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", "retry-after, x-request-id");
  }
  if (status === 204 || status === 205 || status === 304) return new Response(null, { status, headers });
  // A server that says why it did nothing has done nothing.
  const code = (commit ? undefined : CODES[status]) ?? (status >= 500 ? "internal" : undefined);
  const body = { error: `Injected fault: status ${status}`, ...(code && { code }) };
  return new Response(JSON.stringify(body), { status, headers });
}

async function cutBody(response: Response, afterBytes: number): Promise<Response> {
  if (!response.body) return response;
  let body: ReadableStream<Uint8Array> = response.body;
  const headers = new Headers(response.headers);
  // A stream that may have no end has no length either, and is cut as it comes.
  const isStream = headers.get("content-type") === EXEC_STREAM_TYPE;
  if (!isStream && !headers.has("content-length")) {
    const bytes = new Uint8Array(await response.arrayBuffer());
    headers.set("content-length", String(bytes.byteLength));
    body = streamFrom(bytes);
  }
  const { status, statusText } = response;
  const cut = isStream || Number(headers.get("content-length")) > afterBytes ? breakAfter(body, afterBytes) : body;
  return new Response(cut, { status, statusText, headers });
}

/** The first `limit` bytes, then an error; the source is told to stop. */
function breakAfter(body: ReadableStream<Uint8Array>, limit: number): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let left = limit;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = left > 0 ? await reader.read() : undefined;
        if (!chunk || chunk.done) {
          controller.error(connectionBroken("terminated", "the fake broke the connection inside the body"));
          reader.cancel().catch(() => {});
          return;
        }
        const part = chunk.value.subarray(0, left);
        left -= part.byteLength;
        controller.enqueue(part);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function streamFrom(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

async function spoilJson(response: Response): Promise<Response> {
  if (!response.body) return response;
  const text = await response.text();
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  headers.set("content-type", "application/json");
  const { status, statusText } = response;
  return new Response(`{"malformed": ${text.slice(0, Math.floor(text.length / 2))}`, { status, statusText, headers });
}

const broken = Symbol.for("porter-sandbox.testing.connection-broken");

/** What `fetch` rejects with when a connection breaks; a server that passes requests on breaks its own at this. */
function connectionBroken(message: string, cause: string): TypeError {
  return Object.assign(new TypeError(message, { cause: new Error(cause) }), { [broken]: true });
}

/** Is this the error of a connection that the fake broke on purpose? */
export function isConnectionBroken(error: unknown): boolean {
  return typeof error === "object" && error !== null && broken in error;
}
