import { createServer } from "node:http";
import { createMemoryStore, createSandboxApi } from "@porter-sandbox/api";
import { afterEach, describe, expect, it } from "vitest";
import { dockerEngine } from "../src/index.ts";
import { label } from "../src/names.ts";
import { whyUnenforceable } from "../src/network/egress.ts";
import { testImage } from "./engine.ts";
import { type Bench, bench, forever, host, missing, newId, plan, run } from "./fixture.ts";
import { addToLoopback } from "./world.ts";

const skip = missing ?? whyUnenforceable({ kind: "socket", path: host ?? "" });

interface Listed {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
}

describe.skipIf(skip !== undefined)(`containers that are kept ready ${skip ?? ""}`, { timeout: 180_000 }, () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  function own(options: Parameters<typeof bench>[0] = {}): Bench {
    const made = bench({ egress: "enforced", pool: { image: testImage, size: 2 }, ...options });
    closing.push(() => made.close());
    return made;
  }
  /** All that were made to be kept ready, handed out or not. */
  const made = ({ client, installation }: Bench) => {
    const labels = [`${label.installation}=${installation}`, `${label.kind}=pool`];
    return client.call<Listed[]>("GET", "/containers/json", { query: { all: true, filters: { label: labels } } });
  };
  const waiting = async (b: Bench) =>
    (await made(b)).filter(({ Names, State }) => State === "running" && Names[0]?.includes(".pool."));
  async function filled(b: Bench, size = 2): Promise<void> {
    await b.engine.inventory();
    await expect.poll(async () => (await waiting(b)).length, { timeout: 60_000 }).toBe(size);
    // Started is not yet known to be started.
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  const isWarm = async (b: Bench, id: string) =>
    (await made(b)).some(({ Names }) => Names[0] === `/porter-sandbox-${b.installation}.sandbox.${id}`);

  it("are handed out as a sandbox like any other, are no sandboxes before, and are made anew", async () => {
    const b = own();
    await filled(b);
    expect(await b.engine.inventory()).toEqual({ sandboxes: [], snapshots: [], volumes: [] });
    const id = newId("sb");
    const asked = Date.now();
    const { started_at, ended, host: found } = await b.engine.startSandbox(plan({ id }), forever);
    expect(started_at).toBeGreaterThanOrEqual(asked);
    expect(found).toBe("");
    expect(await isWarm(b, id)).toBe(true);
    expect(await b.engine.inventory()).toMatchObject({ sandboxes: [id] });
    expect(await b.run(id, "sh", "-c", "echo out; echo err >&2; exit 3")).toEqual({
      stdout: "out\n",
      stderr: "err\n",
      exit_code: 3,
    });
    expect((await b.run(id, "env")).stdout).not.toContain("porter-sandbox-");
    expect(await b.engine.logs(id, { since: 0, limit: 10 })).toEqual([]);
    await filled(b);
    await b.engine.stopSandbox(id);
    expect(await ended).toMatchObject({ exit_code: 137 });
    await b.engine.removeSandbox(id);
    expect(await b.engine.inventory()).toMatchObject({ sandboxes: [] });
    expect((await b.left()).containers.filter((name) => name.includes(".sandbox."))).toEqual([]);
  });

  it("are for creates that ask for nothing else", async () => {
    const b = own();
    await filled(b);
    await b.engine.createVolume({ id: "vol-1", type: "disk" });
    const others: Parameters<typeof plan>[0][] = [
      { command: ["cat"] },
      { args: ["sh"] },
      { env: { A: "1" } },
      { volume_mounts: { "/v": "vol-1" } },
      { egress: ["192.0.2.1"] },
      { egress: [] },
      { networking: { port: 80, visibility: "private" } },
      { resources: { memory_bytes: 64 * 1024 * 1024 } },
    ];
    for (const other of others) {
      const id = newId("sb");
      await b.engine.startSandbox(plan({ id, ...other }), forever);
      expect(await isWarm(b, id), JSON.stringify(other)).toBe(false);
      await b.engine.removeSandbox(id);
    }
    const same = newId("sb");
    await b.engine.startSandbox(plan({ id: same, command: [], resources: { cpu_cores: 1 } }), forever);
    expect(await isWarm(b, same)).toBe(true);
  });

  it("are behind the packet filter, also for addresses that the machine got while they waited", async () => {
    const server = createServer((_request, response) => void response.end("reached"));
    await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
    closing.push(() => server.close());
    const { port } = server.address() as { port: number };
    const b = own();
    await filled(b);
    closing.push(addToLoopback(run, "198.51.100.9"));
    const id = newId("sb");
    await b.engine.startSandbox(plan({ id }), forever);
    expect(await isWarm(b, id)).toBe(true);
    const gateway = (await b.run(id, "sh", "-c", "ip route | awk '/^default/ {print $3}'")).stdout.trim();
    for (const address of ["198.51.100.9", gateway]) {
      const script = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${address} ${port} | tail -n 1`;
      expect((await b.run(id, "sh", "-c", script)).stdout, address).toBe("");
    }
  });

  it("are not handed out when they ended, or when the image's name leads elsewhere", async () => {
    const image = `${newId("pool")}:1`;
    const [repo, tag] = image.split(":");
    const b = own({ pool: { image, size: 1 } });
    closing.push(() => b.client.call("DELETE", `/images/${image}`, { query: { force: true } }));
    await b.client.call("POST", `/images/${testImage}/tag`, { query: { repo, tag } });
    await filled(b, 1);
    const [first] = await waiting(b);
    await b.client.call("POST", "/commit", { query: { container: first?.Id, repo, tag }, json: { Env: ["NEW=1"] } });
    const id = newId("sb");
    await b.engine.startSandbox(plan({ id, image }), forever);
    expect(await isWarm(b, id)).toBe(false);
    expect((await b.run(id, "env")).stdout).toContain("NEW=1");
    await filled(b, 1);
    const [next] = await waiting(b);
    await b.client.call("POST", `/containers/${next?.Id}/kill`);
    const other = newId("sb");
    await b.engine.startSandbox(plan({ id: other, image }), forever);
    expect(await isWarm(b, other)).toBe(false);
    expect(await b.run(other, "echo", "well")).toMatchObject({ stdout: "well\n" });
  });

  it("go when the engine is closed, with all that they used", async () => {
    const b = own();
    await filled(b);
    await b.engine.close();
    expect((await b.left()).containers).toEqual([]);
  });

  it("go when their server was killed; what it handed out is taken up, as old as it was", async () => {
    const b = own();
    await filled(b);
    const store = createMemoryStore();
    // Killed: it lets go of nothing.
    const first = createSandboxApi({
      engine: { ...b.engine, close: async () => {} },
      store: { ...store, close: async () => {} },
    });
    const ask = async (api: typeof first, path: string, body?: object) => {
      const init = body && {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "Content-Type": "application/json" },
      };
      return (await (await api.fetch(`http://api.test/v1/sandbox${path}`, init)).json()) as Record<string, string>;
    };
    const { id } = await ask(first, "/run", { image: testImage, ttl_seconds: 600 });
    await expect.poll(async () => (await ask(first, `/${id}`)).phase).toBe("running");
    expect(await isWarm(b, id ?? "")).toBe(true);
    const before = await ask(first, `/${id}`);
    await first.close();
    const engine = dockerEngine({ host, installation: b.installation, spareNetworks: 0, proxy: false });
    const second = createSandboxApi({ engine, store });
    closing.push(() => second.close());
    expect(await ask(second, `/${id}`)).toEqual(before);
    expect((await waiting(b)).length).toBe(0);
    expect(await ask(second, `/${id}/exec`, { command: ["echo", "still"] })).toMatchObject({ stdout: "still\n" });
  });

  it("are asked for with a size, and only where there is a packet filter", () => {
    const of = (size: number, image = "busybox:1") => ({ pool: { image, size } });
    expect(() => dockerEngine({ ...of(0), host })).toThrow("pool.size: must be a whole number from 1 to 100 (got 0)");
    expect(() => dockerEngine({ ...of(1, ""), host })).toThrow("pool.image: must be an image");
    expect(() => dockerEngine({ ...of(1), host, egress: "unenforced" })).toThrow("pool: goes only with egress");
  });
});
