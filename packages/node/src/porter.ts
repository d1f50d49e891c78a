import { Porter as EdgePorter, type FetchLike, type PorterOptions } from "@porter-sandbox/edge";

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
    super(options, { fetch: nodeFetch });
  }
}

/**
 * The global `fetch`, found at each call. For a redirect that may come it keeps a copy of every byte of a stream that it
 * sends, though a stream cannot be sent twice; told that none may come, it keeps nothing, and an upload of any size
 * stays in bounded memory.
 */
const nodeFetch: FetchLike = (url, init) =>
  globalThis.fetch(url, "duplex" in init ? { ...init, redirect: "error" } : init);
