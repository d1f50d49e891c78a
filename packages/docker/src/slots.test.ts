import { describe, expect, it } from "vitest";
import { createSlots } from "./slots.ts";

const calm = new AbortController().signal;

describe("slots", () => {
  it("lets no more in than there are, in the order of their coming", async () => {
    const slots = createSlots(2);
    const order: number[] = [];
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        slots.run(async () => {
          order.push(index);
          inside += 1;
          most = Math.max(most, inside);
          await new Promise((resolve) => setTimeout(resolve, 1));
          inside -= 1;
        }, calm),
      ),
    );
    expect(most).toBe(2);
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it("gives the place of one that gave up, or failed, to the next", async () => {
    const slots = createSlots(1);
    let finish = () => {};
    const first = slots.run(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
      calm,
    );
    const stop = new AbortController();
    const second = slots.run(async () => "never", stop.signal);
    const third = slots.run(() => Promise.reject(new Error("failed")), calm);
    const fourth = slots.run(async () => "fourth", calm);
    stop.abort(new Error("gave up"));
    await expect(second).rejects.toThrow("gave up");
    finish();
    await first;
    await expect(third).rejects.toThrow("failed");
    expect(await fourth).toBe("fourth");
    await expect(slots.run(async () => "late", stop.signal)).rejects.toThrow("gave up");
  });
});
