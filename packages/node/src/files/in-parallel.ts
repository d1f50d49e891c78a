/**
 * Does `work` on each item, a few at a time, and heeds one signal. The first failure ends the others, which are
 * waited for, so that nothing goes on behind the caller's back.
 */
export async function inParallel<T>(
  items: readonly T[],
  concurrency: number,
  signal: AbortSignal,
  work: (item: T, options: { signal: AbortSignal }) => Promise<unknown>,
): Promise<void> {
  const abort = new AbortController();
  const onAbort = () => abort.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort, { once: true });
  const left = [...items].reverse();
  let failure: { reason: unknown } | undefined;
  const lane = async () => {
    for (let item = left.pop(); item !== undefined && !failure; item = left.pop()) {
      try {
        abort.signal.throwIfAborted();
        await work(item, { signal: abort.signal });
      } catch (reason) {
        failure ??= { reason };
        abort.abort(reason);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, lane));
  signal.removeEventListener("abort", onAbort);
  if (failure) throw failure.reason;
}
