/** Whether a request is for a sandbox, and for which: everything that is decided before anything is passed on. */
import { type IncomingMessage, STATUS_CODES } from "node:http";
import { type Framing, framingOf, isHandedOn } from "./headers.ts";
import { hostNameOf, isLoopback, plainAddress, type Route, type Routes, type Target } from "./routes.ts";

export interface Admitted {
  readonly route: Route;
  readonly target: Target;
  /** The `Host` header, as it came. */
  readonly host: string;
  readonly peer: string;
  readonly framing: Framing;
}

/** What the proxy answers itself. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

const refusal = (status: number, message: string): Refusal => ({ status, message });

/** Nobody learns from the answer whether a name exists that is not for them. */
export const unknown = refusal(404, "no sandbox answers to this name");

export function admit(request: IncomingMessage, routes: Routes): Admitted | Refusal {
  const { headers, rawHeaders, url = "" } = request;
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === "host").length;
  const host = headers.host ?? "";
  if (hosts !== 1 || host === "") return refusal(400, "a request names one host");
  if (!url.startsWith("/") && url !== "*") return refusal(400, "a request names a path and no whole URL");
  const framing = framingOf(headers);
  if (framing === undefined) return refusal(501, "a body may be chunked, and nothing else");

  const name = hostNameOf(host);
  const route = name === undefined ? undefined : routes.find(name);
  const peer = plainAddress(request.socket.remoteAddress ?? "");
  if (route === undefined || (route.visibility === "private" && !isFromHere(request, peer))) return unknown;
  if (route.target === undefined) return refusal(503, "the sandbox starts");
  return { route, target: route.target, host, peer, framing };
}

/** Asked on this machine, and as far as it says not for somebody elsewhere. */
const isFromHere = ({ headers }: IncomingMessage, peer: string): boolean => isLoopback(peer) && !isHandedOn(headers);

export const isRefusal = (found: Admitted | Refusal): found is Refusal => "status" in found;

/**
 * Whether a connection is to become something else than HTTP. A server may leave an upgrade out, and this one does for
 * HTTP/2, whose requests it could not tell apart, and where a body is still to come.
 */
export function mayUpgrade({ headers }: IncomingMessage): boolean {
  const { upgrade } = headers;
  return upgrade !== undefined && !/\bh2c?\b|^http/i.test(upgrade) && framingOf(headers)?.kind === "none";
}

/** The parts of an answer of the proxy's own. */
export function answerOf({ status, message }: Refusal) {
  const body = `${message}\n`;
  const headers: Record<string, string> = {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": String(Buffer.byteLength(body)),
    "Cache-Control": "no-store",
    ...(status === 503 && { "Retry-After": "1" }),
  };
  return { status, reason: STATUS_CODES[status] ?? "", headers, body };
}
