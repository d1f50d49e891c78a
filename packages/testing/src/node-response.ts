import type { ServerResponse } from "node:http";

/**
 * Writes a response as it is: its own length, its own pace, and where its body fails the connection breaks, so that the
 * client sees a body that was cut. Resolves when there is nothing left to write.
 */
export async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  const { status, headers, body } = response;
  outgoing.statusCode = status;
  for (const [name, value] of headers) outgoing.setHeader(name, value);
  // What is left of a body that nobody reads breaks the connection soon: the client must not use it again.
  if (!outgoing.req.complete) outgoing.setHeader("connection", "close");
  if (!body || outgoing.req.method === "HEAD") {
    await body?.cancel();
    outgoing.end();
    return;
  }
  if (headers.get("content-type")?.includes("json") && !headers.has("content-length")) {
    // Sent in one piece, it gets its length.
    outgoing.end(new Uint8Array(await response.arrayBuffer()));
    return;
  }
  await pipe(body, outgoing);
}

async function pipe(body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = body.getReader();
  // A client that goes away ends the reading, and with it what makes the body.
  outgoing.once("close", () => reader.cancel().catch(() => {}));
  outgoing.flushHeaders();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      if (!outgoing.write(read.value) && !outgoing.closed) await drained(outgoing);
    }
    outgoing.end();
  } catch {
    // What was written so far still goes out before the connection ends.
    outgoing.socket?.destroySoon();
  }
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off("drain", done);
      outgoing.off("close", done);
      resolve();
    };
    outgoing.on("drain", done);
    outgoing.on("close", done);
  });
}
