import { describe, expect, it } from "vitest";
import { findEndpoint } from "./endpoint.ts";
import { parseReference } from "./images.ts";
import { type ContainerState, parseTime } from "./inspection.ts";
import { endOf } from "./sandboxes/ends.ts";
import { sampleOf, totalsOf } from "./sandboxes/metrics.ts";
import { snapshotConfig } from "./sandboxes/snapshots.ts";

describe("an image reference", () => {
  it.each([
    ["busybox", "docker.io", "busybox", "latest"],
    ["library/busybox:1", "docker.io", "library/busybox", "1"],
    ["ghcr.io/a/b:v2", "ghcr.io", "ghcr.io/a/b", "v2"],
    ["localhost:5000/a", "localhost:5000", "localhost:5000/a", "latest"],
    ["127.0.0.1:5000/a/b@sha256:00ff", "127.0.0.1:5000", "127.0.0.1:5000/a/b", "sha256:00ff"],
    ["a/b:1@sha256:00ff", "docker.io", "a/b", "sha256:00ff"],
  ])("%s is taken apart", (image, registry, name, version) => {
    expect(parseReference(image)).toEqual({ registry, name, version });
  });
});

describe("the engine's address", () => {
  it.each([
    [undefined, {}, { kind: "socket", path: "/var/run/docker.sock" }],
    [undefined, { DOCKER_HOST: "unix:///x.sock" }, { kind: "socket", path: "/x.sock" }],
    ["unix:///given.sock", { DOCKER_HOST: "tcp://elsewhere:1" }, { kind: "socket", path: "/given.sock" }],
    ["tcp://[::1]:99", {}, { kind: "tcp", host: "::1", port: 99 }],
    ["tcp://box", {}, { kind: "tcp", host: "box", port: 2375 }],
    ["https://box", {}, { kind: "tcp", host: "box", port: 2376, tls: { verify: true } }],
    ["tcp://box", { DOCKER_TLS_VERIFY: "1" }, { kind: "tcp", host: "box", port: 2376, tls: { verify: true } }],
  ])("%s with %o", (host, environment, endpoint) => {
    expect(findEndpoint(host, environment)).toEqual(endpoint);
  });
  it.each(["ssh://box", "unix://", "tcp://", "nonsense"])("is not %s", (host) => {
    expect(() => findEndpoint(host, {})).toThrow(/^host: must be/);
  });
});

describe("times", () => {
  it("keep their fractions; the engine's zero is none", () => {
    expect(parseTime("2026-01-02T03:04:05.123456789Z")).toBeCloseTo(Date.UTC(2026, 0, 2, 3, 4, 5) + 123.456789, 5);
    expect(parseTime("2026-01-02T03:04:05+02:00")).toBe(Date.UTC(2026, 0, 2, 1, 4, 5));
    expect(parseTime("0001-01-01T00:00:00Z")).toBeUndefined();
    expect(parseTime("soon")).toBeUndefined();
  });
});

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

describe("a snapshot's settings", () => {
  it("are the image's, and hold no value of the sandbox's environment", () => {
    const image = { Id: "", Size: 1, Config: { Env: ["PATH=/bin", "EMPTY="], Cmd: ["sh"], Entrypoint: null } };
    expect(snapshotConfig(image, ["PATH=/mine", "TOKEN=secret", "EMPTY=full"], { a: "b" })).toEqual({
      Labels: { a: "b" },
      Env: ["PATH=/bin", "EMPTY=", "TOKEN"],
      Cmd: ["sh"],
      Entrypoint: [],
      OpenStdin: false,
    });
  });
});

describe("a sample", () => {
  const stats = (total_usage: number, usage: number, rx_bytes: number) => ({
    cpu_stats: { cpu_usage: { total_usage } },
    memory_stats: { usage, stats: { inactive_file: 100 } },
    networks: { eth0: { rx_bytes, tx_bytes: 2 * rx_bytes }, eth1: { rx_bytes: 1 } },
  });
  it("is what was used between two looks", () => {
    const [first, second] = [
      totalsOf(stats(0, 500, 0), stats(0, 0, 0), 1000),
      totalsOf(stats(5e8, 700, 0), stats(0, 0, 300), 3000),
    ];
    if (first === undefined || second === undefined) return expect.unreachable();
    expect(sampleOf(undefined, first)).toBeUndefined();
    expect(sampleOf(second, second)).toBeUndefined();
    expect(sampleOf(first, second)).toEqual({
      timestamp: 3000,
      cpu_cores: 0.25,
      mem_bytes: 600,
      network_rx_bytes_per_second: 150,
      network_tx_bytes_per_second: 300,
    });
    expect(totalsOf({}, {}, 1)).toBeUndefined();
  });
});
