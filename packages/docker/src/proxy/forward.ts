/** Passes one request on to a sandbox, and its answer back. Both sides are read and written by Node's own HTTP. */
import http, { type ClientRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream";
import type { Clock } from "@porter-sandbox/spec";
import { type Admitted, answerOf, mayUpgrade, type Refusal } from "./admission.ts";
import { answerHeaders, byName, type HeaderLines, requestHeaders } from "./headers.ts";

export interface ForwardOptions {
  readonly clock: Clock;
  /** How long nothing may move before a connection is cut. */
  readonly idleMs: number;
  /** How long a sandbox may take to accept a connection. */
  readonly connectMs: number;
  /** Of a request's and of an answer's headers, each. */
  readonly headerBytes: number;
}

const refused: Refusal = { status: 502, message: "nothing in the sandbox answers on its port" };
const late: Refusal = { status: 504, message: "the sandbox did not answer in time" };
const garbled: Refusal = { status: 502, message: "the sandbox's answer is not HTTP" };

/**
 * A connection of its own for each request: none is ever sent over one that the sandbox is about to close, and none
 * outlives the sandbox at whose address it was opened.
 */
function ask(
  request: IncomingMessage,
  { route, target, host, peer, framing }: Admitted,
  { clock, idleMs, connectMs, headerBytes }: ForwardOptions,
  upgrade?: string,
): { upstream: ClientRequest; failure: (error: Error) => Refusal } {
  const upstream = http.request({
    host: target.address,
    port: target.port,
    method: request.method,
    path: request.url,
    headers: byName(requestHeaders(request, { host, peer, framing, upgrade })),
    agent: false,
    setHost: false,
    maxHeaderSize: headerBytes,
    insecureHTTPParser: false,
  });
  // Bounded by their size; to drop those past a number would change what the rest says.
  upstream.maxHeadersCount = 0;
  upstream.setNoDelay(true);
  let inTime = true;
  const giveUp = () => {
    inTime = false;
    upstream.destroy(new Error(late.message));
  };
  const cancel = clock.schedule(giveUp, connectMs);
  upstream.once("socket", (socket) => socket.once("connect", cancel));
  upstream.setTimeout(idleMs, giveUp);
  route.open.add(upstream);
  upstream.once("close", () => {
    cancel();
    route.open.delete(upstream);
  });
  const failure = (error: Error) => {
    if (!inTime) return late;
    return String((error as NodeJS.ErrnoException).code).startsWith("HPE_") ? garbled : refused;
  };
  return { upstream, failure };
}

export function refuse(response: ServerResponse, refusal: Refusal): void {
  const { status, reason, headers, body } = answerOf(refusal);
  // Without a reason of its own it would be given the one of an answer that could not be written.
  response.writeHead(status, reason, headers).end(body);
}

/** Passes a request on whose connection stays HTTP. */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  admitted: Admitted,
  options: ForwardOptions,
): void {
  const { upstream, failure } = ask(request, admitted, options);
  const fail = (refusal: Refusal) => {
    if (response.headersSent) response.destroy();
    else refuse(response, refusal);
    upstream.destroy();
  };
  upstream.on("error", (error) => fail(failure(error)));
  upstream.on("upgrade", (_answer, socket) => {
    socket.destroy();
    fail(garbled);
  });
  upstream.on("response", (answer) => {
    if (!isFinal(answer)) return fail(garbled);
    try {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answerHeaders(answer).flat());
    } catch {
      return fail(garbled);
    }
    // An answer that is cut short arrives cut short, never as a whole one.
    pipeline(answer, response, (error) => {
      if (error) response.destroy();
    });
  });
  response.once("close", () => {
    if (!response.writableFinished) upstream.destroy();
  });
  request.on("error", () => upstream.destroy());
  if (admitted.framing.kind === "none") return void upstream.end();
  request.pipe(upstream);
  // What the sandbox does not want any more is let in all the same, so that its answer reaches who still sends.
  upstream.once("close", () => {
    request.unpipe(upstream);
    request.resume();
  });
}

/** Passes a request on that asks for another protocol on its connection, and then the bytes of that, both ways. */
export function forwardUpgrade(
  request: IncomingMessage,
  socket: Duplex & { setTimeout?: (ms: number, then?: () => void) => unknown },
  head: Buffer,
  admitted: Admitted,
  options: ForwardOptions,
): void {
  const wanted = mayUpgrade(request) ? request.headers.upgrade : undefined;
  const { upstream, failure } = ask(request, admitted, options, wanted);
  let answered = false;
  const fail = (refusal: Refusal) => {
    if (answered) socket.destroy();
    else refuseUpgrade(socket, refusal);
    upstream.destroy();
  };
  upstream.on("error", (error) => fail(failure(error)));
  socket.once("close", () => upstream.destroy());
  upstream.on("upgrade", (answer, far, farHead) => {
    far.on("error", () => far.destroy());
    if (wanted === undefined || !hasPlainReason(answer)) {
      far.destroy();
      return fail(garbled);
    }
    answered = true;
    const lines: HeaderLines = [
      ["Connection", "Upgrade"],
      ["Upgrade", answer.headers.upgrade ?? wanted],
    ];
    socket.write(headOf(answer, [...lines, ...answerHeaders(answer)]), "latin1");
    socket.setTimeout?.(options.idleMs, () => socket.destroy());
    far.setTimeout(0);
    const { open } = admitted.route;
    open.add(far);
    far.once("close", () => {
      open.delete(far);
      socket.destroy();
    });
    socket.once("close", () => far.destroy());
    if (farHead.length > 0) far.unshift(farHead);
    if (head.length > 0) socket.unshift(head);
    far.pipe(socket);
    socket.pipe(far);
  });
  upstream.on("response", (answer) => {
    if (!isFinal(answer)) return fail(garbled);
    answered = true;
    socket.write(headOf(answer, [["Connection", "close"], ...answerHeaders(answer)]), "latin1");
    // Whole or not: a client that does not hang up in its turn would keep the connection for ever.
    pipeline(answer, socket, () => socket.destroy());
  });
  upstream.end();
}

/** Written by hand, since Node has let go of a connection that asks for an upgrade. Nothing follows on it. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const { status, reason, headers, body } = answerOf(refusal);
  const lines = Object.entries({ ...headers, Connection: "close" }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${lines.join("")}\r\n${body}`, () => socket.destroy());
}

/** Node's parser takes any byte for a part of the reason; no client has to. */
const hasPlainReason = ({ statusMessage = "" }: IncomingMessage): boolean =>
  /^[\t\x20-\x7e\x80-\xff]*$/.test(statusMessage);

/** After any other status the client would wait for more, or take what follows for something else than HTTP. */
const isFinal = (answer: IncomingMessage): boolean => {
  const { statusCode = 0 } = answer;
  return statusCode >= 200 && statusCode <= 999 && hasPlainReason(answer);
};

/** What comes from a parsed message has no line breaks in it. */
const headOf = ({ statusCode, statusMessage }: IncomingMessage, lines: HeaderLines): string =>
  `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
