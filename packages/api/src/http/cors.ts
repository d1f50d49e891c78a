/** Cross-origin requests: which pages in a browser may use the server. */

export interface Cors {
  /** Origins such as `https://app.example.com`, or `"*"` for every one. */
  readonly origins: "*" | readonly string[];
  /** How long a browser may remember the answer to a preflight, in seconds. Default 600. */
  readonly maxAgeSeconds?: number | undefined;
}

const METHODS = "GET, HEAD, POST, PUT, DELETE";
const REQUEST_HEADERS = "Authorization, Content-Type, Accept, Range, Idempotency-Key, X-Request-Id";
const EXPOSED =
  "X-Request-Id, Content-Range, Content-Length, Accept-Ranges, Last-Modified, Retry-After, Allow, WWW-Authenticate";

const isAllowed = (cors: Cors, origin: string): boolean => cors.origins === "*" || cors.origins.includes(origin);

/** Marks a response as readable for the page that asked, when it may be. */
export function addCorsHeaders(cors: Cors | undefined, request: Request, headers: Headers): void {
  if (cors === undefined) return;
  if (cors.origins !== "*") headers.append("Vary", "Origin");
  const origin = request.headers.get("Origin");
  if (origin === null || !isAllowed(cors, origin)) return;
  headers.set("Access-Control-Allow-Origin", cors.origins === "*" ? "*" : origin);
  headers.set("Access-Control-Expose-Headers", EXPOSED);
}

/** The answer to a browser that asks before it sends; undefined for any other request. */
export function answerPreflight(cors: Cors | undefined, request: Request): Response | undefined {
  const origin = request.headers.get("Origin");
  if (cors === undefined || origin === null || request.method !== "OPTIONS") return undefined;
  if (!request.headers.has("Access-Control-Request-Method")) return undefined;
  if (!isAllowed(cors, origin)) return new Response(null, { status: 204 });
  // Clients may bring headers of their own; what is asked for is as good as what is known, since none is trusted.
  const asked = request.headers.get("Access-Control-Request-Headers");
  const headers: Record<string, string> = {
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": asked ? `${REQUEST_HEADERS}, ${asked}` : REQUEST_HEADERS,
    "Access-Control-Max-Age": String(cors.maxAgeSeconds ?? 600),
  };
  if (request.headers.get("Access-Control-Request-Private-Network") === "true") {
    headers["Access-Control-Allow-Private-Network"] = "true";
  }
  return new Response(null, { status: 204, headers });
}
