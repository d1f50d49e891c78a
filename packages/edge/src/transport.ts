import type { FetchLike } from "@porter-sandbox/core";
import type { Surroundings } from "./environment.ts";

/**
 * Makes a runtime's `fetch` keep promises of the client that it would break behind the client's back: nothing is run
 * twice, a file that could not be read to its end is never written, and streams can be sent at all.
 */
export type Mend = (fetch: FetchLike) => FetchLike;

/** What this runtime's `fetch` needs; undefined where it keeps the promises by itself. */
export function mendFor({ Deno, Bun, navigator }: Surroundings = globalThis as Surroundings): Mend | undefined {
  if (Deno !== undefined) return sendPostsOnce;
  if (Bun !== undefined) return sendDeletesOnce;
  const agent = navigator?.userAgent;
  // Browsers are those that do not name themselves as what they are.
  return agent?.startsWith("Mozilla/")
    ? gatherUploads
    : agent === "Cloudflare-Workers"
      ? breakBrokenUploads
      : undefined;
}

/** Whether a body is a stream; of whichever realm. */
function isStream(body: unknown): body is ReadableStream<Uint8Array<ArrayBuffer>> {
  return typeof (body as Partial<ReadableStream> | null | undefined)?.getReader === "function";
}

/**
 * Deno sends a request again when a connection that it kept breaks before the answer, also a POST, which may have run a
 * command by then. It does not when the body is a Blob.
 */
function sendPostsOnce(fetch: FetchLike): FetchLike {
  return (url, init) =>
    fetch(
      url,
      init.method === "POST" && typeof init.body === "string" ? { ...init, body: new Blob([init.body]) } : init,
    );
}

/**
 * Bun does so with methods that HTTP calls idempotent, and the client would take the 404 of a second DELETE for its own.
 * It does not on a connection of the request's own.
 */
function sendDeletesOnce(fetch: FetchLike): FetchLike {
  return (url, init) => fetch(url, init.method === "DELETE" ? { ...init, keepalive: false } : init);
}

/**
 * workerd ends a body that breaks as if it were whole, and the server would keep half a file. An aborted request it
 * does break off.
 */
function breakBrokenUploads(fetch: FetchLike): FetchLike {
  return (url, init) => {
    if (!isStream(init.body)) return fetch(url, init);
    const reader = init.body.getReader();
    const broken = new AbortController();
    const signal = init.signal ? AbortSignal.any([init.signal, broken.signal]) : broken.signal;
    const whole = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          try {
            const { done, value } = await reader.read();
            if (done) controller.close();
            else controller.enqueue(value);
          } catch (reason) {
            broken.abort(reason);
            // Neither ends nor fails: either would end the request's body.
            await new Promise(() => {});
          }
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
    return fetch(url, { ...init, body: whole, signal });
  };
}

/** Browsers send streams over HTTP/2 at best, and some never: they are gathered into a Blob, which may lie on disk. */
function gatherUploads(fetch: FetchLike): FetchLike {
  return async (url, init) => {
    const { body, signal } = init;
    if (!isStream(body)) return fetch(url, init);
    const bytes = body.pipeThrough(new TransformStream(), signal ? { signal } : {});
    return fetch(url, { ...init, body: await new Response(bytes).blob() });
  };
}
