import { describe, expect, it } from "vitest";
import { checkExecOptions, checkKill, checkTtySize } from "./exec-options.ts";

describe("checkExecOptions", () => {
  it.each([
    {},
    { command: [] },
    { cwd: "/", env: { A: "" }, user: "1000:1000", timeout_ms: 1, stdin: false, max_output_bytes: 0 },
    { user: "www-data", tty: { rows: 24, cols: 80 } },
  ])("takes %j", (body) => {
    expect(checkExecOptions(body)).toBeUndefined();
  });

  it.each([
    [{ cwd: "tmp" }, "cwd"],
    [{ cwd: "" }, "cwd"],
    [{ env: { "A=B": "x" } }, "env"],
    [{ env: { A: "a\0b" } }, "env.A"],
    [{ user: "" }, "user"],
    [{ user: "a b" }, "user"],
    [{ user: ":1" }, "user"],
    [{ timeout_ms: 0 }, "timeout_ms"],
    [{ timeout_ms: 1.5 }, "timeout_ms"],
    [{ timeout_ms: 604_800_001 }, "timeout_ms"],
    [{ stdin: "yes" }, "stdin"],
    [{ tty: true }, "tty"],
    [{ tty: { rows: 24 } }, "tty.cols"],
    [{ tty: { rows: 0, cols: 80 } }, "tty.rows"],
    [{ max_output_bytes: -1 }, "max_output_bytes"],
  ])("refuses %j and names the field", (body, field) => {
    expect(checkExecOptions(body)?.field).toBe(field);
  });
});

it("takes the signals that there are, and no others", () => {
  for (const body of [{}, { signal: "SIGKILL" }, { signal: "SIGTERM" }]) expect(checkKill(body)).toBeUndefined();
  for (const signal of ["KILL", "sigterm", "SIGNONE", "toString", "", 9]) {
    expect(checkKill({ signal })?.field).toBe("signal");
  }
});

it("takes sizes that a terminal can have", () => {
  expect(checkTtySize({ rows: 1, cols: 65_535 })).toBeUndefined();
  expect(checkTtySize({ rows: 1, cols: 65_536 })?.field).toBe("cols");
});
