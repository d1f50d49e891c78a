import { expect, test } from "vitest";
import { countTests, findSurprises, readJunitReport, readVitestReport } from "./reports.ts";

test("vitest's report gives name, outcome and message of each test", () => {
  const json = JSON.stringify({
    testResults: [
      {
        name: "a.test.ts",
        status: "failed",
        assertionResults: [
          { fullName: " http health", status: "passed", failureMessages: [] },
          { fullName: "http exec", status: "failed", failureMessages: ["expected 1, got 2"] },
          { fullName: "http stream", status: "skipped", failureMessages: null },
        ],
      },
    ],
  });
  expect(readVitestReport(json)).toEqual([
    { name: "http health", outcome: "passed" },
    { name: "http exec", outcome: "failed", message: "expected 1, got 2" },
    { name: "http stream", outcome: "skipped" },
  ]);
});

test("a file that vitest could not load is a failed test", () => {
  const json = JSON.stringify({
    testResults: [{ name: "a.test.ts", status: "failed", message: "no such module", assertionResults: [] }],
  });
  expect(countTests(readVitestReport(json))).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("a JUnit report gives the same, with its escapes undone", () => {
  const xml = `<?xml version="1.0"?>
<testsuites name="bun test" tests="4" failures="1" skipped="1">
  <testsuite name="contract.test.ts" tests="4">
    <testcase name="http list: &quot;a&quot; &lt; b &amp; c&#39;s" classname="" time="0.1" />
    <testcase name="http exec" time="0.1"><failure message="expected 1 &gt; 2" type="AssertionError">at x</failure></testcase>
    <testcase name="http create" time="0.1"><failure type="AssertionError" /></testcase>
    <testcase name="http stream" time="0">
      <skipped />
    </testcase>
  </testsuite>
</testsuites>`;
  expect(readJunitReport(xml)).toEqual([
    { name: `http list: "a" < b & c's`, outcome: "passed" },
    { name: "http exec", outcome: "failed", message: "expected 1 > 2\nat x" },
    { name: "http create", outcome: "failed", message: "" },
    { name: "http stream", outcome: "skipped" },
  ]);
});

test("missing tests, skips that nobody reviewed and stale reviews are surprises", () => {
  const tests = [
    { name: "a", outcome: "passed" },
    { name: "b", outcome: "skipped" },
    { name: "c", outcome: "skipped" },
  ] as const;
  expect(findSurprises(tests, { expected: ["a", "b", "c"], reviewed: ["b", "c"] })).toEqual([]);
  expect(findSurprises(tests, { expected: ["a", "b", "c", "d"], reviewed: ["a", "c"] })).toEqual([
    "missing: d",
    "skipped without a reviewed reason: b",
    "reviewed skip that is none: a",
  ]);
});
