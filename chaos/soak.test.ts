import { expect, it } from "vitest";
import { judge, runSoak } from "./soak.ts";

it("what a server used for a thousand sandboxes it gives back", { timeout: 240_000 }, async () => {
  const report = await runSoak({ engine: "memory", sandboxes: 1000, parallel: 8 });
  if (typeof report === "string") return expect.unreachable(report);
  expect(report.violations).toEqual([]);
  expect(report.usage.map(({ files }) => files)).toEqual(Array(5).fill(report.usage[0]?.files));
});

it("growth is told, each kind for itself", () => {
  const usage = { heapBytes: 2 ** 20 * 10, residentBytes: 2 ** 20 * 100, files: 30 };
  expect(judge([usage, usage])).toEqual([]);
  expect(judge([usage, { ...usage, heapBytes: 2 ** 20 * 11.5 }])).toEqual([
    "heapBytes went from 10.0 MiB to 11.5 MiB, allowed are 10 % more",
  ]);
  expect(judge([usage, { ...usage, residentBytes: 2 ** 20 * 116 }])).toHaveLength(1);
  expect(judge([usage, { ...usage, files: 31 }])).toEqual(["files went from 30 to 31, allowed are 0 % more"]);
});
