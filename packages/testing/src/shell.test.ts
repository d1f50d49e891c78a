import { describe, expect, it } from "vitest";
import { createVirtualClock } from "./clock.ts";
import { createMemoryEngine } from "./memory/engine.ts";
import { bashShell } from "./shell.ts";

async function setUp() {
  const clock = createVirtualClock();
  const shell = bashShell();
  const engine = createMemoryEngine({ clock, run: (call) => shell.run(call) });
  await engine.createVolume({ id: "v1", type: "disk" });
  const plan = { image: "busybox", env: { WHO: "me" }, volume_mounts: { "/data": "v1" } };
  await engine.startSandbox({ ...plan, id: "s1", name: "one" }, new AbortController().signal);
  const start = (command: string[], stdin = false) => engine.exec("s1", { exec_id: "e", command, stdin });
  const finish = async (exec: Awaited<ReturnType<typeof start>>) => {
    const text = (stream: ReadableStream<Uint8Array>) =>
      new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
    const [stdout, stderr, { exit_code }] = await Promise.all([text(exec.stdout), text(exec.stderr), exec.exit]);
    return { stdout, stderr, exit_code };
  };
  const run = async (...command: string[]) => finish(await start(command));
  return { clock, engine, start, finish, run };
}

describe("the shell", () => {
  it("runs pipelines on the sandbox's files, its volumes and its environment", async () => {
    const { run, engine } = await setUp();
    const script = "mkdir -p /data/in && seq 5 | sort -r | head -n 2 > /data/in/x && echo $WHO at $(pwd) && exit 3";
    expect(await run("sh", "-c", script)).toEqual({ stdout: "me at /\n", stderr: "", exit_code: 3 });
    expect(await run("cat", "/data/in/x")).toEqual({ stdout: "5\n4\n", stderr: "", exit_code: 0 });
    expect(engine.tree({ volume: "v1" }).stat("/in/x").size).toBe(4);
  });

  it("passes arguments on as they are", async () => {
    const { run } = await setUp();
    const words = ["it's", "$WHO", "*", 'a "b"', "", "é\n"];
    expect((await run("printf", "[%s]", ...words)).stdout).toBe(words.map((word) => `[${word}]`).join(""));
  });

  it("does not know what it does not know", async () => {
    const { run } = await setUp();
    expect(await run("nope")).toMatchObject({ exit_code: 127, stderr: expect.stringContaining("nope") });
    expect(await run("bash", "-c", "cat /none")).toMatchObject({
      exit_code: 1,
      stderr: expect.stringContaining("No such file"),
    });
  });

  it("keeps its own files out of the sandbox's tree", async () => {
    const { run, engine } = await setUp();
    await run("sh", "-c", "ls / > /dev/null; test -x /bin/ls; rm -rf /data/*");
    expect(engine.tree({ sandbox: "s1" }).list("/bin")).toEqual([]);
    expect((await run("ls", "/")).stdout.split("\n")).toContain("data");
    expect((await engine.createSnapshot({ id: "x", sandbox_id: "s1" })).size_bytes).toBe(0);
  });

  it("reads its input as bytes", async () => {
    const { start, finish } = await setUp();
    const exec = await start(["sh", "-c", "tee /tmp/x | wc -c; wc -m < /tmp/x"], true);
    const writer = exec.stdin?.getWriter();
    await writer?.write(new TextEncoder().encode("äöü"));
    await writer?.close();
    expect((await finish(exec)).stdout.split(/\s+/)).toContain("6");
  });

  it("keeps bytes that are no text, and permission bits", async () => {
    const { run, engine } = await setUp();
    engine.tree({ volume: "v1" }).write("/bytes", { blocks: [Uint8Array.of(0, 255, 128)], size: 3 });
    expect((await run("sh", "-c", "cat /data/bytes > /data/copy; od -An -to1 /data/copy")).stdout.trim()).toBe(
      "000 377 200",
    );
    await run("sh", "-c", "echo 'echo ran' > /tmp/tool; chmod +x /tmp/tool");
    expect(engine.tree({ sandbox: "s1" }).stat("/tmp/tool").mode & 0o111).not.toBe(0);
  });

  it("sleeps on the clock, and idles until it is killed", async () => {
    const { start, finish, clock } = await setUp();
    const sleeper = await start(["sh", "-c", "sleep 3600; echo awake"]);
    // The shell loads in its own time, so the clock has to wait for the sleep.
    while (clock.pending() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(3_600_000);
    expect((await finish(sleeper)).stdout).toBe("awake\n");
    for (const command of [
      ["sleep", "infinity"],
      ["tail", "-f", "/dev/null"],
      ["sh", "-c", "while sleep 1; do :; done"],
    ]) {
      const idle = await start(command);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await idle.kill();
      expect((await finish(idle)).exit_code).toBe(137);
    }
    clock.close();
  });

  it("has a main process wait for its input only where it reads nothing else", async () => {
    const { engine } = await setUp();
    const signal = new AbortController().signal;
    const plan = { image: "busybox", env: {}, volume_mounts: {} };
    const begin = (id: string, command: string[]) => engine.startSandbox({ ...plan, id, name: id, command }, signal);
    for (const [index, command] of [["/bin/bash", "-l"], ["sh"], ["cat"]].entries()) await begin(`i${index}`, command);
    const { ended } = await begin("s2", ["sh", "-c", "cat; echo over; exit 3"]);
    expect((await ended).exit_code).toBe(3);
    expect(engine.alive()).toEqual(["s1", "i0", "i1", "i2"]);
  });

  it("starts what goes on by itself, which its number finds and ends", async () => {
    const { run, start, finish, engine, clock } = await setUp();
    const begun = await run(
      "sh",
      "-c",
      "setsid -f sh -c 'echo $$ > /tmp/pid; sleep 600; echo over > /tmp/over'; echo ok",
    );
    expect(begun).toMatchObject({ stdout: "ok\n", exit_code: 0 });
    const files = engine.tree({ sandbox: "s1" });
    while (!files.exists("/tmp/pid")) await new Promise((resolve) => setTimeout(resolve, 5));
    const look = `read -r pid </tmp/pid; read -r s </proc/$pid/stat; set -- \${s##*) }; kill -0 $pid && echo $1 \${20}`;
    const found = await run("sh", "-c", look);
    expect(found).toMatchObject({ stdout: expect.stringMatching(/^S \d+\n$/), exit_code: 0 });
    expect(await run("sh", "-c", look)).toEqual(found);
    expect(await run("sh", "-c", "read -r pid </tmp/pid; kill -TERM -$pid && echo sent")).toMatchObject({
      stdout: "sent\n",
    });
    expect(await run("sh", "-c", look)).not.toMatchObject({ exit_code: 0 });
    // What is waited for says how it ended; what an exec started in its session ends when the exec is killed.
    expect(await run("sh", "-c", "setsid sh -c 'echo out; echo err >&2; exit 7'; echo $?")).toEqual({
      stdout: "out\n7\n",
      stderr: "err\n",
      exit_code: 0,
    });
    const exec = await start(["sh", "-c", "setsid sh -c 'echo $$ > /tmp/two; sleep 600'"]);
    while (!files.exists("/tmp/two")) await new Promise((resolve) => setTimeout(resolve, 5));
    await exec.kill();
    expect((await finish(exec)).exit_code).toBe(137);
    expect(await run("sh", "-c", "read -r pid </tmp/two; kill -0 $pid")).toMatchObject({
      exit_code: 1,
      stderr: expect.stringContaining("No such process"),
    });
    await clock.advance(700_000);
    expect(files.exists("/tmp/over")).toBe(false);
    clock.close();
  });

  it("shows programs what was exported, and nothing else", async () => {
    const { run } = await setUp();
    const lines = async (...command: string[]) => (await run(...command)).stdout.trimEnd().split("\n");
    const own = "own=1; export given=2";
    for (const program of ["env", "printenv", "env X=1 env", "env X=1 sh -c env"]) {
      const shown = await lines("sh", "-c", `${own}; ${program}`, "sh", "argument");
      expect(shown, program).toEqual(expect.arrayContaining(["WHO=me", "given=2"]));
      expect(shown.filter((line) => /^own=|argument/.test(line))).toEqual([]);
      expect(shown.includes("X=1"), program).toBe(program.includes("X"));
    }
    expect(await run("sh", "-c", `${own}; printenv WHO own given constructor`)).toEqual({
      stdout: "me\n2\n",
      stderr: "",
      exit_code: 1,
    });
  });

  it("knows whom it runs as, and its terminal, wherever it asks", async () => {
    const { engine, finish } = await setUp();
    const command = ["sh", "-c", "whoami; echo $(tty); stty size"];
    const plan = { exec_id: "e", command, stdin: false };
    const tty = { rows: 30, cols: 100 };
    const inside = await finish(await engine.exec("s1", { ...plan, user: "nobody:users", tty }));
    expect(inside.stdout.replaceAll("\r", "")).toBe("nobody\n/dev/pts/0\n30 100\n");
    expect(await finish(await engine.exec("s1", plan))).toMatchObject({
      stdout: "root\nnot a tty\n",
      stderr: expect.stringContaining("Inappropriate ioctl"),
    });
  });

  it("runs a program with other variables, its input and its directory", async () => {
    const { run } = await setUp();
    const script = "cd /data; echo in | env -u WHO A=1=2 sh -c 'cat; pwd; echo \"[$A] [$WHO]\"; exit 4'; echo $?";
    expect((await run("sh", "-c", script)).stdout).toBe("in\n/data\n[1=2] []\n4\n");
    expect((await run("env", "-i", "B=", "env")).stdout).toContain("B=\n");
    expect((await run("env", "-i", "--", "A=1")).stdout).toBe("A=1\n");
    expect(await run("env", "A=1", "no-such-program")).toMatchObject({ exit_code: 127 });
    expect(await run("env", "-x")).toMatchObject({ exit_code: 125, stderr: expect.stringContaining("x") });
  });

  it("refuses what it does not know of setsid and kill", async () => {
    const { run } = await setUp();
    expect(await run("setsid", "-x", "true")).toMatchObject({ exit_code: 1, stderr: expect.stringContaining("x") });
    expect(await run("setsid")).toMatchObject({ exit_code: 1 });
    expect(await run("kill", "-NONE", "1")).toMatchObject({ exit_code: 1, stderr: expect.stringContaining("NONE") });
    expect(await run("kill", "-9")).toMatchObject({ exit_code: 2 });
    expect(await run("kill", "here")).toMatchObject({ exit_code: 1, stderr: expect.stringContaining("here") });
  });

  it("refuses links, which the files do not have", async () => {
    const { run } = await setUp();
    expect(await run("ln", "-s", "/data", "/link")).toMatchObject({ exit_code: 1 });
  });
});
