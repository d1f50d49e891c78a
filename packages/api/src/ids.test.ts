import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../test/harness.ts";
import { createIds, secureRandom } from "./ids.ts";

test("ids sort by creation whatever the clock does, and are DNS labels", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 42 }), { minLength: 1, maxLength: 50 }), (times) => {
      let now = 0;
      const ids = createIds(() => now, seededRandom(7));
      let last = { id: "", at: 0 };
      for (const time of times) {
        now = time;
        const next = ids.next("sbx");
        expect(next.id > last.id).toBe(true);
        expect(next.at).toBeGreaterThanOrEqual(last.at);
        expect(next.id).toMatch(/^sbx-[0-9a-z]{20}$/);
        last = next;
      }
    }),
    { seed: 1 },
  );
});

test("the same clock and randomness make the same ids", () => {
  const make = () => createIds(() => 5000, seededRandom(3)).next("vol").id;
  expect(make()).toBe(make());
});

test("a source that continues after an id makes only greater ones, at the same moment with the same randomness too", () => {
  const first = createIds(() => 5000, seededRandom(3));
  first.next("sbx");
  const last = first.next("vol").id;
  const second = createIds(() => 4000, seededRandom(3));
  second.continueAfter(last);
  expect(second.next("vol").id > last).toBe(true);
});

test("secure randomness lies from 0 up to 1", () => {
  for (let i = 0; i < 1000; i += 1) {
    const value = secureRandom();
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThan(1);
  }
});
