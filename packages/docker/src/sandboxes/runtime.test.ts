import { describe, expect, it } from "vitest";
import { createRuntime } from "./runtime.ts";

function setUp(wanted: string | undefined, runtimeArgs?: readonly string[], DefaultRuntime = "runc") {
  const info = { DefaultRuntime, Runtimes: { runc: {}, ...(runtimeArgs && { runsc: { runtimeArgs } }) } };
  const asked: string[] = [];
  const resyncs: (() => void)[] = [];
  const call = async (_method: string, path: string) => {
    asked.push(path);
    return info as never;
  };
  const onResync = (listener: () => void) => {
    resyncs.push(listener);
    return () => {};
  };
  const runtime = createRuntime({ call }, { onResync }, wanted);
  return { runtime, asked, info, resync: () => resyncs.forEach((listener) => void listener()) };
}

describe("a runtime with a kernel of its own", () => {
  it("is known by its name", async () => {
    for (const name of ["runsc", "runsc-kvm", "/usr/bin/runsc", "io.containerd.runsc.v1", "kata-runtime", "gvisor"]) {
      expect(await setUp(name).runtime.hasOwnKernel(), name).toBe(true);
    }
    for (const name of [undefined, "runc", "crun", "youki", "io.containerd.runc.v2"]) {
      expect(await setUp(name).runtime.hasOwnKernel(), name).toBe(false);
    }
  });

  it("is held by a packet filter only when it has no network stack of its own", async () => {
    for (const args of [["--network=host"], ["--platform=systrap", "-network=host"]]) {
      await setUp("runsc", args).runtime.checkFilterable();
    }
    const refused = /^egress cannot be enforced with the runtime runsc: it is not registered with/;
    for (const args of [[], ["--network=sandbox"], ["--network=hostile"], undefined]) {
      await expect(setUp("runsc", args).runtime.checkFilterable()).rejects.toThrow(refused);
      await expect(setUp(undefined, args, "runsc").runtime.checkFilterable()).rejects.toThrow(refused);
    }
    const { asked, runtime } = setUp("crun");
    await runtime.checkFilterable();
    expect(asked).toEqual([]);
  });

  it("can be the engine's own, which is asked for once, and again when it was away", async () => {
    const { asked, info, runtime, resync } = setUp(undefined);
    await runtime.checkFilterable();
    expect(await runtime.hasOwnKernel()).toBe(false);
    expect(asked).toEqual(["/info"]);
    info.DefaultRuntime = "runsc";
    resync();
    expect(await runtime.hasOwnKernel()).toBe(true);
    await expect(runtime.checkFilterable()).rejects.toThrow("the runtime runsc: it is not registered");
  });
});
