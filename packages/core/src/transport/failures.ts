import { ConnectionError, SandboxTimeoutError } from "../errors/client-errors.ts";
import { notRunningError } from "../errors/lifecycle-errors.ts";
import { SandboxError } from "../errors/sandbox-error.ts";
import {
  AuthenticationError,
  ConflictError,
  InvalidRequestError,
  NotFoundError,
  PayloadTooLargeError,
  PaymentRequiredError,
  PermissionDeniedError,
  RateLimitError,
  SandboxNotRunningError,
  ServerError,
  UnsupportedError,
} from "../errors/status-errors.ts";
import { parseRetryAfter } from "./retry.ts";

/** By status, or by status and code. */
const KINDS: Readonly<Record<string, typeof SandboxError>> = {
  401: AuthenticationError,
  402: PaymentRequiredError,
  403: PermissionDeniedError,
  404: NotFoundError,
  408: SandboxTimeoutError,
  409: ConflictError,
  413: PayloadTooLargeError,
  429: RateLimitError,
  "409 sandbox_not_running": SandboxNotRunningError,
  "422 unsupported": UnsupportedError,
};

type Headers = Readonly<Record<string, string>>;

/** As much of a body as an error keeps, in characters. */
const LONGEST_BODY = 65_536;
const LONGEST_MESSAGE = 500;

/** The server's name for an exchange. */
export function requestIdOf({ headers }: Response): string | undefined {
  return headers.get("x-request-id") ?? undefined;
}

/** What a header is called whose value is a secret. */
const SECRET = /auth|cookie|pass|secret|token|(?<!idempotency-)key/;

/** A server that echoes what it was sent must not bring a secret into a log. */
function redacted(text: string, headers: Headers): string {
  for (const name in headers) {
    // Without its scheme, as in "Bearer …".
    const value = SECRET.test(name) && headers[name]?.replace(/^\w+ /, "");
    if (value) text = text.split(value).join("[redacted]");
  }
  return text;
}

/** What an error keeps of a body. A short key may well be part of a word that programs read: those stay. */
export function keptBody(text: string, headers: Headers): unknown {
  try {
    return JSON.parse(text, (name, value) =>
      typeof value === "string" && !/^(code|phase|reason|field)$/.test(name) ? redacted(value, headers) : value,
    );
  } catch {
    return redacted(text, headers).slice(0, LONGEST_BODY);
  }
}

/** Turns an answer that is no success into the error for its status. `data` is its body where somebody read it already. */
export async function failureOf(
  response: Response,
  data: unknown,
  what: string,
  now: number,
  sent: Headers,
): Promise<SandboxError> {
  const { status, headers } = response;
  const body = keptBody(response.bodyUsed ? toText(data) : await response.text().catch(() => ""), sent);
  const fields: Readonly<Record<string, unknown>> = Object(body);
  const field = (name: string) => (typeof fields[name] === "string" ? (fields[name] as string) : undefined);
  const code = field("code") ?? `http_${status}`;
  const said = (field("error") ?? toText(body)).trim().slice(0, LONGEST_MESSAGE);
  const Kind =
    KINDS[`${status} ${code}`] ??
    KINDS[status] ??
    (status < 400 ? SandboxError : status < 500 ? InvalidRequestError : ServerError);
  const details: Record<string, unknown> = {
    statusCode: status,
    body,
    requestId: requestIdOf(response),
    // A 4xx is a refusal, and so is a server that says it shuts down; any other 5xx may come after the work was done.
    admitted:
      (status >= 400 && status < 500 && status !== 408) || status === 501 || code === "shutting_down"
        ? false
        : "unknown",
    field: field("field"),
  };
  if (Kind === RateLimitError || Kind === ServerError)
    details.retryAfterMs = parseRetryAfter(headers.get("retry-after"), now);
  const message = `${what} failed with ${status}${said && `: ${said}`}`;
  if (Kind !== SandboxNotRunningError) return new Kind(message, { code, ...details });
  const exit_code = typeof fields.exit_code === "number" ? fields.exit_code : undefined;
  return notRunningError(message, { code, ...details }, { phase: field("phase"), reason: field("reason"), exit_code });
}

const toText = (data: unknown) => (typeof data === "string" ? data : (JSON.stringify(data) ?? ""));

/** What runtimes say when a connection was never made, so that nothing can have been taken. */
const NEVER_CONNECTED =
  /E?conn(ection)? ?refused|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH|CONNECT_TIMEOUT|FailedToOpenSocket|dns error|CERT_|_CERT/i;

/** Node hides the reason in `cause`, and several of them in `errors`; Bun has a code, Deno only a message. */
function cluesIn(error: unknown, depth = 0): string {
  if (typeof error !== "object" || error === null || depth > 4) return "";
  const { code, message, cause, errors, syscall } = error as Record<string, unknown>;
  // A connection that was there, and died of the same: what was sent may have arrived.
  if (syscall === "read" || syscall === "write") return "";
  const inner = [cause, ...(Array.isArray(errors) ? errors : [])].map((one) => cluesIn(one, depth + 1));
  return `${code} ${message} ${inner}`;
}

/** As an error of some HTTP library without its request, whose headers have the key: a log would show them. */
function withoutRequest(error: unknown): unknown {
  const { request, options, config, name, message, stack, code, cause } = (error ?? {}) as Record<string, unknown>;
  return request || options || config
    ? Object.assign(new Error(String(message), { cause: withoutRequest(cause) }), { name, stack, code })
    : error;
}

/** Turns whatever a `fetch` threw into one error, the same on every runtime. */
export function connectionFailure(error: unknown, what: string): SandboxError {
  const refused = NEVER_CONNECTED.exec(cluesIn(error))?.[0];
  const cause = withoutRequest(error);
  const details = { code: "connection_failed", admitted: refused ? false : "unknown", cause } as const;
  if ((error as Error | undefined)?.name === "TimeoutError")
    return new SandboxTimeoutError(`${what} timed out`, { ...details, code: "timeout" });
  const why = refused ? `could not connect (${refused})` : "the connection broke";
  return new ConnectionError(`${what} failed: ${why}`, details);
}

/** The failure of an answer that stopped before its end. */
export function brokenOff(cause: unknown, response: Response | undefined, what: string): SandboxError {
  return new ConnectionError(`${what} failed: the answer broke off`, {
    code: "connection_failed",
    statusCode: response?.status,
    requestId: response && requestIdOf(response),
    admitted: true,
    cause: withoutRequest(cause),
  });
}

/** The answer inside an error of a `fetch` that throws for a status (ky does), if there is one. */
export function answerIn(error: unknown): { response: Response; data: unknown } | undefined {
  const { response, data } = (error ?? {}) as { response?: Response; data?: unknown };
  return typeof response?.status === "number" ? { response, data } : undefined;
}
