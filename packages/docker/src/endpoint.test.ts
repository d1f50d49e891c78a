import { describe, expect, it } from "vitest";
import { findEndpoint } from "./endpoint.ts";

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
