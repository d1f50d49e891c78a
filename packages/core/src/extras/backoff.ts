/** The longest wait while the server asks for fewer requests. */
const LONGEST_THROTTLED_MS = 30_000;

/**
 * The waits between questions that are asked again and again: longer each time, up to a bound, with some jitter so that
 * many clients do not ask in step. (A request that failed is repeated by other waits: `transport/retry.ts`.)
 */
export function createBackoff(random: () => number, firstMs: number, longestMs: number) {
  let wait = firstMs;
  let longest = longestMs;
  return {
    /** Milliseconds until the next question. */
    next(): number {
      const ms = wait * (0.75 + random() / 2);
      wait = Math.min(wait * 1.6, longest);
      return ms;
    },
    /** There was news, and there may well be more. */
    restart(): void {
      wait = firstMs;
    },
    /** The server asks for fewer requests: the bound grows, and the next wait is as long. */
    slower(): void {
      longest = Math.min(longest * 2, LONGEST_THROTTLED_MS);
      wait = longest;
    },
  };
}
