import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseGoDuration, parseMetricsWindow, parseSince, parseTime } from "./durations.ts";

describe("parseGoDuration", () => {
  it.each([
    ["0", 0],
    ["0s", 0],
    ["300ms", 300],
    ["1.5s", 1500],
    ["1h30m", 5_400_000],
    [".5m", 30_000],
    ["1.h", 3_600_000],
    ["2us", 0.002],
    ["2µs", 0.002],
    ["2μs", 0.002],
    ["1000000ns", 1],
    ["1h2m3s4ms", 3_723_004],
  ])("reads %s", (text, ms) => expect(parseGoDuration(text)).toBeCloseTo(ms, 9));

  it.each([
    "",
    "1",
    "h",
    "-1h",
    "+1h",
    "1 h",
    "1H",
    "1d",
    "1h ",
    "1hx",
    ".s",
    "1e3s",
    "9999999999h",
    `${"9".repeat(400)}h`,
    "NaN",
  ])("refuses %j", (text) => expect(parseGoDuration(text)).toBeUndefined());

  it("adds up its parts", () => {
    const part = fc.nat(10_000);
    fc.assert(
      fc.property(part, part, part, part, (h, m, s, ms) => {
        expect(parseGoDuration(`${h}h${m}m${s}s${ms}ms`)).toBe(h * 3_600_000 + m * 60_000 + s * 1000 + ms);
      }),
    );
  });

  it("never throws, and answers a number that is finite and not negative", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[\d.hmsnuµ]*$/)), (text) => {
        const ms = parseGoDuration(text);
        expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBe(true);
      }),
    );
  });

  it("is quick on a long text that is almost one", () => {
    const started = performance.now();
    expect(parseGoDuration(`${"1h".repeat(200_000)}x`)).toBeUndefined();
    expect(parseGoDuration("1".repeat(200_000))).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe("parseTime", () => {
  it("reads every time that JavaScript writes", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }),
        (date) => {
          expect(parseTime(date.toISOString())).toBe(date.getTime());
        },
      ),
    );
  });

  it.each([
    ["2026-11-20T09:30:00Z", Date.UTC(2026, 10, 20, 9, 30)],
    ["2026-11-20t09:30:00z", Date.UTC(2026, 10, 20, 9, 30)],
    ["2026-11-20T09:30:00.123456789Z", Date.UTC(2026, 10, 20, 9, 30, 0, 123)],
    ["2026-11-20T09:30:00+02:00", Date.UTC(2026, 10, 20, 7, 30)],
    ["2026-11-20T09:30:00-05:30", Date.UTC(2026, 10, 20, 15, 0)],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["0000-01-01T00:00:00Z", -62_167_219_200_000],
    ["9999-12-31T23:59:59.999Z", 253_402_300_799_999],
  ])("reads %s", (text, ms) => expect(parseTime(text)).toBe(ms));

  it.each([
    "",
    "2026-11-20",
    "2026-11-20T09:30:00",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T09:60:00Z",
    "2026-11-20T09:30:60Z",
    "2026-11-20T09:30:00+24:00",
    "2026-11-20 09:30:00Z",
    "1795168800",
    "0000-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-23:59",
  ])("refuses %j", (text) => expect(parseTime(text)).toBeUndefined());
});

it("reads the since of logs as a duration back from now, or as a time", () => {
  expect(parseSince("15m", 1_000_000_000)).toBe(1_000_000_000 - 900_000);
  expect(parseSince("2026-11-20T09:30:00Z", 0)).toBe(Date.UTC(2026, 10, 20, 9, 30));
  expect(parseSince("yesterday", 0)).toBeUndefined();
});

it("reads the window of a metrics summary from 3m to 24h", () => {
  expect(parseMetricsWindow("3m")).toBe(180_000);
  expect(parseMetricsWindow("24h")).toBe(86_400_000);
  expect(parseMetricsWindow("2m59s")).toBeUndefined();
  expect(parseMetricsWindow("24h1ms")).toBeUndefined();
});
