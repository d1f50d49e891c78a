import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { writeResponse } from "./index.ts";

describe("a body and the length that was promised of it", () => {
  let server: Server;
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** What a client with a connection that is kept alive gets of an answer. */
  async function received(promised: number, chunks: readonly string[]) {
    const encoder = new TextEncoder();
    server = createServer({ keepAliveTimeout: 60_000 }, (_, outgoing) => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
          controller.close();
        },
      });
      void writeResponse(new Response(body, { headers: { "Content-Length": String(promised) } }), outgoing);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const asked = request({ port, host: "127.0.0.1", headers: { Connection: "keep-alive" } }).end();
    const [incoming] = await once(asked, "response");
    let text = "";
    try {
      for await (const chunk of incoming) text += chunk;
      return { text, connection: incoming.headers.connection, failure: undefined };
    } catch (error) {
      return { text, failure: (error as NodeJS.ErrnoException).code };
    }
  }

  it("a body of that length comes whole, and the connection stays", async () => {
    expect(await received(10, ["hello", "world"])).toEqual({
      text: "helloworld",
      connection: "keep-alive",
      failure: undefined,
    });
  });

  it.each([[["hello"]], [[]]])(
    "a shorter one ends the connection: nobody waits for the rest of %j",
    async (chunks) => {
      expect(await received(10, chunks)).toEqual({ text: chunks.join(""), failure: "ECONNRESET" });
    },
    5_000,
  );
});
