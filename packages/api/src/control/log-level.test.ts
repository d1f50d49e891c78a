import { expect, test } from "vitest";
import { levelOf } from "./log-level.ts";

test.each([
  ["plain words", "stdout", "info"],
  ["plain words", "stderr", "error"],
  ["ERROR cannot open", "stdout", "error"],
  ["[warn] slow", "stdout", "warning"],
  ["WARNING:root:careful", "stderr", "warning"],
  ["INFO:root:fine", "stderr", "info"],
  ["error: not found", "stdout", "error"],
  ["2026-01-02 03:04:05,123 WARNING careful", "stderr", "warning"],
  ["2026-01-02T03:04:05.123Z ERROR bad", "stdout", "error"],
  ['{"level":"warn","msg":"slow"}', "stderr", "warning"],
  ["time=12 level=debug msg=x", "stderr", "info"],
  ["The error was mine", "stdout", "info"],
  ["constructor: x", "stdout", "info"],
] as const)("%s on %s is %s", (line, stream, level) => {
  expect(levelOf(line, stream)).toBe(level);
});

test("a long line is judged by its start, in no time", () => {
  expect(levelOf("-".repeat(1_000_000), "stdout")).toBe("info");
  expect(levelOf(`${" ".repeat(1_000_000)}level=error`, "stdout")).toBe("info");
});
