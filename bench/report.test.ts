import { describe, expect, it } from "vitest";
import { type Target, table, verdict } from "./report.ts";

const measured = (ratio: number, interval: [number, number] | undefined, target?: Target) =>
  verdict({ subject: "it", ratio, interval, target, detail: "" });

describe("verdict", () => {
  it("holds only when the whole interval does", () => {
    expect(measured(0.98, [0.96, 1.01], { atLeast: 0.95 })).toBe("holds");
    expect(measured(0.96, [0.93, 0.99], { atLeast: 0.95 })).toBe("reached");
    expect(measured(0.94, [0.92, 0.96], { atLeast: 0.95 })).toBe("reached");
    expect(measured(0.9, [0.88, 0.94], { atLeast: 0.95 })).toBe("missed");
  });

  it("turns around for a limit from above", () => {
    expect(measured(1.1, [1.05, 1.2], { atMost: 1.25 })).toBe("holds");
    expect(measured(1.3, [1.2, 1.4], { atMost: 1.25 })).toBe("reached");
    expect(measured(1.4, [1.3, 1.5], { atMost: 1.25 })).toBe("missed");
  });

  it("takes an exact ratio as it is, and says nothing without a target", () => {
    expect(measured(0.9, undefined, { atMost: 1 })).toBe("holds");
    expect(measured(1.1, undefined, { atMost: 1 })).toBe("missed");
    expect(measured(1.1, [1, 2])).toBeUndefined();
  });
});

describe("table", () => {
  it("shows each row with its interval, target and verdict", () => {
    const text = table({
      name: "n",
      title: "t",
      rows: [{ subject: "it", ratio: 0.981, interval: [0.9, 1.012], target: { atLeast: 0.95 }, detail: "10 a second" }],
    });
    expect(text).toContain("| it      | 0.98  | 0.90 to 1.01  | at least 0.95 | reached | 10 a second |");
  });
});
