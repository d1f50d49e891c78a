/** Puts any Sandbox API on a port. */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Store } from "@porter-sandbox/api";
import { writeResponse } from "@porter-sandbox/node-http";
import { addressOf, isLoopback, isOwnName, listenError, urlOf } from "@porter-sandbox/node-http/address";
import { createExchanges, type Exchange, newRequestId } from "./http/exchange.ts";
import { processMetrics, sandboxMetrics } from "./http/gauges.ts";
import { createRequestMetrics, renderMetrics } from "./http/metrics.ts";
import { withBody } from "./http/request-body.ts";
import { METRICS_PATH, pathOf } from "./http/route.ts";
import { resolveServeLimits, type ServeLimits } from "./limits.ts";
import { createLog, errorFields, type LogSink, stderrSink } from "./log.ts";

/** What can be served: `createSandboxApi`, a fake, anything that answers requests. */
export interface Servable {
  /** Answers one request. What it throws becomes a 500. */
  fetch(request: Request): Response | Promise<Response>;
  /** Waited for before `serve` resolves. */
  ready?(): Promise<void>;
  /** Called when the server closes, after the requests under way have ended. */
  close?(): Promise<void>;
}

/** What `serve` takes. */
export interface ServeOptions {
  /** The port to listen on, 0 to 65535. Default 0: one that is free. */
  readonly port?: number | undefined;
  /**
   * The address to listen on, or a name of this machine. Default `127.0.0.1`. On an address that others reach, the API has
   * to ask for keys: `serve` tries it without one, and refuses to serve an API that answers.
   */
  readonly host?: string | undefined;
  /** Serves HTTPS with this certificate chain and its private key, both PEM. */
  readonly tls?: { readonly key: string | Uint8Array; readonly cert: string | Uint8Array } | undefined;
  /** Takes the log, a line at a time; `false` for none. Default: standard error. */
  readonly log?: LogSink | false | undefined;
  /** Whether `/metrics` is served, to whoever may use the API. Default `true`. */
  readonly metrics?: boolean | undefined;
  /** The store of the API, for the numbers of sandboxes in `/metrics`. Without it they are left out. */
  readonly store?: Pick<Store, "pageSandboxes"> | undefined;
  /** Bounds other than the defaults. */
  readonly limits?: { readonly [K in keyof ServeLimits]?: ServeLimits[K] | undefined } | undefined;
}

/** A server that runs. */
export interface Serving {
  /** Where it answers, without a slash at the end: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The port that it listens on. */
  readonly port: number;
  /**
   * Takes no new connections, answers new requests on open ones with a 503 and Retry-After, waits for those under way
   * (`limits.drainMs` at most, then cuts them), and closes the API. Safe to repeat.
   */
  close(): Promise<void>;
  /** As `close()`, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}

const refusal = (status: number, code: string, error: string, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ error, code }), {
    status,
    headers: { "Content-Type": "application/json", ...headers },
  });

/** Asks the API without a key. Only one that refuses may be where others reach it. */
async function asksForKeys(api: Servable): Promise<boolean> {
  const response = await api.fetch(new Request("http://sandbox-api.local/v1/capabilities"));
  await response.body?.cancel();
  return response.status === 401;
}

function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TypeError(`port: must be a whole number from 0 to 65535 (got ${String(port)})`);
  }
}

function createServer(tls: ServeOptions["tls"], limits: ServeLimits): Server {
  const bounds = {
    headersTimeout: Math.min(limits.headersMs, limits.requestMs),
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: Math.max(50, Math.min(5000, limits.headersMs / 2)),
    noDelay: true,
    // Node would answer without a body, where HTTP/1.1 asks for a host.
    requireHostHeader: false,
  };
  const certificate = tls && {
    key: typeof tls.key === "string" ? tls.key : Buffer.from(tls.key),
    cert: typeof tls.cert === "string" ? tls.cert : Buffer.from(tls.cert),
  };
  let server: Server;
  try {
    server = certificate
      ? createHttpsServer({ ...bounds, ...certificate, handshakeTimeout: bounds.headersTimeout })
      : createHttpServer(bounds);
  } catch (error) {
    throw new TypeError("tls: must be a private key and a certificate that belong together, both PEM", {
      cause: error,
    });
  }
  server.maxConnections = limits.connections;
  return server;
}

/** How long a client may take to read why its connection ends. */
const LINGER_MS = 1000;

/** A request that is none, or did not arrive in time. The status says which. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const statuses: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };
  const status = statuses[error.code ?? ""] ?? 400;
  const body = JSON.stringify({
    error: `the request is ${status === 400 ? "not HTTP" : status === 408 ? "too slow" : "too large in its headers"}`,
    code: "invalid_request",
  });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/json",
    `X-Request-Id: ${newRequestId()}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  // Node watches it no more. A client that does not hang up in its turn would keep it for ever.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

/**
 * Serves an API over HTTP until it is closed. Signals are the caller's business.
 *
 * @throws TypeError for options that are malformed.
 * @throws Error when the port is taken, the API asks for no keys on an address that others reach, or it does not get ready.
 *
 * @example
 * const store = createSqliteStore("data/store.sqlite");
 * const api = createSandboxApi({ engine, store, auth: keyAuth([hash]) });
 * const { url, close } = await serve(api, { host: "0.0.0.0", port: 8080, store });
 */
export async function serve(api: Servable, options: ServeOptions = {}): Promise<Serving> {
  const { port = 0, host = "127.0.0.1", tls, metrics: hasMetrics = true, store } = options;
  checkPort(port);
  const limits = resolveServeLimits(options.limits);
  const log = options.log === false ? () => {} : createLog(options.log ?? stderrSink);
  const address = await addressOf(host);
  const server = createServer(tls, limits);
  if (!isLoopback(address) && !(await asksForKeys(api))) {
    throw new Error(
      `host: ${host} can be reached by others, so the API must ask for keys; without them, only 127.0.0.1 and ::1`,
    );
  }

  const counts = createRequestMetrics();
  const exchanges = createExchanges(log, counts);
  let closing: Promise<void> | undefined;

  let asks: Promise<boolean> | undefined;
  /** Without keys a page could do all that its user can, if its site's name led here: it may ask its own site anything. */
  const keyed = (): Promise<boolean> => {
    asks ??= isLoopback(address) ? asksForKeys(api) : Promise.resolve(true);
    return asks;
  };

  const reportMetrics = async (request: Request): Promise<Response> => {
    const authorization = request.headers.get("Authorization");
    const headers = authorization === null ? {} : { Authorization: authorization };
    // Who may use the API may read them; it alone knows who that is. A 404 is an API without this extension.
    const asked = await api.fetch(new Request(new URL("/v1/capabilities", request.url), { headers }));
    if (asked.status !== 200 && asked.status !== 404) return asked;
    await asked.body?.cancel();
    const gauges = store === undefined ? [] : await sandboxMetrics(store);
    const text = renderMetrics([...gauges, ...counts.metrics(), ...processMetrics()]);
    return new Response(text, { headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" } });
  };

  function failure(error: unknown, { requestId }: Exchange): Response {
    log("error", "failure", { request_id: requestId, ...errorFields(error) });
    return refusal(500, "internal", "something went wrong in the server");
  }

  async function answer(request: Request, incoming: IncomingMessage, exchange: Exchange): Promise<Response> {
    const path = pathOf(request.url);
    try {
      if (!incoming.headers.host && incoming.httpVersion !== "1.0") {
        return refusal(400, "invalid_request", "Host: must be given");
      }
      const { hostname } = new URL(request.url);
      if (hostname !== host && !isOwnName(hostname) && !(await keyed())) {
        const rule = "must be a name of this machine, like localhost, where no keys are asked for";
        return refusal(400, "invalid_request", `Host: ${rule} (got ${JSON.stringify(hostname)})`);
      }
      if (closing !== undefined && path !== "/healthz") {
        return refusal(503, "shutting_down", "the server is shutting down", { "Retry-After": "1" });
      }
      const isRead = request.method === "GET" || request.method === "HEAD";
      if (hasMetrics && isRead && path === METRICS_PATH) return await reportMetrics(request);
      return await api.fetch(request);
    } catch (error) {
      return failure(error, exchange);
    }
  }

  function send(response: Response, outgoing: ServerResponse): Promise<void> {
    const exchange = exchanges.of(outgoing);
    outgoing.setHeader("X-Request-Id", exchange.requestId);
    return writeResponse(response, outgoing, (bytes) => {
      exchange.bytes += bytes;
    });
  }

  const listener = getRequestListener(
    async (request, bindings) => {
      const outgoing = bindings.outgoing as ServerResponse;
      const exchange = exchanges.of(outgoing);
      const response = await answer(withBody(request, outgoing.req, outgoing), outgoing.req, exchange);
      if (closing !== undefined) outgoing.shouldKeepAlive = false;
      await send(response, outgoing).catch((error: unknown) => {
        // A header that HTTP has no place for, JSON that breaks off: nothing of it has been sent.
        for (const name of outgoing.getHeaderNames()) outgoing.removeHeader(name);
        return send(failure(error, exchange), outgoing);
      });
      return RESPONSE_ALREADY_SENT;
    },
    {
      // The classes of the process that it runs in stay what they are.
      overrideGlobalObjects: false,
      autoCleanupIncoming: false,
      // Of a request of HTTP/1.0, as the probes of load balancers are. No page can send one without a host.
      hostname: "localhost",
      errorHandler: () => refusal(400, "invalid_request", "the request target or the Host header is malformed"),
    },
  );
  server.on("request", (incoming: IncomingMessage, outgoing: ServerResponse) => {
    exchanges.begin(incoming, outgoing);
    // For what is refused before it is a request.
    outgoing.setHeader("X-Request-Id", exchanges.of(outgoing).requestId);
    void listener(incoming, outgoing);
  });
  server.on("checkExpectation", (incoming: IncomingMessage, outgoing: ServerResponse) => {
    exchanges.begin(incoming, outgoing);
    void send(refusal(417, "invalid_request", "Expect: must be 100-continue"), outgoing);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    const answering = [...exchanges.open].some((outgoing) => outgoing.socket === socket && outgoing.headersSent);
    if (answering) socket.destroy();
    else answerClientError(error, socket);
  });
  server.on("drop", () => log("warn", "connection_refused", { limit: limits.connections }));

  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, host, port)));
    server.listen(port, address, resolve);
  });
  // A connection that the system could not hand over is no reason to end those that it did.
  server.on("error", (error) => log("error", "failure", errorFields(error)));
  const bound = server.address() as AddressInfo;

  async function shutDown(): Promise<void> {
    log("info", "closing", { requests: exchanges.open.size });
    // Not the HTTP server's own close: that one cuts idle connections, and with them requests that are on their way.
    NetServer.prototype.close.call(server);
    await exchanges.drained(limits.drainMs);
    server.closeIdleConnections();
    if (exchanges.open.size > 0) log("warn", "cut", { requests: exchanges.open.size });
    server.closeAllConnections();
    // Takes down what the server still watches; it is closed, and says so as an error.
    server.close(() => {});
    await api.close?.();
    log("info", "closed");
  }
  const close = (): Promise<void> => {
    closing ??= shutDown();
    return closing;
  };

  try {
    await api.ready?.();
  } catch (error) {
    await close().catch(() => {});
    throw new Error(`the API did not get ready: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  return { url: urlOf(tls ? "https" : "http", bound), port: bound.port, close, [Symbol.asyncDispose]: close };
}
