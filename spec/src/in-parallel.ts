/**
 * Does `work` on each item, at most `concurrency` of them at a time. What goes wrong in one ends the others, by the signal
 * that each is given, and so does `signal`; all that began are waited for, so that nothing goes on behind the caller's back.
 * Rejects with the first failure, or with the signal's reason.
 */
export async function inParallel<T>(
  items: readonly T[],
  concurrency: number,
  signal: AbortSignal | null | undefined,
  work: (item: T, options: { signal: AbortSignal }) => Promise<unknown>,
): Promise<void> {
  const abort = new AbortController();
  const onAbort = () => abort.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const left = items.values();
  let failure: { reason: unknown } | undefined;
  const lane = async () => {
    for (const item of left) {
      try {
        abort.signal.throwIfAborted();
        await work(item, { signal: abort.signal });
      } catch (reason) {
        failure ??= { reason };
        abort.abort(reason);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, lane));
  signal?.removeEventListener("abort", onAbort);
  if (failure) throw failure.reason;
}
