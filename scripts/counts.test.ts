import { expect, test } from "vitest";
import { line, sum } from "./counts.ts";

test("counts add up and read as one plain line", () => {
  const total = sum([
    { passed: 3, failed: 0, skipped: 1 },
    { passed: 4, failed: 2, skipped: 0 },
  ]);
  expect(line(total)).toBe("7 passed, 2 failed, 1 skipped");
  expect(line({ passed: 1, failed: 0, skipped: 0 })).toBe("1 passed, 0 failed");
});
