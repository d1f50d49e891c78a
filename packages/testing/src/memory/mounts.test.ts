import { describe, expect, it } from "vitest";
import { contentFrom, textOf } from "./content.ts";
import { createFileTree } from "./files.ts";
import { type MountAccess, mountTrees } from "./mounts.ts";

function setUp(access: MountAccess = "read_write") {
  const root = createFileTree(() => 0);
  root.mkdir("/tmp");
  const [volume, inner] = [createFileTree(() => 0), createFileTree(() => 0)];
  const whole = mountTrees(root, [
    { path: "/mnt/data/inner", tree: inner, access: "read_write" },
    { path: "/mnt/data", tree: volume, access },
  ]);
  return { root, volume, inner, whole };
}

describe("mounted trees", () => {
  it("shows each path from the innermost mount, and mount points in listings", () => {
    const { whole, volume, inner, root } = setUp();
    whole.write("/mnt/data/x", contentFrom("volume"));
    whole.write("/mnt/data/inner/y", contentFrom("inner"));
    whole.write("/tmp/z", contentFrom("root"));
    expect(textOf(volume.read("/x"))).toBe("volume");
    expect(textOf(inner.read("/y"))).toBe("inner");
    expect(root.exists("/tmp/z")).toBe(true);
    expect(whole.list("/mnt").map((entry) => entry.name)).toEqual(["data"]);
    expect(whole.list("/mnt/data").map((entry) => entry.name)).toEqual(["inner", "x"]);
    expect(whole.stat("/mnt/data").name).toBe("data");
    expect(root.exists("/mnt/data/x")).toBe(false);
  });

  it("moves directories from one tree into another", () => {
    const { whole, volume } = setUp();
    whole.write("/tmp/dir/deep/file", contentFrom("moved"), { parents: true });
    whole.touch("/tmp/dir/deep/file", { mode: 0o750 });
    whole.touch("/tmp/dir", { mode: 0o700 });
    whole.move("/tmp/dir", "/mnt/data/dir");
    expect(textOf(volume.read("/dir/deep/file"))).toBe("moved");
    expect(volume.stat("/dir/deep/file").mode).toBe(0o750);
    expect(volume.stat("/dir").mode).toBe(0o700);
    expect(whole.exists("/tmp/dir")).toBe(false);
  });

  it("keeps mount points in their place", () => {
    const { whole } = setUp();
    expect(() => whole.remove("/mnt", { recursive: true })).toThrow("busy");
    expect(() => whole.move("/mnt/data", "/tmp/data")).toThrow("busy");
  });

  it("clones the root and not what is mounted into it", () => {
    const { whole } = setUp();
    const clone = whole.clone();
    whole.write("/mnt/data/x", contentFrom("shared"));
    whole.write("/tmp/z", contentFrom("own"));
    expect(clone.exists("/mnt/data/x")).toBe(true);
    expect(clone.exists("/tmp/z")).toBe(false);
  });

  it("keeps writers out where the volume allows none", () => {
    const { whole, volume } = setUp("read_only");
    volume.write("/x", contentFrom("before"));
    for (const write of [
      () => whole.write("/mnt/data/x", contentFrom("after")),
      () => whole.write("/mnt/data/new", contentFrom("new")),
      () => whole.append("/mnt/data/x", contentFrom("after")),
      () => whole.mkdir("/mnt/data/dir"),
      () => whole.remove("/mnt/data/x"),
      () => whole.move("/mnt/data/x", "/tmp/x"),
    ]) {
      expect(write).toThrow("read-only");
    }
    expect(textOf(whole.read("/mnt/data/x"))).toBe("before");
    expect(volume.list("/").map((entry) => entry.name)).toEqual(["inner", "x"]);
  });

  it("takes only new files where the volume says so", () => {
    const { whole } = setUp("write_only_new_files");
    whole.write("/mnt/data/x", contentFrom("first"));
    expect(() => whole.write("/mnt/data/x", contentFrom("second"))).toThrow("read-only");
    expect(textOf(whole.read("/mnt/data/x"))).toBe("first");
  });

  it("swallows what goes to /dev/null", () => {
    const { whole, root } = setUp();
    root.write("/dev/null", contentFrom(""), { parents: true });
    whole.write("/dev/null", contentFrom("gone"));
    whole.append("/dev/null", contentFrom("gone"));
    expect(whole.stat("/dev/null").size).toBe(0);
  });
});
