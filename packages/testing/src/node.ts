import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { writeResponse } from "@porter-sandbox/node-http";
import { addressOf, isLoopback, listenError, urlOf } from "@porter-sandbox/node-http/address";
import { isConnectionBroken } from "./apply-fault.ts";
import type { FakeControl } from "./control.ts";
import { controlHandler } from "./control-http.ts";

/** Anything that answers requests: a fake, a `createSandboxApi`. */
export interface Servable {
  /** Answers one request. */
  fetch(request: Request): Response | Promise<Response>;
  /** Served under `/__control/`, for `remoteControl`. */
  readonly control?: FakeControl;
}

/** What `listen` takes. */
export interface ListenOptions {
  /** The port to listen on. Default: one that is free. */
  readonly port?: number | undefined;
  /** Default `127.0.0.1`. On an address that others reach, the control channel needs a `controlToken`, else it is off. */
  readonly host?: string | undefined;
  /** What `remoteControl` has to bring. */
  readonly controlToken?: string | undefined;
}

/** A server that runs. */
export interface Listening {
  /** Where it answers, without a slash at the end. */
  readonly url: string;
  /** Breaks what is still open. The api itself goes on. */
  close(): Promise<void>;
  /** As `close()`, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Puts a fake, or any api, on a port. A client that goes away aborts its request's `signal`, and a connection that the fake
 * breaks is broken.
 *
 * @throws Error when the port is taken, or the host stands for no address of this machine.
 *
 * @example
 * ```ts
 * const { url, close } = await listen(createFakeSandboxApi());
 * ```
 */
export async function listen(api: Servable, options: ListenOptions = {}): Promise<Listening> {
  const { port = 0, host = "127.0.0.1", controlToken } = options;
  const own = await addressOf(host);
  const control =
    api.control && (isLoopback(own) || controlToken !== undefined)
      ? controlHandler(api.control, { token: controlToken })
      : undefined;

  const server = createAdaptorServer({
    // The classes of the process that it runs in stay what they are.
    overrideGlobalObjects: false,
    async fetch(request, { incoming, outgoing }) {
      const node = { incoming, outgoing } as { incoming: IncomingMessage; outgoing: ServerResponse };
      try {
        const response = (await control?.(request)) ?? (await api.fetch(request));
        // A connection that closes on a client that still sends takes the answer with it: first the rest is let in. When
        // that is too much, the client must not use the connection again.
        if (!(await letIn(node.incoming))) node.outgoing.setHeader("connection", "close");
        await writeResponse(response, node.outgoing);
      } catch (error) {
        // A client that is gone is told nothing, and one whose connection is to break neither.
        if (!isConnectionBroken(error) && !request.signal.aborted) throw error;
        node.incoming.socket.destroy();
      }
      return RESPONSE_ALREADY_SENT;
    },
  }) as Server;
  // A connection that is idle stays open until `close`: were it to end by itself, it could do so under the next request.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, host, port)));
    server.listen(port, own, resolve);
  });

  const url = urlOf("http", server.address() as AddressInfo);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url, close, [Symbol.asyncDispose]: close };
}

/** How long an answer waits for the rest of a request that nobody reads. */
const LET_IN_MS = 2000;

/** Lets in and forgets what is left of a request; answers whether all of it came in time. */
async function letIn(incoming: IncomingMessage): Promise<boolean> {
  if (incoming.complete || incoming.destroyed) return incoming.complete;
  return new Promise((resolve) => {
    const settle = () => {
      clearTimeout(timer);
      incoming.off("end", settle).off("close", settle);
      resolve(incoming.complete);
    };
    const timer = setTimeout(settle, LET_IN_MS);
    incoming.on("end", settle).on("close", settle).resume();
  });
}
