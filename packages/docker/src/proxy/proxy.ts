/** The HTTP server in front of the ports that sandboxes expose. */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "@porter-sandbox/spec";
import { type Admitted, admit, isRefusal, mayUpgrade, type Refusal, unknown } from "./admission.ts";
import { type ForwardOptions, forward, forwardUpgrade, refuse, refuseUpgrade } from "./forward.ts";
import { plainAddress, type Routes } from "./routes.ts";

interface Proxy {
  /**
   * Listens, and answers the port. With no port of its own it takes `wanted` when that is free, and any other when not.
   * Rejects with an Error that says which address is taken.
   */
  open(wanted?: number): Promise<number>;
  /** Listens no more, and cuts what is open. */
  close(): Promise<void>;
}

export interface ProxySettings {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly idleMs: number;
  readonly connectMs?: number | undefined;
  readonly clock: Clock;
  readonly routes: Routes;
  /** Addresses that are not let in at all. */
  readonly isShutOut: (address: string) => boolean;
}

const headerBytes = 16 * 1024;
const headersMs = 10_000;
const keepAliveMs = 60_000;
const mostConnections = 4096;

export function createProxy({
  host,
  port,
  idleMs,
  connectMs = 10_000,
  clock,
  routes,
  isShutOut,
}: ProxySettings): Proxy {
  const options: ForwardOptions = { clock, idleMs, connectMs, headerBytes };
  /** Connections that are HTTP no more. */
  const upgraded = new Set<Duplex>();
  let opened: Promise<number> | undefined;
  let server: http.Server | undefined;

  const comesFromShut = ({ remoteAddress = "" }: Socket) => isShutOut(plainAddress(remoteAddress));

  /** Looked at again with each request: a connection can be older than what is shut out. */
  function lookUp(request: IncomingMessage): Admitted | Refusal {
    return comesFromShut(request.socket) ? unknown : admit(request, routes);
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const found = lookUp(request);
    if (isRefusal(found)) refuse(response, found);
    else forward(request, response, found, options);
  }

  function makeServer(): http.Server {
    const made = http.createServer({
      maxHeaderSize: headerBytes,
      headersTimeout: headersMs,
      // A body may take any time, as long as it moves.
      requestTimeout: 0,
      keepAliveTimeout: keepAliveMs,
      insecureHTTPParser: false,
      shouldUpgradeCallback: mayUpgrade,
    });
    made.maxHeadersCount = 0;
    made.maxConnections = mostConnections;
    // The sandbox's side is looked at first, so that its silence has an answer.
    made.setTimeout(idleMs + 1_000);
    made.on("connection", (socket) => {
      if (comesFromShut(socket)) socket.destroy();
    });
    made.on("request", handle);
    // A client that waits to be asked for its body is asked when there is somebody to read it.
    made.on("checkContinue", (request, response) => {
      const found = lookUp(request);
      if (isRefusal(found)) return refuse(response, found);
      response.writeContinue();
      forward(request, response, found, options);
    });
    made.on("upgrade", (request, socket, head) => {
      upgraded.add(socket);
      socket.once("close", () => upgraded.delete(socket));
      socket.on("error", () => socket.destroy());
      const found = lookUp(request);
      if (isRefusal(found)) return refuseUpgrade(socket, found);
      // Where Node cannot be told to leave an upgrade out (before 24.9), a body would be taken for the new protocol.
      if (found.framing.kind !== "none") {
        return refuseUpgrade(socket, { status: 400, message: "a request that asks for an upgrade has no body" });
      }
      forwardUpgrade(request, socket, head, found, options);
    });
    return made;
  }

  function listen(at: number): Promise<number> {
    const made = makeServer();
    return new Promise((resolve, reject) => {
      made.once("error", reject);
      made.listen({ host, port: at }, () => {
        made.removeListener("error", reject);
        made.on("error", () => {});
        // It serves as long as somebody else keeps the process alive.
        made.unref();
        server = made;
        resolve((made.address() as AddressInfo).port);
      });
    });
  }

  async function start(wanted: number | undefined): Promise<number> {
    if (port === 0 && wanted !== undefined) {
      try {
        return await listen(wanted);
      } catch {
        // Somebody else has it by now.
      }
    }
    try {
      return await listen(port);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Error(`proxy: ${host} port ${port} cannot be listened on (${code})`, { cause: error });
    }
  }

  return {
    open(wanted) {
      opened ??= start(wanted).catch((error) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    async close() {
      await opened?.catch(() => {});
      opened = undefined;
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      for (const socket of upgraded) socket.destroy();
      await new Promise<void>((resolve) => {
        closing.close(() => resolve());
        closing.closeAllConnections();
      });
    },
  };
}
