import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkResources, parseCpu, parseMemory } from "./quantities.ts";

describe("parseCpu", () => {
  it.each([
    ["2", 2],
    ["0.5", 0.5],
    [".5", 0.5],
    ["500m", 0.5],
    ["1m", 0.001],
  ])("reads %s", (text, cores) => expect(parseCpu(text)).toBeCloseTo(cores, 12));
  it.each(["", "0", "-1", "1.", "2 ", "2c", "1k", "1e3", "m", "Infinity", "0x10", "1,5"])("refuses %j", (text) =>
    expect(parseCpu(text)).toBeUndefined(),
  );
});

describe("parseMemory", () => {
  it.each([
    ["1048576", 1_048_576],
    ["1k", 1000],
    ["1Ki", 1024],
    ["512Mi", 512 * 1024 ** 2],
    ["4Gi", 4 * 1024 ** 3],
    ["1.5G", 1.5e9],
    ["1T", 1e12],
    ["0.1", 1],
  ])("reads %s", (text, bytes) => expect(parseMemory(text)).toBe(bytes));
  it.each(["", "0", "0Gi", "-1Gi", "1K", "1gi", "1GB", "1 Gi", "Gi", "1e3", "1m", "1undefined"])("refuses %j", (text) =>
    expect(parseMemory(text)).toBeUndefined(),
  );
  it("scales whole numbers exactly", () => {
    const units = ["k", "M", "G", "Ki", "Mi", "Gi"] as const;
    const factors = [1e3, 1e6, 1e9, 1024, 1024 ** 2, 1024 ** 3];
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4096 }), fc.nat(5), (amount, unit) => {
        expect(parseMemory(`${amount}${units[unit]}`)).toBe(amount * (factors[unit] ?? 0));
      }),
    );
  });
});

it("never throws on any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      for (const amount of [parseCpu(text), parseMemory(text)]) {
        expect(amount === undefined || (amount > 0 && Number.isFinite(amount))).toBe(true);
      }
    }),
  );
});

it("holds a sandbox to 256 cores and 1 TB", () => {
  expect(checkResources("resources", { cpu: "256", memory: "1T" })).toBeUndefined();
  expect(checkResources("resources", {})).toBeUndefined();
  expect(checkResources("resources", { cpu: "256001m" })).toMatchObject({ field: "resources.cpu", value: "256001m" });
  expect(checkResources("resources", { memory: "1Ti" })).toMatchObject({ field: "resources.memory", value: "1Ti" });
  expect(checkResources("resources", { cpu: 2 })).toMatchObject({ field: "resources.cpu", rule: "must be a string" });
});
