import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSandboxQueue, type SandboxSize, sizeOf } from "./queue.ts";

const calm = new AbortController().signal;
const memory = (memory_bytes: number): SandboxSize => ({ cpu_cores: 0, memory_bytes });
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("starts", () => {
  test("no more are under way than there may be, in the order of their coming", async () => {
    const queue = createSandboxQueue({ starts: 2 });
    const order: number[] = [];
    let [inside, most] = [0, 0];
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const started = await queue.enter(String(index), memory(1), calm);
        order.push(index);
        inside += 1;
        most = Math.max(most, inside);
        await settle();
        inside -= 1;
        started();
        started();
      }),
    );
    expect(most).toBe(2);
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  test("one that has its promise waits only for its turn", async () => {
    const queue = createSandboxQueue({ starts: 1, memory_bytes: 10 });
    const started = await queue.enter("a", memory(10), calm);
    started();
    // It went away to fetch its image.
    (await queue.enter("a", memory(10), calm))();
    queue.release("a");
    expect(queue.tryHold("b", memory(10))).toBe(true);
  });
});

describe("promises", () => {
  test("what does not fit waits, and what came later waits behind it", async () => {
    const queue = createSandboxQueue({ memory_bytes: 10 });
    const order: string[] = [];
    const enter = (id: string, size: number) => queue.enter(id, memory(size), calm).then(() => void order.push(id));
    void enter("a", 8);
    void enter("b", 8);
    void enter("c", 1);
    await settle();
    expect(order).toEqual(["a"]);
    expect(queue.short).toBe(true);
    queue.release("a");
    await settle();
    expect(order).toEqual(["a", "b", "c"]);
    expect(queue.short).toBe(false);
  });

  test("one that gives up holds nothing and lets those behind it through", async () => {
    const queue = createSandboxQueue({ memory_bytes: 10 });
    await queue.enter("a", memory(8), calm);
    const stop = new AbortController();
    const gone = queue.enter("b", memory(8), stop.signal);
    const behind = queue.enter("c", memory(1), calm);
    stop.abort(new Error("gave up"));
    await expect(gone).rejects.toThrow("gave up");
    await behind;
    await expect(queue.enter("d", memory(1), stop.signal)).rejects.toThrow("gave up");
    queue.release("a");
    expect(queue.tryHold("e", memory(9))).toBe(true);
  });

  test("one promise can take another's place, but not past those who wait", async () => {
    const queue = createSandboxQueue({ memory_bytes: 10 });
    queue.hold("spare", memory(6));
    expect(queue.tryHold("a", memory(11), "spare")).toBe(false);
    expect(queue.tryHold("a", memory(10), "spare")).toBe(true);
    expect(queue.tryHold("b", memory(1))).toBe(false);
    void queue.enter("c", memory(5), calm);
    expect(queue.tryHold("d", memory(1), "a")).toBe(false);
  });

  test("those who hold what they can spare are told of a shortage, and of room", async () => {
    const queue = createSandboxQueue({ cpu_cores: 2 });
    const told: string[] = [];
    queue.onShortage(() => {
      told.push("shortage");
      queue.release("spare");
    });
    queue.onRoom(() => told.push("room"));
    queue.hold("spare", { cpu_cores: 1, memory_bytes: 0 });
    await queue.enter("a", { cpu_cores: 2, memory_bytes: 0 }, calm);
    expect(told).toEqual(["shortage", "room"]);
    queue.release("a");
    expect(told).toEqual(["shortage", "room", "room"]);
  });

  test("what could never fit is refused by the name of its field", async () => {
    const queue = createSandboxQueue({ cpu_cores: 2, memory_bytes: 10 });
    expect(queue.refusal(memory(10))).toBeUndefined();
    expect(queue.refusal(memory(11))).toMatchObject({ field: "resources.memory" });
    expect(queue.refusal({ cpu_cores: 2.5, memory_bytes: 1 })).toMatchObject({ field: "resources.cpu" });
    await expect(queue.enter("a", memory(11), calm)).rejects.toMatchObject({ code: "unsupported" });
    expect(sizeOf({ cpu_cores: 1 }, { cpu_cores: 3, memory_bytes: 4 })).toEqual({ cpu_cores: 1, memory_bytes: 4 });
  });

  test("never go beyond what there is, and are all kept in the end", async () => {
    const size = fc.integer({ min: 1, max: 10 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(size, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 4 }),
        async (sizes, starts) => {
          const queue = createSandboxQueue({ memory_bytes: 10, starts });
          let promised = 0;
          const order: number[] = [];
          await Promise.all(
            sizes.map(async (each, index) => {
              const started = await queue.enter(String(index), memory(each), calm);
              order.push(index);
              promised += each;
              expect(promised).toBeLessThanOrEqual(10);
              await Promise.resolve();
              started();
              promised -= each;
              queue.release(String(index));
            }),
          );
          expect(order).toEqual(sizes.map((_, index) => index));
          expect(queue.short).toBe(false);
        },
      ),
      { numRuns: 100 },
    );
  });
});

test.each([{ memory_bytes: 0 }, { cpu_cores: Number.NaN }, { starts: -1 }])("%j is refused", (options) => {
  expect(() => createSandboxQueue(options)).toThrow(/must be a number greater than 0/);
});
