import { Porter as EdgePorter, type FetchLike, type PorterOptions, SandboxError } from "@porter-sandbox/edge";

/**
 * The client, configured by its options and by `process.env`.
 *
 * @example
 * ```ts
 * const porter = new Porter();
 * const sandbox = await porter.sandboxes.create({ image: "python:3.12-slim" });
 * ```
 */
export class Porter extends EdgePorter {
  /** @throws {ConfigurationError} when nothing says where the API is, or an option is not what it must be */
  constructor(options: PorterOptions = {}) {
    super(options, { fetch: nodeFetch() });
  }
}

/**
 * The global `fetch`, found at each call. For a redirect that may come it keeps a copy of what it sends: every byte of a
 * stream, though a stream cannot be sent twice, and else a share of the request's time. Told that none may come, it keeps
 * nothing, and an upload of any size stays in bounded memory. When one does come, what may be sent twice is sent again,
 * to be redirected, and so is all that follows at once; a POST without a key may not, and goes as ever.
 */
function nodeFetch(): FetchLike {
  let redirected = false;
  return async (url, given) => {
    const { method, headers = {} } = given;
    const isStream = "duplex" in given;
    const isRepeatable = method !== "POST" || "idempotency-key" in headers;
    const follows = !isStream && (redirected || !isRepeatable);
    const init = { ...given, redirect: follows ? "follow" : "error", dispatcher: unhurried } as RequestInit;
    try {
      return await globalThis.fetch(url, init);
    } catch (error) {
      if (!isRedirect(error)) throw error;
      if (isStream)
        throw new SandboxError(
          `${method} ${url.replace(/\?.*/, "")} was redirected, and a stream cannot be sent twice: give bytes, or the baseUrl that it leads to`,
          { code: "stream_redirected" },
        );
      redirected = true;
      return globalThis.fetch(url, { ...init, redirect: "follow" });
    }
  };
}

/** undici's words for a redirect that it was told not to follow. */
const isRedirect = (error: unknown) =>
  (error as { cause?: { message?: unknown } } | undefined)?.cause?.message === "unexpected redirect";

interface Dispatcher {
  readonly isMockActive?: boolean;
  dispatch(options: object, handler: object): boolean;
}

/** undici's own places for what carries requests, by the version of its interface; its `fetch` fills them. */
const FIRST = Symbol.for("undici.globalDispatcher.1");
const SECOND = Symbol.for("undici.globalDispatcher.2");
const global = globalThis as unknown as Record<symbol, Dispatcher>;

/**
 * Whatever carries this process's requests (undici's own agent, or an application's: a proxy, a mock), without its limits
 * on silence: five minutes, after which a command that still runs would count as a broken connection. The client has
 * limits of its own.
 */
const unhurried: Dispatcher = {
  get isMockActive() {
    return (global[SECOND] ?? global[FIRST])?.isMockActive ?? false;
  },
  dispatch(options, handler) {
    const carrier = global["onRequestStart" in handler ? SECOND : FIRST] as Dispatcher;
    return carrier.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler);
  },
};
