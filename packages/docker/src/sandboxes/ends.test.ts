import { describe, expect, it } from "vitest";
import type { ContainerState } from "../inspection.ts";
import { endOf } from "./ends.ts";

describe("how a container ended", () => {
  const clock = { now: () => 42, schedule: () => () => {} };
  const state: ContainerState = {
    Status: "exited",
    Running: false,
    OOMKilled: false,
    Pid: 0,
    ExitCode: 0,
    Error: "",
    StartedAt: "2026-01-02T03:04:05Z",
    FinishedAt: "2026-01-02T03:04:06Z",
  };
  const finished_at = Date.UTC(2026, 0, 2, 3, 4, 6);
  it.each([
    [{}, { exit_code: 0, finished_at }],
    [{ ExitCode: 137 }, { exit_code: 137, finished_at }],
    [
      { ExitCode: 137, OOMKilled: true },
      { exit_code: 137, reason: "out_of_memory", message: "it ran out of memory", finished_at },
    ],
    [{ OOMKilled: true }, { exit_code: 0, finished_at }],
    [{ Status: "dead" as const }, { reason: "engine_error", message: "the engine lost it", finished_at }],
    [{ FinishedAt: "2026-01-02T03:04:04Z" }, { exit_code: 0, finished_at: finished_at - 1000 }],
  ])("%o", (changes, end) => {
    expect(endOf({ ...state, ...changes }, clock)).toEqual(end);
  });
});
