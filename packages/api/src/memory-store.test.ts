import { expect, test } from "vitest";
import { describeStore, record } from "../test/store-contract.ts";
import { createMemoryStore } from "./memory-store.ts";

describeStore("the memory store", { open: createMemoryStore });

test("a create and a tag-filtered page cost the same however many sandboxes exist", async () => {
  // Counts what is looked at, since times depend on the machine: every record read is a look-up in the store's map.
  const looked = async (size: number): Promise<number> => {
    const store = createMemoryStore();
    for (let n = 0; n < size; n += 1) await store.insertSandbox(record(n, { tags: { half: String(n % 2) } }));
    const get = Map.prototype.get;
    let count = 0;
    Map.prototype.get = function (this: Map<unknown, unknown>, key: unknown) {
      count += 1;
      return get.call(this, key);
    };
    try {
      await store.insertSandbox(record(size, { tags: { half: "0" } }));
      const page = await store.pageSandboxes({ tags: [["half", "0"]] }, { offset: Math.floor(size / 4), limit: 50 });
      if (page.total !== Math.ceil(size / 2) + 1 - (size % 2)) throw new Error(`wrong total ${page.total} of ${size}`);
    } finally {
      Map.prototype.get = get;
    }
    return count;
  };
  const [small, large] = [await looked(1000), await looked(20_000)];
  expect(large).toBeLessThanOrEqual(small + 5);
});
