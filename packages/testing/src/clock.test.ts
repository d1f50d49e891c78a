import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createVirtualClock } from "./clock.ts";

describe("a clock that stands still", () => {
  it("moves only when it is told to", async () => {
    const clock = createVirtualClock({ start: new Date("2030-01-01T00:00:00Z") });
    const start = clock.now();
    expect(start).toBe(Date.UTC(2030, 0, 1));
    await clock.advance(1500);
    expect(clock.now()).toBe(start + 1500);
  });

  it("runs what falls due in the order of its time, each at its own time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 40 }), async (delays) => {
        const clock = createVirtualClock({ start: 0 });
        const ran: { index: number; at: number }[] = [];
        for (const [index, ms] of delays.entries()) clock.schedule(() => ran.push({ index, at: clock.now() }), ms);
        await clock.advance(50);
        const expected = delays.map((at, index) => ({ index, at })).sort((a, b) => a.at - b.at || a.index - b.index);
        expect(ran).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  it("lets each step run to its end before the next one", async () => {
    const clock = createVirtualClock({ start: 0 });
    const seen: string[] = [];
    const step = async (name: string) => {
      seen.push(`${name} starts at ${clock.now()}`);
      for (let i = 0; i < 20; i++) await Promise.resolve();
      seen.push(`${name} ends at ${clock.now()}`);
    };
    clock.schedule(() => void step("b"), 20);
    clock.schedule(() => void step("a"), 10);
    await clock.advance(100);
    expect(seen).toEqual(["a starts at 10", "a ends at 10", "b starts at 20", "b ends at 20"]);
  });

  it("runs what a step schedules, when that falls due on the way too", async () => {
    const clock = createVirtualClock({ start: 0 });
    const ticks: number[] = [];
    const tick = () => {
      ticks.push(clock.now());
      clock.schedule(tick, 10);
    };
    clock.schedule(tick, 10);
    await clock.advance(35);
    expect(ticks).toEqual([10, 20, 30]);
    expect(clock.pending()).toBe(1);
  });

  it("does not run what was cancelled, however often", async () => {
    const clock = createVirtualClock({ start: 0 });
    let ran = 0;
    const cancels = Array.from({ length: 200 }, (_, i) => clock.schedule(() => ran++, i % 7));
    for (const cancel of cancels.slice(1)) cancel();
    cancels[5]?.();
    expect(clock.pending()).toBe(1);
    await clock.advance(10);
    cancels[0]?.();
    expect(ran).toBe(1);
  });

  it("queues moves up behind each other", async () => {
    const clock = createVirtualClock({ start: 0 });
    await Promise.all([clock.advance(10), clock.advance(20)]);
    expect(clock.now()).toBe(30);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("refuses to move by %s", async (ms) => {
    await expect(createVirtualClock({ start: 0 }).advance(ms)).rejects.toThrow(/ms: must be a finite number/);
  });
});

describe("a clock that runs along", () => {
  it("runs what falls due by itself, and what is moved past at once", async () => {
    const clock = createVirtualClock();
    const soon = new Promise<string>((resolve) => clock.schedule(() => resolve("by itself"), 5));
    expect(await soon).toBe("by itself");
    let ran = false;
    clock.schedule(() => {
      ran = true;
    }, 3_600_000);
    const before = clock.now();
    await clock.advance(3_600_000);
    expect(ran).toBe(true);
    expect(clock.now() - before).toBeGreaterThanOrEqual(3_600_000);
    clock.close();
  });

  it("runs by itself what a move has brought near", async () => {
    const clock = createVirtualClock();
    const ran = new Promise<void>((resolve) => clock.schedule(resolve, 60_000));
    await clock.advance(59_990);
    await ran;
    clock.close();
  });
});
