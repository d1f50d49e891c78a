import fc from "fast-check";
import { expect, test } from "vitest";
import { createManualClock } from "../test/manual-clock.ts";
import { createAgenda } from "./agenda.ts";

test("runs everything in the order in which it is due, with one timer at a time", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 40 }), async (delays) => {
      const clock = createManualClock(0);
      const ran: number[] = [];
      const agenda = createAgenda(clock, async () => {
        ran.push(clock.now());
      });
      for (const [i, delay] of delays.entries()) agenda.add(delay, "expire", String(i));
      expect(clock.pending).toBeLessThanOrEqual(1);
      await clock.advance(100);
      expect(ran).toEqual([...delays].sort((a, b) => a - b));
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 30, seed: 1 },
  );
});

test("what is due runs on request, where timers were lost", async () => {
  const clock = createManualClock(0);
  const ran: string[] = [];
  const agenda = createAgenda(clock, async (_, id) => {
    ran.push(id);
  });
  agenda.add(10, "expire", "a");
  agenda.add(30, "expire", "b");
  clock.jump(20);
  await agenda.runDue();
  expect(ran).toEqual(["a"]);
  expect(agenda.runDue()).toBeUndefined();
});

test("a closed agenda runs nothing and leaves no timer", async () => {
  const clock = createManualClock(0);
  const ran: string[] = [];
  const agenda = createAgenda(clock, async (_, id) => {
    ran.push(id);
  });
  agenda.add(10, "expire", "a");
  agenda.close();
  agenda.add(10, "expire", "b");
  await clock.advance(100);
  expect(ran).toEqual([]);
  expect(clock.pending).toBe(0);
});
