/** What bounds the server, beside the bounds of the API itself (`createSandboxApi({ limits })`: bodies and files). */
export interface ServeLimits {
  /** How long the headers of a request may take, and a TLS handshake before them, in milliseconds. Default 10 seconds. */
  readonly headersMs: number;
  /** How long a whole request may take to arrive, its body included, in milliseconds. Default 15 minutes. */
  readonly requestMs: number;
  /** How long a connection may be idle between requests, in milliseconds. Default 65 seconds. */
  readonly idleMs: number;
  /** Connections at once; more are refused. Default 10,000. */
  readonly connections: number;
  /** How long `close` waits for what is under way before it cuts it, in milliseconds. Default 10 seconds. */
  readonly drainMs: number;
}

/** The bounds that hold where `limits` says nothing else. */
export const defaultServeLimits: ServeLimits = {
  headersMs: 10_000,
  requestMs: 15 * 60_000,
  idleMs: 65_000,
  connections: 10_000,
  drainMs: 10_000,
};

/** The defaults with the changes that are given. Throws a TypeError that names a bound that is no bound. */
export function resolveServeLimits(
  changes: { readonly [K in keyof ServeLimits]?: ServeLimits[K] | undefined } = {},
): ServeLimits {
  const limits: Record<string, number> = { ...defaultServeLimits };
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(defaultServeLimits, name)) throw new TypeError(`limits.${name}: is not a limit`);
    if (value === undefined) continue;
    const least = name === "drainMs" ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least || value > 0x7fffffff) {
      throw new TypeError(`limits.${name}: must be a whole number from ${least} to 2147483647 (got ${String(value)})`);
    }
    limits[name] = value;
  }
  return limits as unknown as ServeLimits;
}
