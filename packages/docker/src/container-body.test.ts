import type { SandboxPlan } from "@porter-sandbox/api";
import { describe, expect, it } from "vitest";
import { checkIsolation, helperBody, sandboxBody } from "./container-body.ts";
import { namesOf } from "./names.ts";

const names = namesOf("here");
const plan: SandboxPlan = {
  id: "sbx-1",
  name: "my-box",
  image: "busybox:1",
  env: { A: "1=2", B: "" },
  volume_mounts: {},
};
const bodyOf = (changes: Partial<SandboxPlan> = {}, options: Partial<Parameters<typeof sandboxBody>[1]> = {}) =>
  sandboxBody(
    { ...plan, ...changes },
    { names, limits: {}, isolation: {}, image: "busybox:1", network: "container:abc", ...options },
  );

describe("the body of a sandbox", () => {
  it("is shut in by default", () => {
    const { HostConfig, ...rest } = bodyOf();
    expect(HostConfig).toMatchObject({
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Init: true,
      IpcMode: "private",
      PidsLimit: 1024,
      Memory: 1024 ** 3,
      MemorySwap: 1024 ** 3,
      CpuPeriod: 100_000,
      CpuQuota: 100_000,
      Mounts: [],
      NetworkMode: "container:abc",
      LogConfig: { Type: "json-file", Config: { "max-size": String(8 * 1024 * 1024), "max-file": "2" } },
    });
    expect(HostConfig.CapAdd).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/NET_RAW|SYS_|NET_ADMIN|MKNOD/)]),
    );
    for (const open of ["Privileged", "Binds", "Devices", "PidMode", "UsernsMode", "Runtime"]) {
      expect(HostConfig).not.toHaveProperty(open);
    }
    expect(rest).toMatchObject({ OpenStdin: true, StdinOnce: false, Tty: false, Env: ["A=1=2", "B="] });
    expect(rest).not.toHaveProperty("Entrypoint");
    expect(rest).not.toHaveProperty("Cmd");
    expect(rest).not.toHaveProperty("Hostname");
  });

  it("carries what was asked for", () => {
    const body = bodyOf(
      {
        command: ["sh", "-c"],
        args: ["true"],
        resources: { cpu_cores: 256, memory_bytes: 64.5 },
        volume_mounts: { "/data": "vol-1" },
      },
      { isolation: { runtime: "runsc", userns: "remap", seccomp: "{}", capabilities: ["CHOWN"] }, network: "net" },
    );
    expect(body).toMatchObject({ Entrypoint: ["sh", "-c"], Cmd: ["true"], Hostname: "my-box" });
    expect(body.HostConfig).toMatchObject({
      CpuQuota: 25_600_000,
      Memory: 65,
      MemorySwap: 65,
      Runtime: "runsc",
      UsernsMode: "remap",
      CapAdd: ["CHOWN"],
      SecurityOpt: ["no-new-privileges", "seccomp={}"],
      Mounts: [
        {
          Type: "volume",
          Source: "porter-sandbox-here.volume.vol-1",
          Target: "/data",
          VolumeOptions: { NoCopy: true },
        },
      ],
    });
    expect(bodyOf({ args: ["only"] })).not.toHaveProperty("Entrypoint");
    expect(bodyOf({ resources: { cpu_cores: 0.000_1 } }).HostConfig.CpuQuota).toBe(1_000);
  });

  it("is marked as ours", () => {
    expect(bodyOf().Labels).toEqual({
      "io.porter-sandbox.installation": "here",
      "io.porter-sandbox.kind": "sandbox",
      "io.porter-sandbox.id": "sbx-1",
      "io.porter-sandbox.ingress": "",
    });
  });

  it("says what it exposes, and publishes that on loopback only when it is told to", () => {
    const exposure = { name: "web", port: 8080, visibility: "public", proxy_port: 80 } as const;
    const held = bodyOf({}, { exposure });
    expect(JSON.parse(held.Labels["io.porter-sandbox.ingress"] ?? "")).toEqual(exposure);
    expect([held.ExposedPorts, held.HostConfig.PortBindings]).toEqual([undefined, undefined]);
    const published = bodyOf({}, { exposure, publish: true });
    expect(published.ExposedPorts).toEqual({ "8080/tcp": {} });
    expect(published.HostConfig.PortBindings).toEqual({ "8080/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] });
    expect(bodyOf({}, { publish: true }).HostConfig.PortBindings).toBeUndefined();
  });

  it.each([
    { userns: "host" },
    { seccomp: "unconfined" },
    { capabilities: ["CHOWN", "NET_RAW"] },
    { capabilities: ["cap_sys_admin"] },
    ...["ALL", "SYS_TIME", "SYSLOG", "SYS_BOOT", "PERFMON", "MAC_ADMIN", "CHECKPOINT_RESTORE", "SYS_RESOURCE", ""].map(
      (name) => ({ capabilities: [name] }),
    ),
  ])("is not opened by %o", (isolation) => {
    expect(() => checkIsolation(isolation)).toThrow(/^isolation\./);
  });

  it("may keep what stays in it", () => {
    checkIsolation({ capabilities: ["CHOWN", "CAP_SETUID", "sys_chroot", "SETFCAP", "AUDIT_WRITE"] });
  });
});

describe("the body of a helper", () => {
  it("has nothing but what it is given", () => {
    const { HostConfig } = helperBody({ image: "busybox:1", command: ["cat"], labels: {} });
    expect(HostConfig).toMatchObject({ CapDrop: ["ALL"], CapAdd: [], ReadonlyRootfs: true, NetworkMode: "none" });
  });
});

describe("an installation", () => {
  it.each(["", "-a", "a-", "A", "a.b", "a".repeat(41)])("is not called %j", (name) => {
    expect(() => namesOf(name)).toThrow(/^installation: must be/);
  });
});
