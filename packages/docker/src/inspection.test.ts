import { describe, expect, it } from "vitest";
import { parseEngineTime } from "./inspection.ts";

describe("times", () => {
  it("keep their fractions; the engine's zero is none", () => {
    expect(parseEngineTime("2026-01-02T03:04:05.123456789Z")).toBeCloseTo(
      Date.UTC(2026, 0, 2, 3, 4, 5) + 123.456789,
      5,
    );
    expect(parseEngineTime("2026-01-02T03:04:05+02:00")).toBe(Date.UTC(2026, 0, 2, 1, 4, 5));
    expect(parseEngineTime("0001-01-01T00:00:00Z")).toBeUndefined();
    expect(parseEngineTime("soon")).toBeUndefined();
  });
});
