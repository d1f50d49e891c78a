import { Porter } from "@porter-sandbox/core";
import { expect, test } from "vitest";
import { publishedFake } from "./fake-targets.ts";
import { runContract } from "./run.ts";
import type { FetchLike } from "./target.ts";

test("a case that takes too long has ended and cleaned up before another begins", async () => {
  const { target, close } = publishedFake();
  const left: unknown[] = [];
  let [slow, underway] = [true, 0];
  const fetch: FetchLike = async (input, init) => {
    underway += 1;
    if (slow) await new Promise((resolve) => setTimeout(resolve, 200));
    return target.fetch(input, init).finally(() => {
      underway -= 1;
    });
  };
  const results = await runContract(
    { ...target, fetch },
    {
      Porter,
      caseTimeoutMs: 100,
      only: (name) => name.startsWith("ttl: "),
      onResult() {
        left.push(underway);
        slow = false;
      },
    },
  );
  expect(results[0]).toMatchObject({ outcome: "failed", reason: expect.stringContaining("more than 100 ms") });
  expect(left).toEqual(results.map(() => 0));
  expect((await target.control?.leaks())?.sandboxes).toEqual([]);
  await close();
});
