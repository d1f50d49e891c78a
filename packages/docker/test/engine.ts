/**
 * An engine for tests. As root, with `dockerd` on the machine, it is a private one, with its data in a temporary folder;
 * otherwise the one in `DOCKER_HOST` or behind `/var/run/docker.sock`. Nothing is installed or taken from the internet.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "@porter-sandbox/spec";
import { createDockerClient, type DockerClient } from "../src/client.ts";
import { findEndpoint } from "../src/endpoint.ts";
import { importImage } from "./import-image.ts";
import { beginOf, lives } from "./lives.ts";
import { type TarEntry, tarOf } from "./tar.ts";
import { addNetwork, removeNetwork } from "./world.ts";

export interface TestEngine {
  /** For `DOCKER_HOST`. */
  readonly host: string;
  readonly client: DockerClient;
  /** A busybox, which is there. */
  readonly image: string;
  /** Ends it and starts it again on the same data; a private one only. */
  readonly restart?: () => Promise<void>;
  /** Ends it, by force too; a private one only. */
  readonly down?: (signal: "SIGTERM" | "SIGKILL") => Promise<void>;
  /** Starts it again on the same data. */
  readonly up?: () => Promise<void>;
  stop(): Promise<void>;
}

export const testImage = "busybox:1";
const findDockerd = () =>
  ["/usr/sbin/dockerd", "/usr/bin/dockerd", "/usr/local/bin/dockerd"].find((file) => existsSync(file));

export interface TestEngineOptions {
  /**
   * A private one has a network of its own too, so that its start and its end change nothing for another engine. What is in
   * its sandboxes reaches nobody, and nobody reaches it.
   */
  readonly apart?: boolean | undefined;
}

/** Answers why there is none, in words. */
export async function startTestEngine({ apart = false }: TestEngineOptions = {}): Promise<TestEngine | string> {
  const dockerd = findDockerd();
  if (process.geteuid?.() === 0 && dockerd !== undefined) {
    const engine = await startPrivate(dockerd, apart);
    return typeof engine === "string" ? engine : withImage(engine);
  }
  const host = process.env.DOCKER_HOST || "unix:///var/run/docker.sock";
  const client = createDockerClient(findEndpoint(host, process.env), systemClock);
  try {
    await client.version();
  } catch (error) {
    client.close();
    return `no Docker engine: not root with dockerd on the machine, and ${(error as Error).message}`;
  }
  return withImage({ host, client, image: testImage, stop: async () => client.close() });
}

const folderPrefix = join(tmpdir(), "porter-sandbox-docker-");

/** Whose a folder is, for the runs that come after one that was killed, and whether packets were forwarded before. */
interface Owner {
  readonly pid: number;
  readonly begin: string | undefined;
  readonly forwarding: string;
}

interface Daemon {
  readonly host: string;
  readonly client: DockerClient;
  /** Starts it on what is in its folder. Answers why it did not come up; undefined when it did. */
  up(): Promise<string | undefined>;
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** A daemon with all that it has in one folder; it may run already. */
function daemonIn(folder: string, dockerd: string, network?: string): Daemon {
  const socket = join(folder, "d.sock");
  const containerdFile = join(folder, "exec", "containerd", "containerd.pid");
  const client = createDockerClient({ kind: "socket", path: socket }, systemClock);
  let said = "";
  let daemon: ChildProcess | undefined;
  const [program, ...first] = network === undefined ? [dockerd] : ["nsenter", `--net=/run/netns/${network}`, dockerd];
  const launch = () => {
    const child = spawn(
      program ?? dockerd,
      [
        ...first,
        ...["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec"), "-p", join(folder, "d.pid")],
        ...["-H", `unix://${socket}`, "--bridge", "none", "--log-level", "error"],
      ],
      { stdio: ["ignore", "ignore", "pipe"], detached: true },
    );
    child.stderr.on("data", (text) => {
      said = (said + String(text)).slice(-2000);
    });
    return child;
  };
  const answers = () =>
    client.call("GET", "/info").then(
      () => true,
      () => false,
    );
  return {
    host: `unix://${socket}`,
    client,
    async up() {
      // Where nobody buries the dead it would wait for the answer of a containerd that was killed.
      if (!lives(numberIn(containerdFile))) rmSync(containerdFile, { force: true });
      daemon = launch();
      for (let round = 0; round < 300; round += 1) {
        if (daemon.exitCode !== null || daemon.signalCode !== null)
          return `the Docker engine could not be started: ${said}`;
        if (await answers()) return undefined;
        await pause(50);
      }
      return `the Docker engine did not come up: ${said}`;
    },
    async end(signal) {
      const pid = daemon?.pid ?? numberIn(join(folder, "d.pid"));
      if (!lives(pid)) return;
      const containerd = numberIn(containerdFile);
      process.kill(pid, signal);
      // It takes its containerd with it.
      const goes = () => lives(pid) || lives(containerd);
      for (let round = 0; round < 400 && goes(); round += 1) await pause(50);
      if (lives(pid)) process.kill(pid, "SIGKILL");
    },
  };
}

async function startPrivate(dockerd: string, apart: boolean): Promise<TestEngine | string> {
  const folder = mkdtempSync(folderPrefix);
  const forwarding = readForwarding();
  const owner: Owner = { pid: process.pid, begin: beginOf(process.pid), forwarding };
  writeFileSync(join(folder, "owner"), JSON.stringify(owner));
  const network = apart ? addNetwork() : undefined;
  const { host, client, up, end } = daemonIn(folder, dockerd, network);
  const stop = async () => {
    await removeAll(client).catch(() => {});
    client.close();
    await end("SIGTERM");
    endRest(folder);
    removeFolder(folder);
    if (network !== undefined) removeNetwork(network);
    else writeForwarding(forwarding);
  };
  const upAgain = async () => {
    const failure = await up();
    if (failure !== undefined) throw new Error(failure);
  };
  const restart = async () => {
    await end("SIGTERM");
    await upAgain();
  };
  const failure = await up();
  if (failure === undefined) return { host, client, image: testImage, restart, down: end, up: upAgain, stop };
  await stop();
  return failure;
}

/**
 * Clears away the engines of runs that were killed, with their containers, networks and data. Answers their folders. A folder
 * that does not say whose it is is let be.
 */
export async function removeDeadEngines(): Promise<string[]> {
  const dockerd = findDockerd();
  if (dockerd === undefined) return [];
  const folders = readdirSync(tmpdir()).flatMap((name) => {
    const folder = join(tmpdir(), name);
    const owner = folder.startsWith(folderPrefix) ? ownerOf(folder) : undefined;
    return owner === undefined ? [] : [{ folder, owner }];
  });
  const isDead = ({ pid, begin }: Owner) => begin === undefined || beginOf(pid) !== begin;
  const dead = folders.filter(({ owner }) => isDead(owner));
  for (const { folder } of dead) {
    const { client, up, end } = daemonIn(folder, dockerd);
    // Only a daemon knows all that its containers use of the machine: the one that outlived its run, or a new one.
    if (!lives(numberIn(join(folder, "d.pid")))) await up();
    await removeAll(client).catch(() => {});
    client.close();
    await end("SIGTERM");
    endRest(folder);
    removeFolder(folder);
  }
  if (dead.length === folders.length) for (const { owner } of dead) writeForwarding(owner.forwarding);
  return dead.map(({ folder }) => folder);
}

function ownerOf(folder: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "owner"), "utf8")) as Owner;
  } catch {
    return undefined;
  }
}

/** 0, which is no process, when there is no such file. */
const numberIn = (file: string): number => (existsSync(file) ? Number(readFileSync(file, "utf8")) : 0);

async function withImage(engine: TestEngine): Promise<TestEngine | string> {
  try {
    const has = await engine.client.call("GET", `/images/${testImage}/json`).then(
      () => true,
      () => false,
    );
    if (has) return engine;
    const busybox = staticBusybox();
    if (busybox !== undefined) {
      await importImage(engine.client, tarOf(rootFileSystem(busybox)), testImage, ['CMD ["/bin/sh"]', "ENV PATH=/bin"]);
      return engine;
    }
    await engine.stop();
    return `the engine has no image ${testImage}, and there is no static busybox (busybox-static) to make it from`;
  } catch (error) {
    await engine.stop();
    return `the image for the tests could not be made: ${(error as Error).message}`;
  }
}

/** An image made of a busybox that needs shared libraries would not run. */
function staticBusybox(): string | undefined {
  return ["/bin/busybox", "/usr/bin/busybox"].find((file) => {
    if (!existsSync(file)) return false;
    return !readFileSync(file).subarray(0, 4096).includes("ld-linux");
  });
}

/** Debian's busybox lacks this applet. */
const printenv = [
  "#!/bin/sh",
  "[ $# -gt 0 ] || exec env",
  "for name; do",
  '  env | grep -q "^$name=" || exit 1',
  '  eval "printf \'%s\\\\n\' \\"\\$$name\\""',
  "done",
  "",
].join("\n");

function rootFileSystem(busybox: string): TarEntry[] {
  const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" })
    .split("\n")
    .filter((name) => name !== "" && name !== "busybox");
  const users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n";
  return [
    ...["bin", "etc", "root"].map((path) => ({ path, type: "directory" }) as const),
    { path: "tmp", type: "directory", mode: 0o1777 },
    { path: "bin/busybox", type: "file", content: readFileSync(busybox) },
    ...applets.map((name) => ({ path: `bin/${name}`, type: "link", to: "busybox" }) as const),
    ...(applets.includes("printenv")
      ? []
      : [{ path: "bin/printenv", type: "file", content: Buffer.from(printenv) } as const]),
    { path: "etc/passwd", type: "file", content: Buffer.from(users), mode: 0o644 },
  ];
}

async function removeAll(client: DockerClient): Promise<void> {
  const containers = await client.call<{ Id: string }[]>("GET", "/containers/json", { query: { all: true } });
  await Promise.allSettled(
    containers.map(({ Id }) => client.call("DELETE", `/containers/${Id}`, { query: { force: true, v: true } })),
  );
  await client.call("POST", "/networks/prune");
}

/** What a daemon that was killed started does not end with the one that comes after it. */
function endRest(folder: string): void {
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${name}/cmdline`, "utf8").includes(`${folder}/`)) process.kill(Number(name), "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
}

function removeFolder(folder: string): void {
  const mounts = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .flatMap((line) => line.split(" ")[1] ?? []);
  for (const mount of mounts.filter((path) => path.startsWith(`${folder}/`)).reverse()) {
    // What a daemon that was killed had mounted.
    spawnSync("umount", ["--lazy", mount]);
  }
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  } catch {
    // Something is still mounted there; the system clears its temporary folders itself.
  }
}

const forwardingFile = "/proc/sys/net/ipv4/ip_forward";
const readForwarding = () => (existsSync(forwardingFile) ? readFileSync(forwardingFile, "utf8").trim() : "");

/** A daemon switches the forwarding of packets on, and leaves it so. */
function writeForwarding(value: string): void {
  try {
    if (value === "0") writeFileSync(forwardingFile, value);
  } catch {
    // Not ours to change.
  }
}
