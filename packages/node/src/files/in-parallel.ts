import { InvalidRequestError, SandboxTimeoutError } from "@porter-sandbox/core";

interface Bounds {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

/**
 * Does `work` on each item, a few at a time, within one time and one signal. The first failure ends the others, which are
 * waited for, so that nothing goes on behind the caller's back.
 */
export async function inParallel<T>(
  items: readonly T[],
  concurrency: number,
  { signal, timeoutMs }: Bounds,
  work: (item: T, options: Bounds) => Promise<unknown>,
): Promise<void> {
  if (!(Number.isInteger(concurrency) && concurrency >= 1))
    throw new InvalidRequestError(`concurrency: must be a whole number of at least 1 (got ${String(concurrency)})`, {
      code: "invalid_request",
      field: "concurrency",
    });
  const abort = new AbortController();
  const onAbort = () => abort.abort(signal?.reason);
  if (signal?.aborted) throw signal.reason;
  signal?.addEventListener("abort", onAbort, { once: true });
  const deadline = Date.now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
  const left = [...items].reverse();
  let failure: { reason: unknown } | undefined;
  const lane = async () => {
    for (let item = left.pop(); item !== undefined && !failure; item = left.pop()) {
      const remaining = deadline - Date.now();
      try {
        if (abort.signal.aborted) throw abort.signal.reason;
        if (remaining <= 0)
          throw new SandboxTimeoutError(`The transfer took longer than ${timeoutMs} ms`, { code: "timeout" });
        await work(item, { signal: abort.signal, ...(timeoutMs !== undefined && { timeoutMs: remaining }) });
      } catch (reason) {
        failure ??= { reason };
        abort.abort(reason);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, lane));
  signal?.removeEventListener("abort", onAbort);
  if (failure) throw failure.reason;
}
