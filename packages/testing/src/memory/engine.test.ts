import type { EngineExec, EngineFileInfo, SandboxPlan } from "@porter-sandbox/api";
import { describe, expect, it } from "vitest";
import { createVirtualClock } from "../clock.ts";
import { contentFrom, streamOf } from "./content.ts";
import { createMemoryEngine, type MemoryEngineOptions } from "./engine.ts";

const never = new AbortController().signal;

function plan(changes: Partial<SandboxPlan> = {}): SandboxPlan {
  return { id: "s1", name: "one", image: "busybox", env: {}, volume_mounts: {}, ...changes };
}

function setUp(options: MemoryEngineOptions = {}) {
  const clock = createVirtualClock({ start: 1_000_000 });
  return { clock, engine: createMemoryEngine({ clock, ...options }) };
}

async function result(exec: EngineExec) {
  const [stdout, stderr, { exit_code }] = await Promise.all([
    new Response(exec.stdout as ReadableStream<Uint8Array<ArrayBuffer>>).text(),
    new Response(exec.stderr as ReadableStream<Uint8Array<ArrayBuffer>>).text(),
    exec.exit,
  ]);
  return { stdout, stderr, exit_code };
}

function exec(engine: ReturnType<typeof createMemoryEngine>, command: string[], id = "s1") {
  return engine.exec(id, { exec_id: "e", command, stdin: false });
}

async function textAt(engine: ReturnType<typeof createMemoryEngine>, volume: string, path: string) {
  const whole = ({ size_bytes }: EngineFileInfo) => ({ start: 0, length: size_bytes });
  const { bytes } = await engine.files(volume).read(path, whole);
  return new Response(bytes as ReadableStream<Uint8Array<ArrayBuffer>>).text();
}

const text = (content: string) => streamOf(contentFrom(content));

describe("starting", () => {
  it("takes the boot delay on the clock", async () => {
    const { engine, clock } = setUp({ bootDelayMs: 500 });
    const started = engine.startSandbox(plan(), never);
    await clock.advance(499);
    expect(engine.alive()).toEqual(["s1"]);
    await expect(exec(engine, ["true"])).rejects.toMatchObject({ code: "not_running" });
    await clock.advance(1);
    expect((await started).started_at).toBe(1_000_500);
  });

  it("stops when it is aborted, leaving nothing behind", async () => {
    const { engine } = setUp({ bootDelayMs: 500 });
    const abort = new AbortController();
    const started = engine.startSandbox(plan(), abort.signal);
    const reason = new Error("changed my mind");
    abort.abort(reason);
    await expect(started).rejects.toBe(reason);
    expect(engine.alive()).toEqual([]);
    expect((await engine.inventory()).sandboxes).toEqual([]);
  });

  it.each([
    [{ snapshot_id: "none", image: "" }, "not_found"],
    [{ volume_mounts: { "/data": "none" } }, "not_found"],
    [{ volume_mounts: { "/dev/null": "v1" } }, "engine_error"],
  ])("refuses %o as %s", async (changes, code) => {
    const { engine } = setUp();
    await engine.createVolume({ id: "v1", type: "disk" });
    await expect(engine.startSandbox(plan(changes), never)).rejects.toMatchObject({ code });
    expect(engine.alive()).toEqual([]);
  });

  it("gives exposed ports a host and hides internal ones", async () => {
    const { engine } = setUp();
    const open = await engine.startSandbox(plan({ networking: { port: 8080, visibility: "public" } }), never);
    expect(open.host).toBe("one.sandbox.test");
    const internal = plan({ id: "s2", networking: { port: 8080, visibility: "internal" } });
    expect(await engine.startSandbox(internal, never)).toMatchObject({
      host: "",
      internal_address: "one.internal.test:8080",
    });
    const named = plan({ id: "s3", networking: { port: 8080, visibility: "public", domain: "a.example.com" } });
    expect((await engine.startSandbox(named, never)).host).toBe("a.example.com");
  });
});

describe("the main process", () => {
  it("ends the sandbox with its exit code, its output in the log", async () => {
    const { engine } = setUp();
    const { ended } = await engine.startSandbox(plan({ command: ["cat"], args: ["/none"] }), never);
    expect(await ended).toEqual({ exit_code: 1, finished_at: 1_000_000 });
    expect(await engine.logs("s1", { since: 0, limit: 10 })).toEqual([
      { timestamp: 1_000_000, line: "cat: /none: No such file or directory", stream: "stderr" },
    ]);
    await expect(exec(engine, ["true"])).rejects.toMatchObject({ code: "not_running" });
  });

  it("idles without a command", async () => {
    const { engine, clock } = setUp();
    await engine.startSandbox(plan(), never);
    await clock.advance(24 * 3_600_000);
    expect(engine.alive()).toEqual(["s1"]);
  });

  it.each([["cat"], ["head", "-c", "1"], ["sh"], ["/bin/bash", "-l"]])("waits for input: %s %s", async (...command) => {
    const { engine, clock } = setUp();
    const { ended } = await engine.startSandbox(plan({ command }), never);
    await clock.advance(24 * 3_600_000);
    expect(engine.alive()).toEqual(["s1"]);
    await engine.stopSandbox("s1");
    expect(await ended).toEqual({ finished_at: 87_400_000 });
  });

  it("takes the commands that run beside it down", async () => {
    const { engine, clock } = setUp();
    await engine.startSandbox(plan({ command: ["sleep", "10"] }), never);
    const beside = await exec(engine, ["sleep", "infinity"]);
    await clock.advance(10_000);
    expect(await beside.exit).toEqual({ exit_code: 137, signal: "SIGKILL" });
  });

  it("keeps the newest lines, a last one without its newline too", async () => {
    const { engine } = setUp();
    const { ended } = await engine.startSandbox(plan({ command: ["printf", "a\\nb\\nc"] }), never);
    await ended;
    const lines = await engine.logs("s1", { since: 0, limit: 2 });
    expect(lines.map((each) => each.line)).toEqual(["b", "c"]);
    expect(await engine.logs("s1", { since: 1_000_001, limit: 2 })).toEqual([]);
  });

  it("is an engine's error, without an exit code, when its end is not known", async () => {
    const { engine } = setUp({
      run: () => {
        throw new Error("no idea");
      },
    });
    const { ended } = await engine.startSandbox(plan({ command: ["x"] }), never);
    expect(await ended).toMatchObject({ reason: "engine_error", message: "The command could not be run: no idea" });
    expect((await ended).exit_code).toBeUndefined();
  });
});

describe("commands", () => {
  it("see the environment and the files of their sandbox", async () => {
    const { engine } = setUp();
    await engine.startSandbox(plan({ env: { GREETING: "hello" } }), never);
    expect(await result(await exec(engine, ["printenv", "GREETING", "HOME", "HOSTNAME"]))).toEqual({
      stdout: "hello\n/root\none\n",
      stderr: "",
      exit_code: 0,
    });
    await result(await exec(engine, ["touch", "/tmp/mark"]));
    expect((await result(await exec(engine, ["ls", "/tmp"]))).stdout).toBe("mark\n");
  });

  it("read their input to its end", async () => {
    const { engine } = setUp();
    await engine.startSandbox(plan(), never);
    const wc = await engine.exec("s1", { exec_id: "e", command: ["wc", "-c"], stdin: true });
    const writer = wc.stdin?.getWriter();
    await writer?.write(new TextEncoder().encode("four"));
    await writer?.close();
    expect((await result(wc)).stdout).toBe("4\n");
  });

  it("can be killed, and killed again", async () => {
    const { engine, clock } = setUp();
    await engine.startSandbox(plan(), never);
    const sleeper = await exec(engine, ["sleep", "60"]);
    await sleeper.kill();
    await sleeper.kill();
    expect(await result(sleeper)).toEqual({ stdout: "", stderr: "", exit_code: 137 });
    await clock.advance(0);
    expect(clock.pending()).toBe(0);
  });

  it("have no known end when the sandbox is lost", async () => {
    const { engine } = setUp();
    const { ended } = await engine.startSandbox(plan(), never);
    const sleeper = await exec(engine, ["sleep", "60"]);
    await engine.evict("s1");
    await expect(sleeper.exit).rejects.toMatchObject({ code: "engine_error" });
    expect(await ended).toMatchObject({ reason: "evicted" });
    await expect(engine.evict("s1")).rejects.toMatchObject({ code: "not_found" });
  });

  it("end when the sandbox is stopped, with what they said so far", async () => {
    const { engine, clock } = setUp();
    await engine.startSandbox(plan(), never);
    const tail = await exec(engine, ["tail", "-f", "/dev/null"]);
    await clock.advance(1);
    await engine.stopSandbox("s1");
    await engine.stopSandbox("s1");
    await engine.stopSandbox("unknown");
    expect((await result(tail)).exit_code).toBe(137);
  });
});

describe("volumes", () => {
  it("are shared by the sandboxes that mount them, and by the API", async () => {
    const { engine } = setUp();
    await engine.createVolume({ id: "v1", type: "disk" });
    await engine.startSandbox(plan({ volume_mounts: { "/data": "v1" } }), never);
    await engine.startSandbox(plan({ id: "s2", volume_mounts: { "/other/place": "v1" } }), never);
    await engine.files("v1").write("/in/a.txt", text("from outside"));
    await result(await exec(engine, ["cp", "/data/in/a.txt", "/data/b.txt"]));
    expect((await result(await exec(engine, ["cat", "/other/place/b.txt"], "s2"))).stdout).toBe("from outside");
    expect(await textAt(engine, "v1", "/b.txt")).toBe("from outside");
  });

  it("show a file only when its last byte came", async () => {
    const { engine } = setUp();
    await engine.createVolume({ id: "v1", type: "disk" });
    const files = engine.files("v1");
    await files.write("/f", text("old"));
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new Error("cut"));
      },
    });
    await expect(files.write("/f", broken)).rejects.toThrow("cut");
    await expect(files.write("/new/dir/g", broken)).rejects.toThrow();
    expect(await textAt(engine, "v1", "/f")).toBe("old");
    expect((await files.list("/")).map((each) => each.name)).toEqual(["f"]);
  });

  it("read any range", async () => {
    const { engine } = setUp();
    await engine.createVolume({ id: "v1", type: "disk" });
    await engine.files("v1").write("/f", text("0123456789"));
    const part = await engine.files("v1").read("/f", () => ({ start: 3, length: 4 }));
    expect(part.file).toMatchObject({ name: "f", type: "file", size_bytes: 10 });
    expect(await new Response(part.bytes as ReadableStream<Uint8Array<ArrayBuffer>>).text()).toBe("3456");
    expect(await engine.files("v1").read("/f", () => undefined)).not.toHaveProperty("bytes");
  });

  it("stay what they were for a reader when they are replaced", async () => {
    const { engine } = setUp();
    await engine.createVolume({ id: "v1", type: "disk" });
    const files = engine.files("v1");
    await files.write("/f", text("old"));
    const { file, bytes } = await files.read("/f", ({ size_bytes }) => ({ start: 0, length: size_bytes }));
    await files.write("/f", text("a new one"));
    expect(file.size_bytes).toBe(3);
    expect(await new Response(bytes as ReadableStream<Uint8Array<ArrayBuffer>>).text()).toBe("old");
    expect(await textAt(engine, "v1", "/f")).toBe("a new one");
  });

  it("that are buckets have no files of their own", async () => {
    const { engine } = setUp();
    await engine.createVolume({ id: "b", type: "object", object: { bucket: "x", access: "read_only" } });
    await expect(engine.files("b").list("/")).rejects.toMatchObject({ code: "unsupported" });
    await engine.startSandbox(plan({ volume_mounts: { "/bucket": "b" } }), never);
    expect((await result(await exec(engine, ["touch", "/bucket/x"]))).stderr).toContain("read-only");
  });
});

describe("snapshots", () => {
  it("keep the files of the moment, without volumes, also after the sandbox is gone", async () => {
    const { engine } = setUp();
    await engine.createVolume({ id: "v1", type: "disk" });
    await engine.startSandbox(plan({ volume_mounts: { "/data": "v1" } }), never);
    for (const path of ["/data/v", "/root/kept"]) engine.tree({ sandbox: "s1" }).write(path, contentFrom("12345"));
    expect(await engine.createSnapshot({ id: "snap", sandbox_id: "s1" })).toEqual({ size_bytes: 5 });
    await result(await exec(engine, ["rm", "/root/kept"]));
    await engine.removeSandbox("s1");

    await engine.startSandbox(plan({ id: "s2", image: "", snapshot_id: "snap" }), never);
    await engine.deleteSnapshot("snap");
    expect((await result(await exec(engine, ["cat", "/root/kept"], "s2"))).stdout).toBe("12345");
    expect((await result(await exec(engine, ["ls", "/data"], "s2"))).stdout).toBe("");
  });
});

describe("metrics", () => {
  it("tell the bytes of the sandbox's own files over time", async () => {
    const { engine, clock } = setUp();
    await engine.startSandbox(plan(), never);
    await clock.advance(20_000);
    engine.tree({ sandbox: "s1" }).write("/tmp/f", contentFrom("x".repeat(1000)));
    await result(await exec(engine, ["true"]));
    await clock.advance(20_000);
    const samples = await engine.metrics("s1", { start: 0, end: clock.now() });
    expect(samples.map((sample) => [sample.timestamp, sample.mem_bytes])).toEqual([
      [1_000_000, 0],
      [1_015_000, 0],
      [1_030_000, 1000],
    ]);
    expect(await engine.metrics("s1", { start: 0, end: 999_999 })).toEqual([]);
  });
});
