/** What is done with many sandboxes together has in common. */
import { invalidRequest } from "../errors/status-errors.ts";
import { Sandbox } from "../resources/sandbox.ts";
import type { Client } from "../transport/client.ts";
import type { CallOptions } from "../transport/scope.ts";

/** How many requests are under way at once. */
const AT_ONCE = 8;

/**
 * The handles of sandboxes that were given as handles or ids.
 * @throws {InvalidRequestError} naming the first that is neither.
 */
export function handlesOf(client: Client, given: readonly (Sandbox | string)[]): Sandbox[] {
  if (!Array.isArray(given)) throw invalidRequest("sandboxes", "must be an array of sandboxes or ids");
  return given.map((one: Sandbox | string, index) => {
    const id: unknown = typeof one === "string" ? one : one?.id;
    if (typeof id !== "string" || id === "") throw invalidRequest(`sandboxes[${index}]`, "must be a sandbox or an id");
    return typeof one === "string" ? new Sandbox(client, { id }) : one;
  });
}

/**
 * Works for each of many, some of them at once. What goes wrong in one ends the others too, by the signal that each is
 * given; so does the caller's.
 */
export async function forEachOf<T>(
  items: readonly T[],
  options: CallOptions | undefined,
  work: (item: T, options: CallOptions) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const signal = options?.signal;
  const onAbort = () => stop.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort);
  const left = items.values();
  const lane = async () => {
    for (const item of left) await work(item, { ...options, signal: stop.signal });
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, lane));
  } finally {
    stop.abort();
    signal?.removeEventListener("abort", onAbort);
  }
}
