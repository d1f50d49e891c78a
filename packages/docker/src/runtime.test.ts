import { describe, expect, it } from "vitest";
import { checkFilterable, hasOwnKernel } from "./runtime.ts";

const engineWith = (runtimeArgs?: readonly string[]) => {
  const asked: string[] = [];
  const call = async (_method: string, path: string) => {
    asked.push(path);
    return { Runtimes: { runc: {}, ...(runtimeArgs && { runsc: { runtimeArgs } }) } } as never;
  };
  return { asked, call };
};

describe("a runtime with a kernel of its own", () => {
  it("is known by its name", () => {
    for (const name of ["runsc", "runsc-kvm", "/usr/bin/runsc", "io.containerd.runsc.v1", "kata-runtime", "gvisor"]) {
      expect(hasOwnKernel(name), name).toBe(true);
    }
    for (const name of [undefined, "runc", "crun", "youki", "io.containerd.runc.v2"]) {
      expect(hasOwnKernel(name), name).toBe(false);
    }
  });

  it("is held by a packet filter only when it has no network stack of its own", async () => {
    for (const args of [["--network=host"], ["--platform=systrap", "-network=host"]]) {
      await checkFilterable(engineWith(args), "runsc");
    }
    for (const args of [[], ["--network=sandbox"], ["--network=hostile"], undefined]) {
      await expect(checkFilterable(engineWith(args), "runsc")).rejects.toThrow(
        /^egress cannot be enforced with the runtime runsc: it is not registered with/,
      );
    }
    const { asked, call } = engineWith();
    await checkFilterable({ call }, "crun");
    await checkFilterable({ call }, undefined);
    expect(asked).toEqual([]);
  });
});
