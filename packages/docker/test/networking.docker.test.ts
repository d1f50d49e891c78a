import http from "node:http";
import net from "node:net";
import type { SandboxPlan } from "@porter-sandbox/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DockerEngineOptions } from "../src/index.ts";
import { label } from "../src/names.ts";
import { whyUnenforceable } from "../src/network/egress.ts";
import { type Bench, bench, forever, host, missing, newId, plan } from "./fixture.ts";

const unfiltered = whyUnenforceable({ kind: "socket", path: host ?? "" });
const port = 8080;

/** Answers each request with these words and what it was sent. */
const server = (words: string) => [
  "sh",
  "-c",
  `mkdir /w && echo ${words} >/w/index.html && exec httpd -f -p ${port} -h /w`,
];
const web = (words: string, changes: Partial<SandboxPlan> = {}): SandboxPlan =>
  plan({ command: server(words), networking: { port, visibility: "public" }, ...changes });

const portOf = (host: string) => Number(host.split(":")[1] ?? 80);

interface Got {
  readonly status: number;
  readonly text: string;
}

function get(host: string, { at = portOf(host), headers = {} as Record<string, string> } = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = http.get(
      { host: "127.0.0.1", port: at, agent: false, headers: { Host: host, ...headers } },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (part) => {
          text += part;
        });
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text: text.trim() }));
        answer.on("error", reject);
      },
    );
    request.on("error", reject);
  });
}

/** The port opens a moment after the sandbox runs. */
const answers = (host: string, words: string) =>
  expect.poll(() => get(host), { timeout: 10_000 }).toEqual({ status: 200, text: words });

function exposing(name: string, options: DockerEngineOptions, why: string | undefined) {
  describe.skipIf(why !== undefined)(`an exposed port, ${name} ${why ?? ""}`, () => {
    let b: Bench;
    beforeAll(() => {
      b = bench(options);
    });
    afterAll(() => b?.close());

    it("is reached by the sandbox's name, and each name leads to its own", async () => {
      expect(b.engine.features.networking).toBe(true);
      const [one, two] = [web("one"), web("two")];
      const [first, second] = await Promise.all([one, two].map((each) => b.engine.startSandbox(each, forever)));
      expect(first?.host).toMatch(new RegExp(`^${one.name}\\.localhost:\\d+$`));
      await answers(first?.host ?? "", "one");
      await answers(second?.host ?? "", "two");
      expect(await get(`nobody.localhost`, { at: portOf(first?.host ?? "") })).toMatchObject({ status: 404 });
      for (const { id } of [one, two]) await b.engine.removeSandbox(id);
    });

    it("is only there while the sandbox is", async () => {
      const made = web("here");
      const { host } = await b.engine.startSandbox(made, forever);
      await answers(host, "here");
      await b.engine.stopSandbox(made.id);
      expect(await get(host)).toMatchObject({ status: 404 });
      const brief = plan({ command: ["sh", "-c", "sleep 1"], networking: { port, visibility: "public" } });
      const { host: closed, ended } = await b.engine.startSandbox(brief, forever);
      expect(await get(closed)).toMatchObject({ status: 502, text: "nothing in the sandbox answers on its port" });
      await ended;
      expect(await get(closed)).toMatchObject({ status: 404 });
      const never = plan({ image: "127.0.0.1:1/none:1", networking: { port, visibility: "public" } });
      await expect(b.engine.startSandbox(never, forever)).rejects.toMatchObject({ code: "image_pull" });
      expect(await get(`${never.name}.localhost`, { at: portOf(host) })).toMatchObject({ status: 404 });
      for (const { id } of [made, brief]) await b.engine.removeSandbox(id);
    });

    it("is reached by a domain of its own too, which is one sandbox's at a time", async () => {
      const domain = `shop-${newId("x")}.test`;
      const made = web("shop", { networking: { port, visibility: "public", domain } });
      const { host } = await b.engine.startSandbox(made, forever);
      expect(host).toMatch(new RegExp(`^${domain}:\\d+$`));
      await answers(host, "shop");
      await answers(`${made.name}.localhost:${portOf(host)}`, "shop");
      const other = web("thief", { networking: { port, visibility: "public", domain } });
      expect(b.engine.refuses?.(other)).toMatchObject({ field: "networking[0].domains[0].domain" });
      await b.engine.removeSandbox(made.id);
      expect(b.engine.refuses?.(other)).toBeUndefined();
      expect(await get(host)).toMatchObject({ status: 404 });
    });

    it("carries another protocol when both sides agree on one", async () => {
      const script = [
        'while read -r line; do [ "$line" = "$(printf "\\r")" ] && break; done',
        'printf "HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n"',
        "exec cat",
      ].join("\n");
      const command = ["sh", "-c", `echo "$0" >/serve; exec nc -ll -p ${port} -e sh /serve`, script];
      const made = web("", { command });
      const { host } = await b.engine.startSandbox(made, forever);
      const request = `GET /live HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
      const talk = () =>
        new Promise<string>((resolve, reject) => {
          const socket = net.connect(portOf(host), "127.0.0.1", () => socket.write(request));
          let said = "";
          socket.on("error", reject);
          socket.on("close", () => resolve(said));
          socket.on("data", (bytes) => {
            said += String(bytes);
            if (said.endsWith("\r\n\r\n")) socket.write("echoed");
            if (said.endsWith("echoed")) socket.destroy();
          });
        });
      await expect.poll(talk, { timeout: 10_000 }).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\nechoed$/);
      await b.engine.removeSandbox(made.id);
    });

    it("is found again at the same place by the server that comes after", async () => {
      const [made, ended] = [web("still here"), web("gone")];
      const own = bench({ ...options, installation: newId("again") });
      const { host } = await own.engine.startSandbox(made, forever);
      const { host: former } = await own.engine.startSandbox(ended, forever);
      await answers(host, "still here");
      await own.engine.close();
      await expect(get(host)).rejects.toThrow();

      const next = bench({ ...options, installation: own.installation });
      await next.engine.inventory();
      const taken = await next.engine.attachSandbox(made.id);
      expect(taken?.host).toBe(host);
      await answers(host, "still here");
      expect(await get(former)).toMatchObject({ status: 404 });
      await next.engine.stopSandbox(ended.id);
      await next.engine.attachSandbox(ended.id);
      expect(await get(former)).toMatchObject({ status: 404 });
      own.client.close();
      await next.close();
    });

    it("that cannot be served any more takes no sandbox with it", async () => {
      const domain = `kept-${newId("x")}.test`;
      const made = web("here", { networking: { port, visibility: "public", domain } });
      const own = bench({ ...options, installation: newId("lost") });
      await own.engine.startSandbox(made, forever);
      await own.engine.close();
      const taken = net.createServer();
      await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
      const attach = async (b: Bench) => {
        const running = await b.engine.attachSandbox(made.id);
        expect(await b.run(made.id, "echo", "well")).toMatchObject({ stdout: "well\n" });
        await b.engine.close();
        b.client.close();
        return running?.host;
      };
      const next = (changes: DockerEngineOptions = {}) =>
        bench({ ...options, installation: own.installation, ...changes });

      expect(await attach(next())).toContain(domain);
      expect(await attach(next({ proxy: false }))).toBe("");
      expect(await attach(next({ proxy: { port: (taken.address() as net.AddressInfo).port } }))).toBe("");
      taken.close();
      const other = next();
      await other.engine.startSandbox(web("thief", { networking: { port, visibility: "public", domain } }), forever);
      expect(await attach(other)).toBe("");
      const query = { filters: { label: [`${label.kind}=holder`, `${label.installation}=${own.installation}`] } };
      for (const { Id } of await own.client.call<{ Id: string }[]>("GET", "/containers/json", { query })) {
        await own.client.call("POST", `/containers/${Id}/kill`);
      }
      expect(await attach(next())).toEqual(options.egress === "enforced" ? "" : expect.stringContaining(domain));
      own.client.close();
      await next().close();
    });

    it("is there again when somebody removed the network while no sandbox was on it", async () => {
      const own = bench({ ...options, installation: newId("pruned"), spareNetworks: 0 });
      for (let round = 0; round < 2; round += 1) {
        const made = web("here");
        await answers((await own.engine.startSandbox(made, forever)).host, "here");
        await own.engine.removeSandbox(made.id);
        await expect
          .poll(() =>
            own.client.call("DELETE", `/networks/porter-sandbox-${own.installation}`).then(() => "removed", String),
          )
          .toBe("removed");
      }
      await own.close();
    });

    it("is never what an image or a snapshot says of itself", async () => {
      const made = web("origin");
      const own = bench({ ...options, installation: newId("labels") });
      const { host } = await own.engine.startSandbox(made, forever);
      const snapshot_id = newId("snp");
      await own.engine.createSnapshot({ id: snapshot_id, sandbox_id: made.id });
      const copy = plan({ image: "", snapshot_id, command: ["cat"] });
      expect((await own.engine.startSandbox(copy, forever)).host).toBe("");
      const query = { filters: { label: [`${label.id}=${copy.id}`] } };
      const [found] = await own.client.call<{ Labels: Record<string, string> }[]>("GET", "/containers/json", { query });
      expect(found?.Labels[label.ingress]).toBe("");
      expect((await own.engine.attachSandbox(copy.id))?.host).toBe("");
      await answers(host, "origin");
      await own.close();
    });
  });
}

exposing("behind a packet filter", { egress: "enforced", spareNetworks: 1 }, missing ?? unfiltered);
exposing("published on loopback", { egress: "unenforced" }, missing);

describe.skipIf(missing !== undefined)(`networking that this engine has not ${missing ?? ""}`, () => {
  it("is refused by name: sandboxes for each other, names that are others', no proxy, a remote engine", async () => {
    const b = bench();
    const field = (networking: SandboxPlan["networking"]) =>
      b.engine.refuses?.({ ...plan(), networking } as SandboxPlan)?.field;
    expect(field({ port, visibility: "internal" })).toBe("networking[0].internal");
    for (const domain of ["localhost", "victim.localhost"]) {
      expect(field({ port, visibility: "public", domain })).toBe("networking[0].domains[0].domain");
    }
    expect(field({ port, visibility: "private" })).toBeUndefined();
    for (const options of [{ proxy: false }, { host: "tcp://192.0.2.1:2375" }] as const) {
      const none = bench(options);
      expect(none.engine.features.networking).toBe(false);
      expect(none.engine.refuses?.(web(""))).toMatchObject({ field: "networking" });
      expect(await none.engine.openProxy()).toBeUndefined();
      await none.engine.close();
      none.client.close();
    }
    await b.close();
  });

  it("is said to be out of reach when its address is taken", async () => {
    const taken = net.createServer();
    const at = await new Promise<number>((resolve) =>
      taken.listen(0, "127.0.0.1", () => resolve((taken.address() as net.AddressInfo).port)),
    );
    const b = bench({ proxy: { port: at } });
    await expect(b.engine.openProxy()).rejects.toMatchObject({
      code: "engine_error",
      message: expect.stringContaining(String(at)),
    });
    await expect(b.engine.startSandbox(web(""), forever)).rejects.toThrow("EADDRINUSE");
    taken.close();
    await b.close();
  });

  it("is said of options that are malformed", () => {
    for (const [proxy, message] of [
      [{ port: 70_000 }, "proxy.port: must be a whole number from 0 to 65535 (got 70000)"],
      [{ domain: "No.Such" }, "proxy.domain"],
      [{ host: "" }, "proxy.host"],
      [{ idleMs: 0 }, "proxy.idleMs"],
    ] as const) {
      expect(() => bench({ proxy }), message).toThrow(message);
    }
  });
});

describe.skipIf((missing ?? unfiltered) !== undefined)(`the way in behind a packet filter ${missing ?? ""}`, () => {
  let b: Bench;
  beforeAll(() => {
    // On every address of the machine: nothing but the filter keeps sandboxes from it.
    b = bench({ egress: "enforced", spareNetworks: 1, proxy: { host: "0.0.0.0" } });
  });
  afterAll(() => b?.close());
  const addressOf = async (id: string) =>
    (await b.run(id, "sh", "-c", "ip -4 -o addr show eth0 | awk '{print $4}' | cut -d/ -f1")).stdout.trim();
  const gatewayOf = async (id: string) =>
    (await b.run(id, "sh", "-c", "ip route | awk '/^default/ {print $3}'")).stdout.trim();
  const ask = async (id: string, address: string, at: number, host: string) =>
    (
      await b.run(
        id,
        "sh",
        "-c",
        `printf 'GET / HTTP/1.0\\r\\nHost: ${host}\\r\\n\\r\\n' | nc -w 2 ${address} ${at} 2>&1`,
      )
    ).stdout;

  it("is for this machine and one port: no other port, no other sandbox, not through the proxy", async () => {
    const script = `nc -ll -p 9090 -e echo reached & ${server("open")[2]}`;
    const made = web("", { command: ["sh", "-c", script] });
    const neighbour = plan();
    const { host } = await b.engine.startSandbox(made, forever);
    await b.engine.startSandbox(neighbour, forever);
    await answers(host, "open");
    const address = await addressOf(made.id);
    const gateway = await gatewayOf(made.id);
    const reach = (at: number) =>
      new Promise<boolean>((resolve) => {
        const socket = net.connect({ host: address, port: at, timeout: 1_500 }, () => resolve(true));
        socket.on("timeout", () => resolve(false)).on("error", () => resolve(false));
        socket.on("close", () => resolve(false));
        setTimeout(() => socket.destroy(), 2_000).unref();
      });
    expect([await reach(port), await reach(9090)]).toEqual([true, false]);
    expect((await b.run(made.id, "nc", "-w", "2", "127.0.0.1", "9090")).stdout).toContain("reached");
    for (const id of [neighbour.id, made.id]) {
      expect(await ask(id, gateway, portOf(host), host)).not.toContain("open");
    }
    expect(await ask(neighbour.id, address, port, host)).not.toContain("open");
    for (const { id } of [made, neighbour]) await b.engine.removeSandbox(id);
  });

  it("stands beside an empty list and beside a list of destinations", async () => {
    for (const egress of [[], ["203.0.113.0/24"]]) {
      const made = web("shut in", { egress });
      const { host } = await b.engine.startSandbox(made, forever);
      await answers(host, "shut in");
      expect(await ask(made.id, await gatewayOf(made.id), portOf(host), host)).not.toContain("shut in");
      const answer = await b.run(made.id, "timeout", "3", "nslookup", "-type=a", "example.com");
      expect(answer.exit_code).not.toBe(0);
      await b.engine.removeSandbox(made.id);
    }
  });

  it("is closed to private names for all but this machine", async () => {
    const made = web("own", { networking: { port, visibility: "private" } });
    const { host } = await b.engine.startSandbox(made, forever);
    await answers(host, "own");
    expect(await get(host, { headers: { "X-Forwarded-For": "203.0.113.9" } })).toMatchObject({ status: 404 });
    const elsewhere = await gatewayOf(made.id);
    // By an address that is not loopback the machine is anybody, even when it asks itself.
    const asked = await new Promise<number | undefined>((resolve) => {
      http
        .get({ host: elsewhere, port: portOf(host), agent: false, headers: { Host: host } }, (answer) => {
          resolve(answer.resume().statusCode);
        })
        .on("error", () => resolve(undefined));
    });
    expect([404, undefined]).toContain(asked);
    await b.engine.removeSandbox(made.id);
  });
});

describe.skipIf(missing !== undefined)(`a sandbox that no packet filter holds ${missing ?? ""}`, () => {
  it("is not let in by the proxy either", async () => {
    const b = bench({ egress: "unenforced", proxy: { host: "0.0.0.0" } });
    const [made, neighbour] = [web("open"), plan()];
    const { host } = await b.engine.startSandbox(made, forever);
    await b.engine.startSandbox(neighbour, forever);
    await answers(host, "open");
    const script = `gw=$(ip route | awk '/^default/ {print $3}'); printf 'GET / HTTP/1.0\\r\\nHost: ${host}\\r\\n\\r\\n' | nc -w 2 $gw ${portOf(host)}`;
    expect((await b.run(neighbour.id, "sh", "-c", script)).stdout).toBe("");
    for (const { id } of [made, neighbour]) await b.engine.removeSandbox(id);
    await b.close();
  });
});
