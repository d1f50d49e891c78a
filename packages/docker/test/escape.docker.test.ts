import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSandboxApi, type SandboxApi } from "@porter-sandbox/api";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { label } from "../src/names.ts";
import { type Bench, bench, bytesOf, forever, host, missing, newId, plan, readPart } from "./fixture.ts";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

// Every attempt is made as root in its sandbox, and after each of them a neighbour has to be well.
describe.skipIf(missing !== undefined)(`a hostile sandbox ${missing ?? ""}`, () => {
  let b: Bench;
  let api: SandboxApi;
  let canary: string;
  let volume: string;
  const [hostile, neighbour] = [newId("sb"), newId("sb")];
  const secret = `secret-${newId("x")}`;

  beforeAll(async () => {
    canary = mkdtempSync(join(tmpdir(), "porter-sandbox-canary-"));
    writeFileSync(join(canary, "canary"), secret);
    b = bench({ limits: { memory_bytes: 256 * MiB, pids: 256 }, helperSilenceMs: 3_000 });
    volume = newId("vol");
    await b.engine.createVolume({ id: volume, type: "disk" });
    await b.engine.startSandbox(plan({ id: hostile, volume_mounts: { "/v": volume } }), forever);
    const lives = `echo ${secret} >/tmp/secret; sleep 424242 & cat`;
    const env = { SECRET: secret };
    await b.engine.startSandbox(plan({ id: neighbour, command: ["sh", "-c", lives], env }), forever);
    // An engine of its own, since a server clears away what it does not know.
    api = createSandboxApi({ engine: bench({ limits: { memory_bytes: 256 * MiB } }).engine });
  });
  afterEach(async () => {
    const began = Date.now();
    const script = "cat /tmp/secret; ps -o args | grep -c '^sleep 424242$'";
    expect(await b.run(neighbour, "sh", "-c", script)).toEqual({ stdout: `${secret}\n1\n`, stderr: "", exit_code: 0 });
    expect(Date.now() - began).toBeLessThan(15_000);
  });
  afterAll(async () => {
    await api?.close();
    await b?.close();
    if (canary) rmSync(canary, { recursive: true });
  });

  const attempt = async (script: string) => {
    const { stdout, stderr } = await b.run(hostile, "sh", "-c", script);
    return stdout + stderr;
  };
  const background = async (sandbox: string, script: string) => {
    const command = ["sh", "-c", script];
    const exec = await b.engine.exec(sandbox, { exec_id: newId("ex"), command, stdin: false });
    void exec.stdout.cancel();
    void exec.stderr.cancel();
    return exec;
  };
  const files = () => b.engine.files(volume);
  const ask = async (method: string, path: string, body?: string | object) => {
    const json = typeof body === "object";
    const init: RequestInit = {
      method,
      ...(body !== undefined && { body: json ? JSON.stringify(body) : body }),
      ...(json && { headers: { "Content-Type": "application/json" } }),
    };
    const response = await api.fetch(new Request(`http://api.test/v1/${path}`, init));
    const text = await response.text();
    return { status: response.status, text, json: () => JSON.parse(text) };
  };
  /** A sandbox behind the API, which lets go of everything when it is closed. */
  const runBehindApi = async (spec: object) => {
    const { id } = (await ask("POST", "sandbox/run", { image: "busybox:1", ...spec })).json();
    await expect
      .poll(async () => (await ask("GET", `sandbox/${id}`)).json().phase, { timeout: 20_000 })
      .toBe("running");
    return id as string;
  };

  it("finds no file of the host", async () => {
    expect(await attempt(`cat ${canary}/canary /proc/*/root${canary}/canary /proc/*/cwd/canary`)).not.toContain(secret);
    expect(await attempt("find / -xdev -name canary")).not.toContain("canary");
    // The kernel's own doors to memory and disks, and to what the host would run.
    for (const file of ["/proc/kcore", "/dev/mem", "/dev/sda", "/dev/vda", "/dev/fuse", "/dev/kmsg"]) {
      expect(await attempt(`head -c 16 ${file} | wc -c`), file).toMatch(/^0$/m);
    }
    const written = "for file; do echo x >>$file && echo written $file; done";
    const doors = [
      ...["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger"],
      ...["/sys/kernel/uevent_helper", "/sbin/docker-init"],
      "$(find /sys/fs/cgroup/ -name release_agent -o -name cgroup.procs)",
    ];
    expect(await attempt(`set -- ${doors.join(" ")}; ${written}`)).not.toContain("written");
    const more =
      "mount -o remount,rw /sys; mount -t proc x /mnt; chroot / true && echo did; echo b >/proc/sysrq-trigger";
    expect(await attempt(more)).not.toContain("did");
  });

  it("finds no engine", async () => {
    const sockets = [host?.replace("unix://", ""), "/var/run/docker.sock", "/run/docker.sock", "/run/containerd"];
    expect(await attempt(`ls -d ${sockets.join(" ")} 2>/dev/null`)).toBe("");
    expect(await attempt("find / -xdev -type s")).toBe("");
    // Sockets without a file belong to a network namespace, and this is its own.
    expect(await attempt("cat /proc/net/unix")).not.toMatch(/docker|containerd|\.sock|dbus|systemd/);
    expect(await attempt("tr '\\0' '\\n' </proc/1/environ; env")).not.toMatch(/DOCKER|secret/i);
  });

  it("finds no process of another sandbox, and nothing that it holds", async () => {
    const look =
      "ps -o args; cat /proc/*/cmdline /proc/*/environ | tr '\\0' '\\n'; cat /tmp/secret /proc/*/root/tmp/secret";
    expect(await attempt(look)).not.toMatch(new RegExp(`424242$|${secret}|dockerd`, "m"));
    expect(await attempt("ipcs; ls -A /dev/shm /dev/mqueue")).not.toMatch(/0x[0-9a-f]+ +\d/);
    // All that it can see; the neighbour is looked after below.
    const killing = newId("sb");
    await b.engine.startSandbox(plan({ id: killing }), forever);
    await (await background(killing, "kill -9 -1; kill -9 1")).exit;
    await b.engine.removeSandbox(killing);
  });

  it("fills what lies in memory up to a bound, which is the sandbox's own memory at most", async () => {
    const said = await attempt("dd if=/dev/zero of=/dev/shm/fill bs=1M count=100");
    expect(said).toContain("No space left on device");
    expect(await attempt("du -m /dev/shm/fill | cut -f1; rm /dev/shm/fill")).toBe("64\n");
    // What else is writable there is its own, and counts as its memory: the writer ends, not the machine.
    const id = newId("sb");
    await b.engine.startSandbox(plan({ id }), forever);
    for (const at of ["/dev", "/sys/fs/cgroup", "/dev/mqueue", "/proc/keys", "/run"]) {
      const { stdout } = await b.run(
        id,
        "sh",
        "-c",
        `[ "$(stat -f -c %T ${at})" = tmpfs ] || exit
        dd if=/dev/zero of=${at}/fill bs=1M count=400 2>/dev/null && echo filled`,
      );
      expect(stdout, at).toBe("");
    }
    await b.engine.removeSandbox(id);
  });

  it("prints a line of 1 GiB: answers and logs are its beginning, and the server stays small", {
    timeout: 300_000,
  }, async () => {
    // In large writes: what is in the way of these bytes is counted by the write.
    const line = `head -c ${MiB} /dev/zero | tr '\\0' x >/part; cat $(yes /part | head -n ${GiB / MiB}); echo`;
    const prints = await runBehindApi({ command: ["sh", "-c", `${line}; echo end; : >/end; cat`] });
    const executes = await runBehindApi({});
    const grown = watchMemory();
    const answer = (await ask("POST", `sandbox/${executes}/exec`, { command: ["sh", "-c", line] })).json();
    expect([answer.exit_code, answer.stdout_truncated, answer.stdout.length]).toEqual([0, true, 8 * MiB]);
    const logs = async (id: string, limit: number) =>
      (await ask("GET", `sandbox/${id}/logs?limit=${limit}`)).json().logs as { line: string }[];
    // Not by its logs: as long as the line has no end, each look at them is one at all of it.
    const waits = ["sh", "-c", "until [ -e /end ]; do sleep 1; done"];
    expect((await ask("POST", `sandbox/${prints}/exec`, { command: waits })).json().exit_code).toBe(0);
    await expect.poll(async () => (await logs(prints, 1))[0]?.line, { timeout: 30_000, interval: 500 }).toBe("end");
    for (const id of [executes, prints]) {
      const lengths = (await logs(id, 5000)).map((entry) => entry.line.length);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(256 * 1024);
      expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThan(16 * MiB);
    }
    expect(grown() / MiB).toBeLessThan(300);
    await ask("DELETE", `sandbox/${prints}`);
    await ask("DELETE", `sandbox/${executes}`);
  });

  it("kills whatever it sees, and is killed all the same", { timeout: 120_000 }, async () => {
    const script = `while :; do for p in /proc/[0-9]*; do p=\${p##*/}
      if [ $p -gt 10 ] && [ $p != $$ ]; then kill -9 $p; fi; done 2>/dev/null; done`;
    for (let round = 0; round < 3; round += 1) {
      const exec = await background(hostile, script);
      await exec.kill();
      expect(await exec.exit).toEqual({ exit_code: 137 });
      expect(await attempt("echo moves")).toBe("moves\n");
    }
  });

  it("stops whatever it sees, the killer too, and is killed all the same", { timeout: 120_000 }, async () => {
    const script = `while :; do for p in /proc/[0-9]*; do p=\${p##*/}
      if [ $p -gt 10 ] && [ $p != $$ ]; then kill -STOP $p; fi; done 2>/dev/null; done`;
    // What stops them goes on after the first is killed.
    for (const exec of [await background(hostile, "sleep 1000"), await background(hostile, script)]) {
      await exec.kill();
      expect(await exec.exit).toEqual({ exit_code: 137 });
    }
    expect(await attempt("echo moves")).toBe("moves\n");
    const query = { all: true, filters: { label: [`${label.installation}=${b.installation}`, `${label.kind}=kill`] } };
    expect(await b.client.call("GET", "/containers/json", { query })).toEqual([]);
  });

  it("is stopped, and taken up again, also when it is held still", async () => {
    const ids = [newId("sb"), newId("sb")] as const;
    for (const id of ids) {
      const { ended } = await b.engine.startSandbox(plan({ id }), forever);
      await b.client.call("POST", `/containers/porter-sandbox-${b.installation}.sandbox.${id}/pause`);
      if (id !== ids[0]) continue;
      await b.engine.stopSandbox(id);
      expect(await ended).toMatchObject({ exit_code: 137 });
    }
    const next = bench({ installation: b.installation });
    await next.engine.attachSandbox(ids[1]);
    expect(await next.run(ids[1], "echo", "moves")).toMatchObject({ stdout: "moves\n" });
    await next.engine.close();
    for (const id of ids) await b.engine.removeSandbox(id);
  });

  it("puts more into a directory than a server can hold, and the listing is refused", {
    timeout: 180_000,
  }, async () => {
    const script = `mkdir -p /v/many && cd /v/many && name=$(head -c 240 /dev/zero | tr '\\0' n); i=0
      while [ $i -lt 70000 ]; do : >$name-$i; i=$((i + 1)); done; echo made`;
    expect(await attempt(script)).toBe("made\n");
    await files().list("/");
    const [grown, stalled] = [watchMemory(), watchStalls()];
    await expect(files().list("/many")).rejects.toMatchObject({
      code: "engine_error",
      message: expect.stringContaining("more than can be listed"),
    });
    expect(grown() / MiB).toBeLessThan(150);
    expect(stalled()).toBeLessThan(1_000);
    expect((await files().list("/")).map(({ name }) => name)).toEqual(["many"]);
    await attempt("cd /v && rm -rf many");
  });

  it("is not led out of a volume by a path", async () => {
    await files().write("/a/b", bytesOf("x"));
    const paths = [
      "/..",
      "/.",
      "/a/..",
      "/a/../..",
      "/a/../../etc/passwd",
      "/a/./b",
      "/a//b",
      "/a/",
      "a/b",
      "../x",
      "",
    ];
    for (const path of paths) {
      const attempts: (() => Promise<unknown>)[] = [
        () => files().stat(path),
        () => files().list(path),
        () => readPart(files(), path, 0, 1),
        () => readPart(files(), path, 0, MiB),
        () => files().write(path, bytesOf("y")),
        () => files().write(path, bytesOf(new Uint8Array(MiB))),
        () => files().move(path, "/new"),
        () => files().move("/a/b", path),
      ];
      for (const one of attempts) await expect(one(), `${one} ${path}`).rejects.toMatchObject({ code: "not_found" });
    }
    expect((await files().list("/")).map(({ name }) => name)).toEqual(["a"]);
    expect((await files().list("/a")).map(({ name }) => name)).toEqual(["b"]);
  });

  it("is not led out of a volume by what a request says", async () => {
    const { id } = (await ask("POST", "volume", {})).json();
    await expect.poll(async () => (await ask("GET", `volume/${id}`)).json().phase).toBe("ready");
    await ask("PUT", `volume/${id}/files/content?path=/a/b`, "mine");
    const outside = [
      "..",
      "/..",
      "a/../../etc/passwd",
      "/a/../..",
      "..\\..",
      "/./../etc",
      "a\0b",
      "\u202e/../../etc/passwd",
    ];
    for (const path of outside) {
      for (const encoded of [encodeURIComponent(path), encodeURIComponent(path).replaceAll(".", "%2e")]) {
        const at = `volume/${id}/files`;
        const answers = [
          await ask("GET", `${at}?path=${encoded}`),
          await ask("GET", `${at}/content?path=${encoded}`),
          await ask("POST", `${at}/move`, { from: path, to: "/new" }),
          await ask("POST", `${at}/move`, { from: "/a/b", to: `${path}/new` }),
        ];
        for (const { status, text } of answers) {
          expect([400, 404], `${JSON.stringify(path)}: ${status} ${text}`).toContain(status);
          expect(text).not.toMatch(/root:|docker|volume\/\.\./);
        }
      }
    }
    expect((await ask("GET", `volume/${id}/files`)).json().entries).toMatchObject([
      { name: "a", entries: [{ name: "b" }] },
    ]);
    // A volume's id is no path either.
    for (const strange of ["..", "%2e%2e", "..%2f..", `${id}%2f..%2f..`, "%00"]) {
      expect((await ask("GET", `volume/${strange}/files`)).status).toBeGreaterThanOrEqual(400);
    }
  });

  it("changes what a path leads to while it is worked on, and wins nothing in any operation", {
    timeout: 120_000,
  }, async () => {
    const script = `mkdir -p /v/race/safe && cd /v/race && echo inside >safe/passwd && echo inside >file && mkfifo pipe
      while :; do
        mv safe dir; mv dir safe; ln -s /etc dir; rm dir; ln -s ../.. dir; rm dir
        mv file name; mv name file; ln -s /etc/passwd name; rm name; mv pipe name; mv name pipe
        mv got dir/passwd; mv dir/got .; mv got safe/passwd; rm -f safe/new
      done 2>/dev/null`;
    const racing = await background(hostile, script);
    const seen = new Set<string>();
    const note = async (what: Promise<unknown>) => {
      const said = await what.then((value) => String(value)).catch((error: { code: string }) => error.code);
      seen.add(said);
    };
    const text = async (path: string, length: number) => new Response(await readPart(files(), path, 0, length)).text();
    const until = Date.now() + 8_000;
    let slowest = 0;
    while (Date.now() < until) {
      const operations: (() => Promise<unknown>)[] = [
        () => text("/race/dir/passwd", 7),
        () => text("/race/name", 7),
        () => text("/race/name", MiB),
        async () =>
          (await files().list("/race/dir"))
            .map(({ name }) => name)
            .filter((name) => !/^(passwd|new|got|safe)$/.test(name)),
        async () => (await files().stat("/race/name")).size_bytes,
        () => files().write("/race/dir/new", bytesOf("x")),
        () => files().write("/race/dir/new", bytesOf(new Uint8Array(8192))),
        () => files().move("/race/dir/passwd", "/race/got"),
        () => files().move("/race/got", "/race/dir/got"),
      ];
      for (const operation of operations) {
        const began = Date.now();
        await note(operation());
        slowest = Math.max(slowest, Date.now() - began);
      }
    }
    // Whatever the moment looked like: the sandbox's own, or a refusal. The size of the host's or the helper's passwd is neither.
    const fine = [
      "inside\n",
      "7",
      "",
      "undefined",
      "not_found",
      "not_a_directory",
      "is_a_directory",
      "exists",
      "engine_error",
    ];
    expect([...seen].filter((what) => !fine.includes(what))).toEqual([]);
    expect(seen.size).toBeGreaterThan(1);
    // A pipe that was opened for a file waits for a writer; nobody waits for it.
    expect(slowest).toBeLessThan(15_000);
    await racing.kill();
    await files().write("/race/after", bytesOf("as ever"));
    expect(await text("/race/after", 7)).toBe("as ever");
    expect(await attempt("ls /etc/new /new /etc/got 2>/dev/null")).toBe("");
  });

  it("makes a helper wait for ever, and the next one has a new helper", async () => {
    await files().write("/still", bytesOf("here"));
    const query = { filters: { label: [`io.porter-sandbox.kind=files`, `io.porter-sandbox.id=${volume}`] } };
    const [helper] = await b.client.call<{ Id: string }[]>("GET", "/containers/json", { query });
    await b.client.call("POST", `/containers/${helper?.Id}/pause`);
    const began = Date.now();
    await expect(readPart(files(), "/still", 0, 4)).rejects.toMatchObject({
      message: expect.stringContaining("3000 ms"),
    });
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(await new Response(await readPart(files(), "/still", 0, 4)).text()).toBe("here");
  });
});

/** Answers by how many bytes this process has grown at most since. */
function watchMemory(): () => number {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  return () => {
    clearInterval(timer);
    return most - before;
  };
}

/** Answers for how many milliseconds at most this process did nothing else. */
function watchStalls(): () => number {
  let [last, most] = [performance.now(), 0];
  const timer = setInterval(() => {
    const now = performance.now();
    [most, last] = [Math.max(most, now - last), now];
  }, 10);
  return () => {
    clearInterval(timer);
    return most;
  };
}
