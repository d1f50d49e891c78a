import { describe, expect, it } from "vitest";
import { joinLines } from "./logs.ts";

const at = (second: number, nano = "000000000") => `2026-01-02T03:04:${String(second).padStart(2, "0")}.${nano}Z`;

describe("lines of a workload", () => {
  it("are put together from the pieces of their stream", () => {
    const joiner = joinLines();
    const piece = (stream: "stdout" | "stderr", text: string) => joiner.push(stream, Buffer.from(text), true);
    piece("stdout", `${at(1, "250500000")} begins `);
    piece("stderr", `${at(2)} between\n`);
    joiner.push("stdout", Buffer.from(`${at(3)} en`), false);
    joiner.push("stdout", Buffer.from("ds\n"), true);
    piece("stdout", `${at(4)} \n`);
    piece("stdout", `${at(5)} without an end`);
    const start = Date.UTC(2026, 0, 2, 3, 4);
    expect(joiner.end()).toEqual([
      { timestamp: start + 2000, line: "between", stream: "stderr" },
      { timestamp: start + 1250.5, line: "begins ends", stream: "stdout" },
      { timestamp: start + 4000, line: "", stream: "stdout" },
      { timestamp: start + 5000, line: "without an end", stream: "stdout" },
    ]);
    expect(joiner.pieces()).toBe(5);
  });

  it("are cut where they are longer than anyone reads", () => {
    const joiner = joinLines();
    for (let index = 0; index < 40; index += 1)
      joiner.push("stdout", Buffer.from(`${at(1)} ${"x".repeat(16_000)}`), true);
    expect(joiner.end()[0]?.line).toHaveLength(256 * 1024);
  });
});
