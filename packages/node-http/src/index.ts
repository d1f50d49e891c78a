/** Writes a `Response` to a Node response. */
import type { ServerResponse } from "node:http";

/**
 * Resolves when everything was written or cannot be. A body that breaks off, or ends at another length than its
 * `Content-Length` promised, breaks the connection: its reader neither takes it for whole nor waits for the rest. A reader
 * that goes away cancels the body. `onBytes` is told of each piece of the body.
 * The writer of @hono/node-server drops a promised length and prints a body that fails; both must not happen here.
 */
export async function writeResponse(
  response: Response,
  outgoing: ServerResponse,
  onBytes: (bytes: number) => void = () => {},
): Promise<void> {
  const { status, headers, body } = response;
  outgoing.statusCode = status;
  for (const [name, value] of headers) {
    if (name === "set-cookie") outgoing.appendHeader(name, value);
    else outgoing.setHeader(name, value);
  }
  if (body === null || outgoing.req.method === "HEAD") {
    await body?.cancel();
    outgoing.end();
    return;
  }
  // JSON is short and at hand: in one piece it gets a length.
  if (headers.get("Content-Type")?.includes("json") && !headers.has("Content-Length")) {
    const whole = new Uint8Array(await response.arrayBuffer());
    onBytes(whole.byteLength);
    outgoing.end(whole);
    return;
  }
  await pump(body, outgoing, onBytes);
}

async function pump(body: ReadableStream<Uint8Array>, outgoing: ServerResponse, onBytes: (bytes: number) => void) {
  const reader = body.getReader();
  const promised = outgoing.getHeader("Content-Length");
  let written = 0;
  let wake = (): void => {};
  // What was written still goes out; then the connection ends before the body did.
  const breakOff = () => outgoing.socket?.destroySoon();
  outgoing.on("drain", () => wake());
  outgoing.once("close", () => {
    wake();
    reader.cancel().catch(() => {});
  });
  outgoing.flushHeaders();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || outgoing.closed) break;
      onBytes(value.byteLength);
      written += value.byteLength;
      if (!outgoing.write(value) && !outgoing.closed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    if (outgoing.closed) return;
    if (promised === undefined || Number(promised) === written) outgoing.end();
    else breakOff();
  } catch {
    breakOff();
  }
}
