import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { whyUnenforceable } from "../src/network/egress.ts";
import { type Bench, bench, forever, host, missing, newId, plan, run } from "./fixture.ts";
import { addToLoopback, ip, openWorld, type World } from "./world.ts";

const noFilter =
  missing ??
  whyUnenforceable({ kind: "socket", path: host ?? "" }) ??
  (process.geteuid?.() === 0 ? undefined : "not root");

describe.skipIf(missing !== undefined)(`isolation by default ${missing ?? ""}`, () => {
  let b: Bench;
  let id: string;
  beforeAll(async () => {
    b = bench();
    id = newId("sb");
    await b.engine.startSandbox(plan({ id }), forever);
  });
  afterAll(() => b.close());
  const sh = async (script: string) => (await b.run(id, "sh", "-c", script)).stdout;

  it("leaves few capabilities, and no way to more", async () => {
    const status = await sh("grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status");
    // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE
    expect(status.match(/Cap(Eff|Bnd):\s+0*5fb$/gm)).toHaveLength(2);
    expect(status).toMatch(/NoNewPrivs:\s+1/);
    expect(status).toMatch(/Seccomp:\s+2/);
    expect(await sh("mount -t tmpfs x /tmp 2>&1; mknod /tmp/sda b 8 0 2>&1; unshare -U true 2>&1")).toMatch(
      /(permitted|denied)[\s\S]*(permitted|denied)[\s\S]*(permitted|denied)/,
    );
    expect(await sh("ping -c1 -W1 127.0.0.1 2>&1; echo 1 >/proc/sys/kernel/panic")).not.toMatch(/^1$/m);
  });

  it("is bounded in memory, swap, processes, processor time and core dumps, as the kernel counts them", async () => {
    const files = (...names: string[]) => names.map((name) => `/sys/fs/cgroup/${name}`).join(" ");
    const read = async (...names: string[]) => (await sh(`cat ${files(...names)} 2>/dev/null`)).trim();
    // Of the second or of the first kind of cgroups.
    expect(await read("memory.max", "memory/memory.limit_in_bytes")).toBe(String(1024 ** 3));
    expect(await read("pids.max", "pids/pids.max")).toBe("1024");
    expect(await read("cpu.max", "cpu/cpu.cfs_quota_us")).toMatch(/^100000( 100000)?$/);
    // Memory and swap together are no more than memory; where the kernel does not count swap there is nothing to read.
    expect(["0", String(1024 ** 3), ""]).toContain(await read("memory.swap.max", "memory/memory.memsw.limit_in_bytes"));
    expect(await sh("ulimit -c; ulimit -Hc")).toBe("0\n0\n");
  });

  it("shows nothing of the machine: files, engine, processes", async () => {
    expect(await sh("ls -d /var/run/docker.sock /run/docker.sock /host /mnt/* 2>/dev/null")).toBe("");
    expect(
      await sh(
        "grep -vE ' (/|/proc|/proc/.*|/dev|/dev/.*|/sys|/sys/.*|/etc/(hosts|hostname|resolv.conf)|/sbin/docker-init) ' /proc/mounts",
      ),
    ).toBe("");
    expect(Number(await sh("ps | wc -l"))).toBeLessThan(10);
  });

  it("holds a fork bomb and a memory bomb, and the neighbours stay well", async () => {
    const [bomb, neighbour] = [newId("sb"), newId("sb")];
    const limited = bench({
      installation: b.installation,
      limits: { pids: 64, memory_bytes: 64 * 1024 * 1024, cpu_cores: 0.5 },
    });
    const { ended } = await limited.engine.startSandbox(plan({ id: bomb }), forever);
    await limited.engine.startSandbox(plan({ id: neighbour }), forever);
    const forks = await limited.engine.exec(bomb, {
      exec_id: newId("ex"),
      command: ["sh", "-c", "b() { b | b & b; }; b"],
      stdin: false,
    });
    void forks.stdout.cancel();
    void forks.stderr.cancel();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await limited.run(neighbour, "echo", "well")).toMatchObject({ stdout: "well\n", exit_code: 0 });
    await forks.kill();
    expect(await limited.run(bomb, "echo", "again")).toMatchObject({ stdout: "again\n", exit_code: 0 });
    const memory = await limited.run(bomb, "sh", "-c", "head -c 200m /dev/zero | tail");
    expect(memory.exit_code).not.toBe(0);
    expect(await limited.run(neighbour, "echo", "well")).toMatchObject({ stdout: "well\n" });
    await limited.engine.removeSandbox(bomb);
    expect((await ended).reason).toBeDefined();
    await limited.engine.removeSandbox(neighbour);
    await limited.engine.close();
  });

  it("keeps sandboxes apart on their network, and a bounded part of a flood of output", async () => {
    const other = newId("sb");
    const bounded = bench({ installation: b.installation, limits: { log_bytes: 1024 * 1024 } });
    const large = "head -c 1m /dev/zero | tr '\\0' x >/part; cat $(yes /part | head -n 100)";
    const flood = `nc -ll -p 7777 -e echo reached & ${large}; echo; echo end; cat`;
    await bounded.engine.startSandbox(plan({ id: other, command: ["sh", "-c", flood] }), forever);
    await expect
      .poll(async () => (await bounded.engine.logs(other, { since: 0, limit: 1 }))[0]?.line, { timeout: 50_000 })
      .toBe("end");
    const lines = await bounded.engine.logs(other, { since: 0, limit: 5000 });
    expect(lines.reduce((sum, { line }) => sum + line.length, 0)).toBeLessThan(2 * 1024 * 1024);
    const address = (
      await bounded.run(other, "sh", "-c", "ip -4 -o addr show eth0 | awk '{print $4}' | cut -d/ -f1")
    ).stdout.trim();
    expect(address).toMatch(/^\d+(\.\d+){3}$/);
    expect(await sh(`nc -w 2 ${address} 7777 </dev/null 2>&1`)).not.toContain("reached");
    expect((await bounded.run(other, "nc", "-w", "2", "127.0.0.1", "7777")).stdout).toContain("reached");
    await bounded.engine.removeSandbox(other);
    await bounded.engine.close();
  });
});

describe.skipIf(noFilter !== undefined)(`egress ${noFilter ?? ""}`, () => {
  let world: World;
  let near: string;
  let far: string;
  let metadata: string;
  let b: Bench;
  let own: Server;
  let ownPort: number;

  beforeAll(async () => {
    // 203.0.113.2, which also answers as the metadata service and as a private machine.
    world = openWorld(run);
    ({ near, far, metadata } = world.addresses);
    own = createServer((_request, response) => void response.end("reached"));
    ownPort = await new Promise<number>((resolve) =>
      own.listen(0, "0.0.0.0", () => resolve((own.address() as { port: number }).port)),
    );
    await vi.waitFor(async () => expect(await (await fetch(`http://${far}:8099`)).text()).toBe("reached"), 10_000);
    b = bench({ egress: "enforced", spareNetworks: 1, resolvers: ["10.200.0.2"] });
  });
  afterAll(async () => {
    await b?.close();
    own?.close();
    world?.close();
  });

  const reach = async (id: string, address: string, port = 8099) => {
    const { stdout } = await b.run(id, "sh", "-c", get(address, port));
    return stdout.endsWith("reached");
  };
  /** A static busybox's wget needs what no static program has. */
  const get = (address: string, port = 8099) =>
    `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${address} ${port} | tail -n 1`;

  it("is the public internet and nothing else by default", async () => {
    const id = newId("sb");
    await b.engine.startSandbox(plan({ id }), forever);
    expect(await reach(id, far)).toBe(true);
    expect(await reach(id, "10.200.0.2")).toBe(false);
    expect(await reach(id, metadata)).toBe(false);
    const answer = await b.run(id, "nslookup", "-type=a", "example.com");
    expect(answer.stdout).toContain("203.0.113.77");
    // The machine itself: by its public address, and by the gateway's.
    expect(await reach(id, near, ownPort)).toBe(false);
    const gateway = (await b.run(id, "sh", "-c", "ip route | awk '/^default/ {print $3}'")).stdout.trim();
    expect(await reach(id, gateway, ownPort)).toBe(false);
    await b.engine.removeSandbox(id);
  });

  it("holds from the first instruction", async () => {
    for (let round = 0; round < 3; round += 1) {
      const id = newId("sb");
      const script = `${get("10.200.0.2")}; ${get(far)}; echo; echo done; cat`;
      await b.engine.startSandbox(plan({ id, command: ["sh", "-c", script] }), forever);
      await expect
        .poll(
          async () =>
            (await b.engine.logs(id, { since: 0, limit: 10 }))
              .filter(({ stream }) => stream === "stdout")
              .map(({ line }) => line),
          { timeout: 10_000 },
        )
        .toEqual(["reached", "done"]);
      await b.engine.removeSandbox(id);
    }
  });

  it("is what is listed, and only that", async () => {
    const [one, range, none] = [newId("sb"), newId("sb"), newId("sb")];
    await b.engine.startSandbox(plan({ id: one, egress: ["203.0.113.77", "10.200.0.2/32"] }), forever);
    await b.engine.startSandbox(plan({ id: range, egress: ["203.0.113.0/30", "0.0.0.0/1"] }), forever);
    await b.engine.startSandbox(plan({ id: none, egress: [] }), forever);
    expect([await reach(one, "203.0.113.77"), await reach(one, far), await reach(one, "10.200.0.2")]).toEqual([
      true,
      false,
      true,
    ]);
    expect([await reach(range, "203.0.113.77"), await reach(range, far), await reach(range, near, ownPort)]).toEqual([
      false,
      true,
      false,
    ]);
    expect(await reach(none, far)).toBe(false);
    for (const id of [one, none]) {
      const answer = await b.run(id, "timeout", "3", "nslookup", "-type=a", "example.com");
      expect([answer.exit_code === 0, answer.stdout.includes("203.0.113.77")]).toEqual([false, false]);
    }
    for (const id of [one, range, none]) await b.engine.removeSandbox(id);
  });

  it("reaches no address of the machine, whenever and wherever it came to be, whatever a list says", {
    timeout: 180_000,
  }, async () => {
    // On loopback, on an interface that has nobody at its other end, and after a network was made ready.
    const [onLoopback, onBridge] = ["203.0.113.130", "198.51.100.1"];
    const bridge = `${world.name}b`;
    const Name = newId("other");
    const other = await b.client.call<{ Id: string }>("POST", "/networks/create", { json: { Name } });
    const forget = addToLoopback(run, onLoopback);
    ip("link", "add", bridge, "type", "bridge");
    ip("link", "set", bridge, "up");
    ip("addr", "add", `${onBridge}/32`, "dev", bridge);
    const [usual, list, neighbour] = [newId("sb"), newId("sb"), newId("sb")];
    try {
      const networks = [
        await b.client.call<{ Id: string }>("GET", `/networks/porter-sandbox-${b.installation}`),
        other,
      ];
      const bridges = networks.map(({ Id }) => `br-${Id.slice(0, 12)}`);
      // What other tests have on the machine comes and goes meanwhile.
      const passing = (device: string) => device === "lo" || (device.startsWith("br-") && !bridges.includes(device));
      const found = [...ip("-4", "-o", "addr").matchAll(/^\d+: (\S+)\s+inet ([\d.]+)/gm)];
      const addresses = found.flatMap(([, device = "", address = ""]) => (passing(device) ? [] : [address]));
      addresses.push(onLoopback);
      expect(found.filter(([, device = ""]) => bridges.includes(device))).toHaveLength(2);
      expect(addresses).toEqual(expect.arrayContaining([near, onBridge]));
      for (const address of addresses) {
        expect(await (await fetch(`http://${address}:${ownPort}`)).text(), address).toBe("reached");
      }
      await b.engine.startSandbox(plan({ id: usual }), forever);
      await b.engine.startSandbox(plan({ id: list, egress: ["0.0.0.0/0"] }), forever);
      const listens = ["nc", "-ll", "-p", "8099", "-e", "echo", "reached"];
      await b.engine.startSandbox(plan({ id: neighbour, command: listens }), forever);
      const next = (await b.run(neighbour, "sh", "-c", "ip -4 -o addr show eth0 | awk '{print $4}' | cut -d/ -f1"))
        .stdout;
      expect(await reach(list, far)).toBe(true);
      const never = [
        ...addresses.map((address) => [address, ownPort] as const),
        [metadata, 8099],
        [next.trim(), 8099],
      ] as const;
      for (const id of [usual, list]) {
        const reached = await Promise.all(never.map(async ([to, at]) => ((await reach(id, to, at)) ? [to] : [])));
        expect(reached.flat(), id).toEqual([]);
      }
    } finally {
      for (const id of [usual, list, neighbour]) await b.engine.removeSandbox(id);
      forget();
      ip("link", "del", bridge);
      await b.client.call("DELETE", `/networks/${other.Id}`);
    }
  });

  it("asks the machine for names when that is its resolver, and for nothing else", async () => {
    const names = createServer((_request, response) => void response.end("reached"));
    await new Promise<void>((resolve) => names.listen(53, near, resolve));
    const asking = bench({ egress: "enforced", spareNetworks: 0, resolvers: [near] });
    const [usual, list] = [newId("sb"), newId("sb")];
    try {
      await asking.engine.startSandbox(plan({ id: usual }), forever);
      await asking.engine.startSandbox(plan({ id: list, egress: ["0.0.0.0/0"] }), forever);
      const reaches = async (id: string, port: number) =>
        (await asking.run(id, "sh", "-c", get(near, port))).stdout.endsWith("reached");
      expect([await reaches(usual, 53), await reaches(usual, ownPort), await reaches(list, 53)]).toEqual([
        true,
        false,
        false,
      ]);
    } finally {
      await asking.close();
      names.close();
    }
  });

  it("cannot be changed from inside, nor gone around", async () => {
    const [id, other] = [newId("sb"), newId("sb")];
    await b.engine.startSandbox(plan({ id }), forever);
    await b.engine.startSandbox(
      plan({ id: other, command: ["nc", "-ll", "-p", "7777", "-e", "echo", "reached"] }),
      forever,
    );
    const address = (
      await b.run(other, "sh", "-c", "ip -4 -o addr show eth0 | awk '{print $4}' | cut -d/ -f1")
    ).stdout.trim();
    expect((await b.run(other, "nc", "-w", "2", address, "7777")).stdout).toContain("reached");
    expect((await b.run(id, "nc", "-w", "2", address, "7777")).stdout).not.toContain("reached");
    for (const command of [
      "ip route add 10.0.0.0/8 dev eth0",
      "ip link set eth0 down",
      "ip addr add 10.1.1.1/8 dev eth0",
    ]) {
      expect((await b.run(id, "sh", "-c", command)).exit_code, command).not.toBe(0);
    }
    expect((await b.run(id, "sh", "-c", "ip -6 addr show eth0")).stdout).toBe("");
    expect(await reach(id, "10.200.0.2")).toBe(false);
    for (const sandbox of [id, other]) await b.engine.removeSandbox(sandbox);
  });

  it("refuses what a packet filter cannot hold", async () => {
    for (const entry of ["example.com", "*.example.com", "2001:db8::1", "db.prod.svc.cluster.local", "300.1.1.1"]) {
      await expect(b.engine.startSandbox(plan({ egress: [entry] }), forever)).rejects.toMatchObject({
        code: "unsupported",
      });
    }
  });

  it("leaves no network behind when sandboxes end, or when the server is gone", async () => {
    const { ended } = await b.engine.startSandbox(plan({ command: ["true"] }), forever);
    await ended;
    const holders = async () => (await b.left()).containers.filter((name) => name.includes(".holder."));
    // What stays is the one that is kept ready.
    await expect.poll(holders, { timeout: 10_000 }).toHaveLength(1);
    const next = bench({ installation: b.installation, egress: "enforced", spareNetworks: 0 });
    const lives = plan();
    await next.engine.startSandbox(lives, forever);
    await next.engine.inventory();
    expect(await holders()).toHaveLength(1);
    expect(await next.run(lives.id, "sh", "-c", get(far))).toMatchObject({ stdout: "reached" });
    await next.engine.removeSandbox(lives.id);
    await next.engine.close();
  });
});
