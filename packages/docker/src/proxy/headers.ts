/** What of a message's headers is for the next one on its way, and what was between the sender and the proxy alone. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

/** As they came, each line its own, in the sender's spelling. */
export type HeaderLines = (readonly [name: string, value: string])[];

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** In which a proxy says for whom it asks. */
const onBehalf = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-real-ip",
];

/** Said anew by the proxy, or about a part of the exchange that it plays itself. */
const saidAnew = new Set(["host", "content-length", "expect", ...onBehalf]);

/** Whether another proxy says that it asks for somebody else. One that says nothing cannot be told from a client. */
export const isHandedOn = (headers: IncomingHttpHeaders): boolean =>
  [...onBehalf, "via"].some((name) => headers[name] !== undefined);

/** The lines that are neither between two neighbours only, nor named by `Connection` as such. */
function endToEnd({ rawHeaders, headers }: IncomingMessage): HeaderLines {
  const named = new Set((headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase()));
  const lines: HeaderLines = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = [rawHeaders[at], rawHeaders[at + 1]];
    const key = name.toLowerCase();
    // How long a body is cannot be the business of one neighbour.
    if (!hopByHop.has(key) && (key === "content-length" || !named.has(key))) lines.push([name, value]);
  }
  return lines;
}

/** How a request's body is framed; a request that says neither has none. */
export type Framing = { readonly kind: "none" | "chunked" } | { readonly kind: "length"; readonly length: string };

/** Undefined for a coding of the transfer that the proxy would have to understand. */
export function framingOf(headers: IncomingHttpHeaders): Framing | undefined {
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) return coding.trim().toLowerCase() === "chunked" ? { kind: "chunked" } : undefined;
  const length = headers["content-length"];
  return length === undefined ? { kind: "none" } : { kind: "length", length };
}

/**
 * The headers of the request to a sandbox. Who asked, and for which host, is what the proxy saw: what the client says of
 * that is left out, since a sandbox could not tell it from the truth.
 */
export function requestHeaders(
  request: IncomingMessage,
  { host, peer, framing, upgrade }: { host: string; peer: string; framing: Framing; upgrade?: string | undefined },
): HeaderLines {
  const own: [string, string][] = [
    ["Host", host],
    ["X-Forwarded-For", peer],
    ["X-Forwarded-Host", host],
    ["X-Forwarded-Proto", "http"],
    ["Connection", upgrade === undefined ? "close" : "Upgrade"],
  ];
  if (upgrade !== undefined) own.push(["Upgrade", upgrade]);
  if (framing.kind === "chunked") own.push(["Transfer-Encoding", "chunked"]);
  if (framing.kind === "length") own.push(["Content-Length", framing.length]);
  return [...own, ...endToEnd(request).filter(([name]) => !saidAnew.has(name.toLowerCase()))];
}

/** The headers of a sandbox's answer for the client. How its body ends is said anew where it has no length. */
export const answerHeaders = (answer: IncomingMessage): HeaderLines => endToEnd(answer);

/** As `http.request` takes them. Lines of one name stay lines of their own. */
export function byName(lines: HeaderLines): Record<string, string | string[]> {
  const found = new Map<string, [name: string, values: string[]]>();
  for (const [name, value] of lines) {
    const known = found.get(name.toLowerCase());
    if (known === undefined) found.set(name.toLowerCase(), [name, [value]]);
    else known[1].push(value);
  }
  return Object.fromEntries(
    [...found.values()].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? "") : values]),
  );
}
