import { describe, expect, it } from "vitest";
import { estimate, median, seeded } from "./statistics.ts";

describe("median", () => {
  it("is the middle value, or the mean of the two middle ones", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it("is not a number when there is nothing to measure", () => {
    expect(median([])).toBeNaN();
  });
});

/** Rounds around a true ratio, with noise of each process and of each round. */
function measurements(truth: number, seed: number): number[][] {
  const random = seeded(seed);
  return Array.from({ length: 5 }, () => {
    const process = truth + (random() - 0.5) * 0.02;
    return Array.from({ length: 20 }, () => process + (random() - 0.5) * 0.2);
  });
}

describe("estimate", () => {
  it("gives the same interval for the same measurements", () => {
    expect(estimate(measurements(0.97, 7))).toEqual(estimate(measurements(0.97, 7)));
  });

  it("holds the true ratio in about 95 of 100 experiments", () => {
    const held = Array.from({ length: 60 }, (_, seed) => estimate(measurements(0.97, seed + 1), 200)).filter(
      ({ low, high }) => low <= 0.97 && 0.97 <= high,
    );
    expect(held.length).toBeGreaterThan(50);
  });

  it("is wider when processes disagree than when only rounds do", () => {
    const width = ({ low, high }: { low: number; high: number }) => high - low;
    const rounds = [0.9, 0.95, 1, 1.05, 1.1];
    const agree = estimate(Array.from({ length: 4 }, () => rounds));
    const disagree = estimate([0.8, 0.9, 1.1, 1.2].map((shift) => rounds.map((ratio) => ratio - 1 + shift)));
    expect(width(disagree)).toBeGreaterThan(width(agree));
  });
});
