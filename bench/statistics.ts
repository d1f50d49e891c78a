// The few statistics a noisy machine calls for: medians of paired ratios, and how sure they are.

/** A ratio with the interval that holds it in 95 of 100 such measurements. */
export interface Estimate {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** A small seeded generator, so that the same measurements always give the same interval. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/**
 * The median of all ratios, with a bootstrap interval. `groups` holds one list of ratios a process: a process differs from
 * the next by more than chance (what was compiled when, where memory lies), so whole processes are drawn first and rounds
 * within them second. Otherwise many rounds in one lucky process would look like certainty.
 */
export function estimate(groups: readonly (readonly number[])[], resamples = 2000, seed = 1): Estimate {
  const random = seeded(seed);
  const draw = <T>(from: readonly T[]): T[] =>
    from.map(() => from[Math.floor(random() * from.length)]).filter((each): each is T => each !== undefined);
  const medians = Array.from({ length: resamples }, () => median(draw(groups).flatMap((group) => draw(group))));
  medians.sort((a, b) => a - b);
  const at = (share: number) => medians[Math.min(medians.length - 1, Math.floor(share * medians.length))] ?? Number.NaN;
  return { ratio: median(groups.flat()), low: at(0.025), high: at(0.975) };
}
