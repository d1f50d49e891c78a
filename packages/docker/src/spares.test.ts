import { createVirtualClock } from "@porter-sandbox/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calmMs, createSpares, patienceMs } from "./spares.ts";

const makingMs = 50;

function setUp(size: number) {
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
  const spares = createSpares({ size, clock, make });
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
  return { clock, begun, failures, spares, coming, visit };
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
