import { isSandboxError, Porter } from "@porter-sandbox/core";
import { expect, test } from "vitest";
import type { Fault } from "./control.ts";
import { createFakeSandboxApi } from "./fake.ts";

const FAULTS: readonly Fault[] = [
  { kind: "status", status: 503, commit: true },
  { kind: "status", status: 500, commit: false },
  { kind: "status", status: 502, commit: true },
  { kind: "reset", commit: true },
  { kind: "reset", commit: false },
  { kind: "cut_body", after_bytes: 5 },
];

/** A fake, a client of it that does not wait before it asks again, and what makes one request in four of an operation fail. */
function failing(operation: "createSandbox" | "execSandbox") {
  const fake = createFakeSandboxApi({ seed: 7, start: 0 });
  const clock = {
    now: () => 0,
    schedule(callback: () => void) {
      queueMicrotask(callback);
      return () => {};
    },
  };
  const porter = new Porter({ fetch: fake.fetch, clock, maxRetries: 30, timeoutMs: Number.POSITIVE_INFINITY });
  const fail = async () => {
    for (const fault of FAULTS) await fake.control.inject({ operation, times: "always", probability: 0.055, fault });
  };
  return { fake, porter, fail };
}

test("10,000 creates through a failing server make exactly 10,000 sandboxes, each with what was asked for", async () => {
  const { fake, porter, fail } = failing("createSandbox");
  // Known before anything fails: whether a create may be sent again.
  await porter.sandboxes.create({ image: "busybox:1", name: "first" });
  await fail();
  const made = new Map<string, string | null>();
  const lost: unknown[] = [];
  const lane = async (from: number) => {
    for (let number = from; number < 10_000; number += 20) {
      const name = `once-${number}`;
      await porter.sandboxes.create({ image: "busybox:1", name }).then(
        (sandbox) => made.set(sandbox.id, sandbox.name),
        (error) => lost.push(error),
      );
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, from) => lane(from)));
  await fake.control.clearFaults();

  const there = new Map<string, string | null>();
  for await (const sandbox of porter.sandboxes.iterate()) there.set(sandbox.id, sandbox.name);
  expect(lost).toEqual([]);
  expect(there.size).toBe(10_001);
  expect(new Set(there.values()).size).toBe(10_001);
  expect([...made].filter(([id, name]) => there.get(id) !== name)).toEqual([]);
  expect(made.size).toBe(10_000);
  await fake.close();
}, 120_000);

test("no command runs twice, and one whose answer was lost is never said not to have run", async () => {
  const { fake, porter, fail } = failing("execSandbox");
  const ran = new Map<string, number>();
  fake.commands.on(/^count /, ({ command }) => {
    const which = command[1] ?? "";
    ran.set(which, (ran.get(which) ?? 0) + 1);
    return { stdout: which };
  });
  const sandbox = await porter.sandboxes.create({ image: "busybox:1" });
  await fake.clock.advance(60_000);
  await fail();
  const told = { answered: 0, unknown: 0, refused: 0 };
  for (let number = 0; number < 2000; number++) {
    const which = String(number);
    try {
      const { stdout } = await sandbox.exec(["count", which]);
      expect([stdout, ran.get(which)]).toEqual([which, 1]);
      told.answered++;
    } catch (error) {
      if (!isSandboxError(error)) throw error;
      // It may have run, once; and only what never did is said not to have been admitted.
      expect(ran.get(which) ?? 0).toBeLessThanOrEqual(1);
      expect(error.retryable).toBe(error.admitted === false);
      if (error.admitted === false) expect(ran.get(which)).toBeUndefined();
      told[error.admitted === false ? "refused" : "unknown"]++;
    }
  }
  // Else the test would show nothing.
  expect(told.answered).toBeGreaterThan(500);
  expect(told.unknown).toBeGreaterThan(200);
  await fake.close();
}, 60_000);
