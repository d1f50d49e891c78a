import fc from "fast-check";
import { expect, test } from "vitest";
import { addSorted, descending, newSortedList, rankWhere, removeSorted, sliceSorted } from "./sorted-list.ts";

const key = (n: number) => String(n).padStart(6, "0");

test("holds what a sorted set holds, however it grows and shrinks", () => {
  const step = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 3000 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 3000, size: "max" }), fc.nat(3000), fc.nat(3000), (steps, a, b) => {
      const list = newSortedList();
      const model = new Set<string>();
      for (const [add, n] of steps) {
        if (add) addSorted(list, key(n));
        else removeSorted(list, key(n));
        if (add) model.add(key(n));
        else model.delete(key(n));
      }
      const sorted = [...model].sort();
      expect(list.size).toBe(sorted.length);
      expect(sliceSorted(list, 0, list.size)).toEqual(sorted);
      expect(sliceSorted(list, a, b)).toEqual(sorted.slice(a, Math.max(a, b)));
      expect([...descending(list, a, Math.min(b, list.size))]).toEqual(sorted.slice(a, Math.max(a, b)).reverse());
      expect(rankWhere(list, (value) => value < key(a))).toBe(sorted.filter((value) => value < key(a)).length);
    }),
    { numRuns: 40, seed: 1 },
  );
});

test("chunks stay small, so that no change moves much", () => {
  const list = newSortedList();
  for (let i = 0; i < 20_000; i += 1) addSorted(list, key((i * 7919) % 20_011));
  expect(Math.max(...list.chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(512);
  expect(list.chunks.length).toBeLessThan(120);
});
