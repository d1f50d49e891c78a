/** The body of a request, as it comes. */
import { brokenOff, invalid } from "./errors.ts";

export interface Incoming {
  /** The next bytes; undefined at the end. Rejects with a refusal when there is none because it broke off. */
  next(): Promise<Uint8Array | undefined>;
  /** Reads no more of it, which lets go of who sends it; nothing happens to one that was read to its end. */
  stop(reason?: unknown): void;
}

/** In one process nothing but `signal` breaks the body of a caller who went away: it would be waited for without an end. */
export function readIncoming(body: ReadableStream<Uint8Array>, signal: AbortSignal): Incoming {
  const reader = body.getReader();
  let stopped = false;
  const stop = (reason?: unknown) => {
    stopped = true;
    signal.removeEventListener("abort", giveUp);
    reader.cancel(reason).catch(() => {});
  };
  const giveUp = () => stop(signal.reason);
  if (signal.aborted) giveUp();
  else signal.addEventListener("abort", giveUp, { once: true });
  return {
    async next() {
      const { done, value } = await reader.read().catch(() => {
        throw brokenOff();
      });
      // A reader that was cancelled reads an end that is none.
      if (stopped) throw brokenOff();
      if (done) return undefined;
      // A body that never went over a wire can be a stream of anything.
      if (!ArrayBuffer.isView(value)) throw invalid("body", "body: must be bytes");
      return value;
    },
    stop,
  };
}
