import { createVirtualClock } from "@porter-sandbox/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calmMs, createSpares, memoryMs, patienceMs } from "./spares.ts";

const makingMs = 50;

function setUp(least: number, most = least) {
  const clock = createVirtualClock({ start: 0 });
  /** When each was begun, and how many were on the way then. */
  const begun: { at: number; awaited: number }[] = [];
  const failures: Error[] = [];
  let awaited = 0;
  const make = () => {
    begun.push({ at: clock.now(), awaited });
    const number = begun.length;
    const failure = failures.shift();
    return new Promise<number>((resolve, reject) => {
      clock.schedule(() => (failure === undefined ? resolve(number) : reject(failure)), makingMs);
    });
  };
  const dropped: number[] = [];
  const spares = createSpares({ least, most, clock, make, drop: (one) => dropped.push(one) });
  const coming = () => {
    awaited += 1;
    const here = spares.coming();
    return () => {
      awaited -= 1;
      here();
    };
  };
  /** One that comes, takes what there is, and goes after a while. */
  const visit = async (ms: number) => {
    const here = coming();
    const got = await spares.take()?.catch(() => undefined);
    clock.schedule(here, ms);
    return got;
  };
  /** So many at once, which are over when the answer comes. Answers how many found one. */
  const visits = async (count: number) => {
    const got = await Promise.all(Array.from({ length: count }, () => visit(0)));
    await clock.advance(0);
    return got.filter((one) => one !== undefined).length;
  };
  return { clock, begun, failures, dropped, spares, coming, visit, visits };
}

const longEnough = (size: number) => calmMs + size * makingMs;

describe("spares", () => {
  it("are not made before one is asked for, whoever comes and goes", async () => {
    const { clock, begun, coming } = setUp(2);
    coming()();
    await clock.advance(60_000);
    expect(begun).toEqual([]);
  });

  it("that fit a burst are all that it takes: not one is made before it is over", async () => {
    const { clock, begun, visit } = setUp(20);
    await visit(0);
    await clock.advance(longEnough(20));
    expect(begun).toHaveLength(20);
    const burst = Array.from({ length: 20 }, (_, index) => visit(10 * index));
    expect((await Promise.all(burst)).sort()).toEqual(Array.from({ length: 20 }, (_, index) => index + 1).sort());
    await clock.advance(10 * 19 + calmMs - 1);
    expect(begun).toHaveLength(20);
    await clock.advance(longEnough(20));
    expect(begun).toHaveLength(40);
  });

  it("are made while others come and go without end, some time after they are missing", async () => {
    const { clock, begun, visit } = setUp(2);
    for (let at = 0; at < patienceMs + 1_000; at += calmMs / 2) {
      // Always one on the way, which takes nothing after the first.
      if (at === 0) void visit(100_000);
      await clock.advance(calmMs / 2);
    }
    expect(begun.map(({ at }) => at)).toEqual([patienceMs, patienceMs + makingMs]);
  });

  it("are as many as the last burst took, between least and most", async () => {
    const { clock, begun, visits } = setUp(2, 20);
    expect(await visits(1)).toBe(0);
    await clock.advance(longEnough(20));
    expect(begun).toHaveLength(2);
    expect(await visits(7)).toBe(2);
    await clock.advance(longEnough(20));
    expect(await visits(30)).toBe(7);
    await clock.advance(longEnough(20));
    expect(await visits(30)).toBe(20);
    await clock.advance(longEnough(20));
    // Those that come one after the other are no burst.
    for (let round = 0; round < 5; round += 1) {
      expect(await visits(1)).toBe(1);
      await clock.advance(longEnough(1));
    }
    expect(begun).toHaveLength(2 + 7 + 20 + 20 + 5);
  });

  it("are as many as a burst took that went on while they were made anew, and no more for the next", async () => {
    const { clock, begun, coming, visit, visits } = setUp(1, 20);
    const here = coming();
    for (let round = 0; round < 3; round += 1) void visit(0);
    await clock.advance(patienceMs + longEnough(3));
    expect(begun).toHaveLength(3);
    here();
    await clock.advance(calmMs);
    await visits(2);
    await clock.advance(longEnough(20));
    expect(begun).toHaveLength(3 + 2);
  });

  it("are fewer again when no such burst came for a while, and those that are too many are dropped", async () => {
    const { clock, dropped, spares, visits } = setUp(2, 20);
    await visits(9);
    await clock.advance(memoryMs);
    expect(dropped).toEqual([]);
    await visits(4);
    await clock.advance(memoryMs);
    // The burst of nine is forgotten, that of four is not.
    expect(dropped).toHaveLength(5);
    await clock.advance(memoryMs);
    expect(dropped).toHaveLength(7);
    expect(await spares.close()).toHaveLength(2);
    expect(clock.pending()).toBe(0);
  });

  it("that cannot be made are tried again for the next who comes, and not before", async () => {
    const { clock, begun, failures, visit, spares } = setUp(2);
    failures.push(new Error("no"));
    await visit(0);
    await clock.advance(60_000);
    expect(begun).toHaveLength(1);
    expect(await visit(0)).toBeUndefined();
    await clock.advance(60_000);
    expect(begun).toHaveLength(3);
    expect(await spares.close()).toEqual([2, 3]);
  });

  it("are handed out at the end, the one in the making too, and no more are made", async () => {
    const { clock, begun, visit, spares } = setUp(3);
    await visit(0);
    await clock.advance(calmMs + makingMs + 1);
    const closing = spares.close();
    await clock.advance(60_000);
    expect(await closing).toEqual([1, 2]);
    expect(begun).toHaveLength(2);
    expect(await visit(0)).toBeUndefined();
    await clock.advance(60_000);
    expect([begun.length, clock.pending()]).toEqual([2, 0]);
  });

  it("whoever comes when, are made in their time, and stand in the end", { timeout: 60_000 }, async () => {
    const visits = fc.array(
      fc.record({ after: fc.integer({ min: 0, max: 300 }), stays: fc.integer({ min: 0, max: 2 * patienceMs }) }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), visits, async (size, visits) => {
        const { clock, begun, spares, visit } = setUp(size);
        /** Times at which one went, or was to be taken. */
        const gone: number[] = [];
        let taken = 0;
        for (const { after, stays } of visits) {
          await clock.advance(after);
          const from = clock.now();
          void visit(stays).then((got) => {
            if (got !== undefined) taken += 1;
          });
          gone.push(from + stays);
        }
        const last = Math.max(...gone, clock.now());
        await clock.advance(last - clock.now() + longEnough(size) + makingMs);
        expect(begun).toHaveLength(taken + size);
        // Whatever is made while somebody is on the way waited for its time.
        for (const { at, awaited } of begun) if (awaited > 0) expect(at).toBeGreaterThanOrEqual(patienceMs);
        expect(await spares.close()).toHaveLength(size);
        expect(clock.pending()).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
