import { describe, expect, it } from "vitest";
import { checkOptions, type DockerEngineOptions, sparesOf } from "./options.ts";

describe("options that are refused, each by its name", () => {
  it.each<[options: object, message: string]>([
    [{ egress: "enforce" }, 'egress: must be "enforced" or "unenforced" (got "enforce")'],
    [
      { subnet: "10.77.0.0" },
      'subnet: must be an IPv4 range of at least 4 addresses, such as 10.77.0.0/16 (got "10.77.0.0")',
    ],
    [
      { subnet: "10.77.0.1/16" },
      'subnet: must be an IPv4 range of at least 4 addresses, such as 10.77.0.0/16 (got "10.77.0.1/16")',
    ],
    [
      { subnet: "fd00::/64" },
      'subnet: must be an IPv4 range of at least 4 addresses, such as 10.77.0.0/16 (got "fd00::/64")',
    ],
    [{ resolvers: ["10.0.0.2", "dns.test"] }, 'resolvers[1]: must be an IPv4 address (got "dns.test")'],
    [{ resolvers: ["10.0.0.2/32"] }, 'resolvers[0]: must be an IPv4 address (got "10.0.0.2/32")'],
    ...[-1, 1.5, 101, Number.NaN, "2"].map((spareNetworks): [object, string] => [
      { spareNetworks },
      `spareNetworks: must be a whole number from 0 to 100 (got ${typeof spareNetworks === "string" ? `"${spareNetworks}"` : spareNetworks})`,
    ]),
    [{ concurrentStarts: 0 }, "concurrentStarts: must be a whole number, 1 or more (got 0)"],
    [{ metricsIntervalMs: Infinity }, "metricsIntervalMs: must be a whole number, 1 or more (got Infinity)"],
    [{ limits: { memory_bytes: 0 } }, "limits.memory_bytes: must be a number above 0 (got 0)"],
    [{ capacity: { cpu_cores: "4" } }, 'capacity.cpu_cores: must be a number above 0 (got "4")'],
    [{ proxy: { port: 70_000 } }, "proxy.port: must be a whole number from 0 to 65535 (got 70000)"],
    [{ pool: { image: "a", size: 0 } }, "pool.size: must be a whole number from 1 to 100 (got 0)"],
    [{ pool: { image: "a", size: 1 }, egress: "unenforced" }, 'pool: goes only with egress: "enforced"'],
    [{ isolation: { userns: "host" } }, 'isolation.userns: must not be "host"'],
    [
      { isolation: { capabilities: ["CHOWN", "NET_RAW"] } },
      'isolation.capabilities[1]: must be one of CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, NET_BIND_SERVICE, SETGID, SETPCAP, SETUID, AUDIT_WRITE, SETFCAP, SYS_CHROOT; others reach past a sandbox (got "NET_RAW")',
    ],
  ])("%j", (options, message) => {
    expect(() => checkOptions(options as DockerEngineOptions)).toThrow(new Error(message));
  });

  it("but none that is left out, or at its bounds", () => {
    expect(() => checkOptions({})).not.toThrow();
    const options = { spareNetworks: 100, concurrentStarts: 1, helperIdleMs: 0, subnet: "10.77.0.0/30" };
    expect(() => checkOptions({ ...options, resolvers: ["10.0.0.2"], proxy: false })).not.toThrow();
  });
});

it.each<[DockerEngineOptions, { least: number; most: number }]>([
  [{}, { least: 2, most: 20 }],
  [{ subnet: "10.77.0.0/16" }, { least: 2, most: 20 }],
  [{ subnet: "10.77.0.0/26" }, { least: 2, most: 8 }],
  [{ subnet: "10.77.0.0/29" }, { least: 2, most: 2 }],
  [{ spareNetworks: 0 }, { least: 0, most: 0 }],
  [
    { spareNetworks: 50, subnet: "10.77.0.0/26" },
    { least: 50, most: 50 },
  ],
])("with %j so many networks are kept ready: %j", (options, spares) => {
  expect(sparesOf(options)).toEqual(spares);
});
