import { expect, it } from "vitest";
import { dockerEngine } from "./docker-engine.ts";

// An address where nobody is: all of this is decided before an engine is asked for anything.
const nowhere = { host: "tcp://127.0.0.1:1" };
const plan = { id: "sb-1", name: "box", image: "busybox:1", env: {}, volume_mounts: {} };

it("is not made where egress cannot be enforced, unless told that it need not be", async () => {
  expect(() => dockerEngine(nowhere)).toThrow(
    'egress: cannot be enforced here, since the engine is on another machine; say "unenforced" to run sandboxes without it',
  );
  const engine = dockerEngine({ ...nowhere, egress: "unenforced" });
  expect([engine.egress, engine.features.egress]).toEqual(["unenforced", false]);
  await engine.close();
});

it("is not made of options that are malformed", () => {
  expect(() => dockerEngine({ ...nowhere, egress: "unenforced", spareNetworks: 101 })).toThrow(
    "spareNetworks: must be a whole number from 0 to 100 (got 101)",
  );
});

it("refuses a list of destinations that it would not enforce, an empty one too", async () => {
  const engine = dockerEngine({ ...nowhere, egress: "unenforced" });
  for (const egress of [[], ["192.0.2.1"]]) {
    expect(engine.refuses?.({ ...plan, egress })).toEqual({ field: "egress", rule: "is not enforced here" });
    await expect(engine.startSandbox({ ...plan, egress }, new AbortController().signal)).rejects.toMatchObject({
      code: "unsupported",
    });
  }
  await engine.close();
});
