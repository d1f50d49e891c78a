import { describe, expect, it } from "vitest";
import { inParallel } from "./in-parallel.ts";

const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

describe("many in parallel", () => {
  it("are begun in their order, so many at a time, each once", async () => {
    const begun: number[] = [];
    let [now, most] = [0, 0];
    await inParallel([1, 2, 3, 4, 5], 2, undefined, async (item) => {
      begun.push(item);
      now += 1;
      most = Math.max(most, now);
      await Promise.resolve();
      now -= 1;
    });
    expect([begun, most]).toEqual([[1, 2, 3, 4, 5], 2]);
  });

  it("end with the first that fails, when all that began have ended", async () => {
    const reason = new Error("mine");
    const ended: number[] = [];
    const all = inParallel([1, 2, 3], 2, null, async (item, { signal }) => {
      try {
        if (item === 2) throw reason;
        await aborted(signal);
      } finally {
        ended.push(item);
      }
    });
    await expect(all).rejects.toBe(reason);
    expect(ended.sort()).toEqual([1, 2]);
  });

  it("end with the caller's signal, and none begins once it has aborted", async () => {
    const reason = new Error("enough");
    const caller = new AbortController();
    const all = inParallel([1, 2, 3], 2, caller.signal, (_, { signal }) => aborted(signal));
    caller.abort(reason);
    await expect(all).rejects.toBe(reason);
    const begun: number[] = [];
    await expect(inParallel([1], 1, caller.signal, async (item) => begun.push(item))).rejects.toBe(reason);
    expect(begun).toEqual([]);
    await inParallel([], 1, caller.signal, () => Promise.reject(reason));
  });
});
