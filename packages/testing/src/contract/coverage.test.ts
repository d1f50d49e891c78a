import { Porter } from "@porter-sandbox/core";
import { type OperationInfo, operations } from "@porter-sandbox/spec/operations";
import { afterAll, describe, expect, test } from "vitest";
import { bashShell } from "../shell.ts";
import { contractCases } from "./cases.ts";
import { type FakeTarget, fullFake, leanFake, publishedFake } from "./fake-targets.ts";
import { registerContract } from "./run.ts";
import type { Capability } from "./target.ts";

const targets: FakeTarget[] = [fullFake(), fullFake(bashShell()), publishedFake(), leanFake()];
const special: Capability[] = ["shell", "refuses_unsupported"];
const isSpecial = (name: string) =>
  contractCases.some((entry) => entry.name === name && entry.needs.some((need) => special.includes(need)));
const seen = new Set<string>();
const ran = new Set<string>();

afterAll(async () => {
  for (const { close } of targets) await close();
});

for (const { name: title, target } of targets) {
  const cases = registerContract(target, { Porter }).filter(
    // What the first two have shown already need not be shown again.
    ({ name, skip }) => skip === undefined && (title === "fake" || title === "published API" || isSpecial(name)),
  );
  for (const alone of [false, true]) {
    if (!cases.some(({ exclusive }) => exclusive === alone)) continue;
    describe(`the contract on the ${title}${alone ? ", one at a time" : ""}`, { concurrent: !alone }, () => {
      for (const { name, exclusive, run } of cases) {
        if (exclusive !== alone) continue;
        test(name, { timeout: 60_000 }, async () => {
          for (const key of await run()) seen.add(key);
          ran.add(name);
        });
      }
    });
  }
}

describe("the contract as a whole", () => {
  test("has unique names, each with its subject", () => {
    const names = contractCases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z ]+: \S/);
  });

  test("every case runs against some fake", () => {
    expect(contractCases.map(({ name }) => name).filter((name) => !ran.has(name))).toEqual([]);
  });

  test("every status that the specification documents for an operation is examined", () => {
    const missing = (Object.entries(operations) as [string, OperationInfo][]).flatMap(([id, { statuses }]) =>
      statuses.map((status) => `${id} ${status}`).filter((key) => !seen.has(key)),
    );
    expect(missing).toEqual([]);
  });

  test("no status is examined that the specification does not document", () => {
    const documented = new Set(
      (Object.entries(operations) as [string, OperationInfo][]).flatMap(([id, { statuses }]) =>
        statuses.map((status) => `${id} ${status}`),
      ),
    );
    expect([...seen].filter((key) => !documented.has(key))).toEqual([]);
  });
});
