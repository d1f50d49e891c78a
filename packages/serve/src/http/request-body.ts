/** The body of a request that the API may refuse before it has arrived. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** What a refused client may still send for the connection to be kept. */
const MOST_DISCARDED_BYTES = 64 * 1024 * 1024;
const MOST_DISCARDING_MS = 10_000;

const hasBody = ({ headers, method }: IncomingMessage): boolean =>
  method !== "GET" &&
  method !== "HEAD" &&
  method !== "TRACE" &&
  (headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0);

/** Read as it is asked for. A reader that stops leaves the connection alone: its answer still has to go over it. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = incoming.iterator({ destroyOnReturn: false });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    },
    { highWaterMark: 0 },
  );
}

/** What comes after the answer is read and thrown away, or the next request would never be found behind it. */
function discardRest(incoming: IncomingMessage): void {
  if (incoming.complete || incoming.destroyed) return;
  const { socket } = incoming;
  const giveUp = (): void => socket.destroySoon();
  const timer = setTimeout(giveUp, MOST_DISCARDING_MS).unref();
  let bytes = 0;
  incoming.removeAllListeners("readable");
  incoming.removeAllListeners("data");
  incoming.on("data", (chunk: Uint8Array) => {
    bytes += chunk.byteLength;
    if (bytes > MOST_DISCARDED_BYTES) giveUp();
  });
  incoming.once("close", () => clearTimeout(timer));
  incoming.on("error", () => {});
  incoming.resume();
}

/** The request with such a body in place of the adapter's, which ends the connection when it is not read in time. */
export function withBody(request: Request, incoming: IncomingMessage, outgoing: ServerResponse): Request {
  if (!hasBody(incoming)) return request;
  outgoing.once("finish", () => discardRest(incoming));
  const { url, method, headers, signal } = request;
  const init: RequestInit & { duplex: "half" } = { method, headers, signal, body: bodyOf(incoming), duplex: "half" };
  return new Request(url, init);
}
