import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Porter } from "@porter-sandbox/core";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { parseCli, UsageError } from "../src/cli/options.ts";
import { start } from "../src/cli/start.ts";
import { hashKey, newKey } from "../src/keys.ts";
import { killAll, runCli, startCli } from "./process.ts";

const folder = mkdtempSync(join(tmpdir(), "porter-sandbox-cli-"));
afterEach(killAll);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const parse = (line: string) => parseCli(line.split(" ").filter((word) => word !== ""));

describe("the command line", () => {
  test("has defaults, and is the same behind the separator of pnpm", () => {
    const request = parse("--engine memory");
    expect(request).toMatchObject({ action: "serve", options: { engine: "memory", port: 8080, host: "127.0.0.1" } });
    expect(parse("-- --engine memory")).toEqual(request);
  });

  test("takes everything", () => {
    const line =
      "--engine docker --port 0 --host ::1 --key-file k --data-dir d --retention 1h30m --tls-key a --tls-cert b --egress unenforced --installation x-1 --helper-image i:1 --capacity-cpu 1500m --capacity-memory 32Gi --pool-image p:1 --pool-size 8 --spare-networks 20 --proxy-port 8081 --proxy-host 0.0.0.0 --proxy-domain apps.test";
    expect(parse(line)).toEqual({
      action: "serve",
      options: {
        engine: "docker",
        port: 0,
        host: "::1",
        keyFile: "k",
        dataDir: "d",
        retentionMs: 5_400_000,
        tls: { keyFile: "a", certFile: "b" },
        egress: "unenforced",
        installation: "x-1",
        helperImage: "i:1",
        capacity: { cpu_cores: 1.5, memory_bytes: 32 * 2 ** 30 },
        pool: { image: "p:1", size: 8 },
        spareNetworks: 20,
        proxy: { port: 8081, host: "0.0.0.0", domain: "apps.test" },
      },
    });
  });

  test.each([
    ["", "--engine: must be one of docker, memory (it is missing)"],
    ["--engine k8s", '--engine: must be one of docker, memory (got "k8s")'],
    ["--engine memory --port 65536", '--port: must be a whole number from 0 to 65535 (got "65536")'],
    ["--engine memory --port 8e3", '--port: must be a whole number from 0 to 65535 (got "8e3")'],
    ["--engine memory --port=-1", '--port: must be a whole number from 0 to 65535 (got "-1")'],
    ["--engine memory --retention 7d", '--retention: must be a duration such as 90s or 12h, 87600h at most (got "7d")'],
    ["--engine memory --capacity-cpu many", '--capacity-cpu: must be a number of cores such as 16 (got "many")'],
    ["--engine memory --capacity-memory 0", '--capacity-memory: must be an amount of memory such as 32Gi (got "0")'],
    ["--engine memory --data-dir=", '--data-dir: must not be empty (got "")'],
    ["--engine memory --egress enforced", "--egress: goes only with --engine docker (got --engine memory)"],
    ["--engine docker --egress off", '--egress: must be one of enforced, unenforced (got "off")'],
    ["--engine memory --pool-image i:1", "--pool-image: goes only with --engine docker (got --engine memory)"],
    ["--engine docker --pool-size 2", "--pool-size: goes only with --pool-image, which is missing"],
    ["--engine docker --pool-image i:1 --pool-size 0", '--pool-size: must be a whole number from 1 to 100 (got "0")'],
    ["--engine memory --spare-networks 1", "--spare-networks: goes only with --engine docker (got --engine memory)"],
    ["--engine docker --spare-networks=-1", '--spare-networks: must be a whole number from 0 to 100 (got "-1")'],
    ["--engine docker --spare-networks 101", '--spare-networks: must be a whole number from 0 to 100 (got "101")'],
    ["--engine memory --proxy-port 1", "--proxy-port: goes only with --engine docker (got --engine memory)"],
    ["--engine docker --proxy-port x", '--proxy-port: must be a whole number from 0 to 65535 (got "x")'],
    [
      "--engine docker --port 0",
      "--port: 0 goes with --engine docker only beside --data-dir or --installation; both are missing",
    ],
    ["--engine memory --tls-key a", "--tls-key: goes only with --tls-cert, which is missing"],
    ["--engine memory --prot 1", "Unknown option '--prot'; the options are --engine, --port"],
    ["--engine memory extra", "Unexpected argument 'extra'"],
    ["--engine", "'--engine <value>' argument missing"],
  ])("%s: %s", (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });
});

describe("starting", () => {
  const options = { engine: "memory", port: 0, host: "127.0.0.1" } as const;

  test("without keys only where nobody else reaches it, and then nothing was made", async () => {
    const dataDir = join(folder, "never");
    await expect(start({ ...options, host: "0.0.0.0", dataDir })).rejects.toThrow(
      "--host: 0.0.0.0 can be reached by others and needs --key-file",
    );
    expect(existsSync(dataDir)).toBe(false);
  });

  test("files that are not there are named with their option", async () => {
    await expect(start({ ...options, keyFile: "/nowhere/k" })).rejects.toThrow(
      "key file /nowhere/k: cannot be read (ENOENT)",
    );
    const tls = { keyFile: "/nowhere/key.pem", certFile: "/nowhere/cert.pem" };
    await expect(start({ ...options, tls })).rejects.toThrow("--tls-key /nowhere/key.pem: cannot be read (ENOENT)");
    await expect(start({ ...options, dataDir: "/dev/null/data" })).rejects.toThrow(
      "--data-dir /dev/null/data: cannot be made",
    );
  });

  test("what the Docker engine does not take is a mistake in the option's own name", async () => {
    const docker = { ...options, engine: "docker", egress: "unenforced" } as const;
    const name = "must be 1 to 40 lowercase letters, digits and hyphens, with none at either end";
    await expect(start({ ...docker, installation: "-a-" })).rejects.toEqual(
      new UsageError(`--installation: ${name} (got "-a-")`),
    );
    await expect(start({ ...docker, proxy: { domain: "No.Such" } })).rejects.toThrow(
      /^--proxy-domain: must be a host name/,
    );
  });

  test("a proxy of Docker's that cannot be had is said at the start, before the engine is asked for anything", async () => {
    const docker = { ...options, engine: "docker", egress: "unenforced" } as const;
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as { port: number };
    await expect(start({ ...docker, proxy: { port } })).rejects.toThrow(/^--engine docker: .*EADDRINUSE/);
    other.close();
  });

  describe("on a Docker engine without a data directory", () => {
    /** An engine with nothing on it. Notes whose containers it is asked for. */
    async function engine() {
      const asked = new Set<string>();
      const server = createServer((request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? "", "http://engine");
        const [, installation] = /installation=([a-z0-9-]+)/.exec(searchParams.get("filters") ?? "") ?? [];
        if (installation !== undefined) asked.add(installation);
        response.setHeader("Content-Type", "application/json");
        response.setHeader("Api-Version", "1.41");
        // The feed of events has begun, and never ends.
        if (pathname.endsWith("/events")) return response.flushHeaders();
        response.end(pathname.endsWith("/json") ? "[]" : "{}");
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      return { server, asked, url: `tcp://127.0.0.1:${port}` };
    }

    const docker = { ...options, engine: "docker", egress: "unenforced" } as const;

    async function installationsOf(places: readonly { host?: string; port?: number }[]): Promise<string[]> {
      const found: string[] = [];
      const { server, asked, url } = await engine();
      vi.stubEnv("DOCKER_HOST", url);
      for (const place of places) {
        const { close } = await start({ ...docker, ...place }, () => {});
        await close();
        expect(asked.size).toBe(1);
        found.push(...asked);
        asked.clear();
      }
      vi.unstubAllEnvs();
      server.closeAllConnections();
      server.close();
      return found;
    }

    async function freePort(): Promise<number> {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      await new Promise((resolve) => server.close(resolve));
      return port;
    }

    test("it takes up what a former one at its place left, and nothing of another address", async () => {
      const port = await freePort();
      const [first, again, other] = await installationsOf([{ port }, { port }, { host: "127.0.0.2", port }]);
      expect(first).toMatch(new RegExp(`^port-${port}-`));
      expect(again).toBe(first);
      expect(other).not.toBe(first);
    });
  });

  test("when the port is taken, the data directory is let go again", async () => {
    const dataDir = join(folder, "shared");
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as { port: number };
    await expect(start({ ...options, port, dataDir }, () => {})).rejects.toThrow(`port: ${port} on 127.0.0.1 is taken`);
    other.close();
    const { close } = await start({ ...options, dataDir }, () => {});
    await expect(start({ ...options, dataDir }, () => {})).rejects.toThrow("is in use by another server");
    await close();
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataDir, "store.sqlite")).mode & 0o777).toBe(0o600);
  });
});

describe("as a process", { timeout: 60_000 }, () => {
  test("tells its URL in one line, lets in who has a key, and ends by a signal when its requests are done", async () => {
    const key = newKey();
    const keyFile = join(folder, "keys");
    writeFileSync(keyFile, hashKey(key));
    const { url, output, kill } = await startCli([
      "--engine",
      "memory",
      "--port",
      "0",
      "--host",
      "0.0.0.0",
      "--key-file",
      keyFile,
    ]);
    const baseUrl = url.replace("0.0.0.0", "127.0.0.1");
    const porter = new Porter({ baseUrl, apiKey: key });
    expect((await fetch(`${baseUrl}/v1/sandbox`)).status).toBe(401);
    const sandbox = await porter.sandboxes.create({ image: "a:1", env: { SECRET: "hunter2" } });
    const running = sandbox.exec(["sh", "-c", "sleep 3; echo $SECRET | tr a-z A-Z"]);
    await expect
      .poll(async () => (await metric(baseUrl, key, "porter_sandbox_execs_in_flight")) ?? 0, { interval: 20 })
      .toBe(1);
    const ended = kill("SIGTERM");
    expect((await running).stdout).toBe("HUNTER2\n");
    expect(await ended).toEqual({ code: 0, signal: null });
    const { stdout, stderr } = output();
    expect(stdout).toBe(`porter-sandbox is ready at ${url} (engine memory, bash; nothing is kept after it ends)\n`);
    expect(stderr).not.toContain("hunter2");
    expect(stderr).not.toContain(key);
    for (const line of stderr.trimEnd().split("\n")) expect(JSON.parse(line)).toHaveProperty("time");
  });

  test("a second server on the same data directory is refused, and the first goes on", async () => {
    const dataDir = join(folder, "one");
    const { url, kill } = await startCli(["--engine", "memory", "--port", "0", "--data-dir", dataDir]);
    const { code, stdout, stderr } = await runCli(["--engine", "memory", "--port", "0", "--data-dir", dataDir]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^porter-sandbox: store \S+: is in use by another server/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await kill("SIGKILL");
    // The lock ended with the process, however that ended.
    const again = await startCli(["--engine", "memory", "--port", "0", "--data-dir", dataDir]);
    await again.kill("SIGTERM");
  });

  test("goes on when nobody reads its log any more, and ends as ever", async () => {
    const { child, url, kill } = await startCli(["--engine", "memory", "--port", "0"]);
    child.stdout?.destroy();
    child.stderr?.destroy();
    for (let n = 0; n < 3; n += 1) expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await kill("SIGTERM")).toEqual({ code: 0, signal: null });
    expect(await runCli(["--help"], (help) => help.stdout?.destroy())).toMatchObject({ code: 0, stderr: "" });
  });

  test("says why it could not close", async () => {
    const breaking =
      'import { DatabaseSync } from "node:sqlite"; DatabaseSync.prototype.close = () => { throw new Error("no disk"); };';
    const { output, kill } = await startCli(
      ["--engine", "memory", "--port", "0", "--data-dir", join(folder, "broken")],
      {
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(breaking)}`,
      },
    );
    expect(await kill("SIGTERM")).toEqual({ code: 1, signal: null });
    expect(output().stderr).toMatch(/^porter-sandbox: no disk$/m);
  });

  test("mistakes are exit code 2, with where to look", async () => {
    expect(await runCli(["--engine", "x"])).toEqual({
      code: 2,
      stdout: "",
      stderr: 'porter-sandbox: --engine: must be one of docker, memory (got "x")\nTry --help.\n',
    });
    const help = await runCli(["--help"]);
    expect(help.code).toBe(0);
    for (const option of ["--engine", "--port", "--host", "--key-file", "--data-dir"])
      expect(help.stdout).toContain(option);
  });

  test("a new key fits its line of a key file", async () => {
    const { stdout } = await runCli(["--new-key"]);
    const [, key = "", hash = ""] = /: (psk_\S+)\n.*: (sha256:\S+)\n/.exec(stdout) ?? [];
    expect(hashKey(key)).toBe(hash);
  });
});

async function metric(url: string, key: string, name: string): Promise<number | undefined> {
  const response = await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${key}` } });
  const found = new RegExp(`^${name} (\\d+)$`, "m").exec(await response.text())?.[1];
  return found === undefined ? undefined : Number(found);
}

test("the usage names every option that there is", async () => {
  const { usage } = await import("../src/cli/options.ts");
  const source = readFileSync(new URL("../src/cli/options.ts", import.meta.url), "utf8");
  const declared = [
    ...(/const settings = \{(.*?)\} as const/s.exec(source)?.[1] ?? "").matchAll(/^\s+"?([a-z-]+)"?: \{/gm),
  ];
  expect(declared.length).toBeGreaterThan(9);
  for (const [, name] of declared) expect(usage).toContain(`--${name}`);
});
