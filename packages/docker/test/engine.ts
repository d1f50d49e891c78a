/**
 * An engine for tests. As root, with `dockerd` on the machine, it is a private one, with its data in a temporary folder;
 * otherwise the one in `DOCKER_HOST` or behind `/var/run/docker.sock`. Nothing is installed or taken from the internet.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "@porter-sandbox/spec";
import { createDockerClient, type DockerClient } from "../src/client.ts";
import { findEndpoint } from "../src/endpoint.ts";
import { importImage } from "../src/images.ts";
import { type TarEntry, tarOf } from "./tar.ts";

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
const daemons = ["/usr/sbin/dockerd", "/usr/bin/dockerd", "/usr/local/bin/dockerd"];

/** Answers why there is none, in words. */
export async function startTestEngine(): Promise<TestEngine | string> {
  const dockerd = daemons.find((file) => existsSync(file));
  if (process.geteuid?.() === 0 && dockerd !== undefined) {
    const engine = await startPrivate(dockerd);
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

async function startPrivate(dockerd: string): Promise<TestEngine | string> {
  const folder = mkdtempSync(join(tmpdir(), "porter-sandbox-docker-"));
  const socket = join(folder, "d.sock");
  const forwarding = readForwarding();
  let said = "";
  const launch = () => {
    const child = spawn(
      dockerd,
      [
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
  let daemon = launch();
  const client = createDockerClient({ kind: "socket", path: socket }, systemClock);
  const answers = () =>
    client.call("GET", "/info").then(
      () => true,
      () => false,
    );
  /** Why it did not come up; undefined when it did. */
  const comesUp = async () => {
    for (let round = 0; round < 300; round += 1) {
      if (daemon.exitCode !== null || daemon.signalCode !== null)
        return `the Docker engine could not be started: ${said}`;
      if (await answers()) return undefined;
      await pause(50);
    }
    return `the Docker engine did not come up: ${said}`;
  };
  const up = async () => {
    daemon = launch();
    const failure = await comesUp();
    if (failure !== undefined) throw new Error(failure);
  };
  const stop = async () => {
    await removeAll(client).catch(() => {});
    client.close();
    await end(daemon);
    removeFolder(folder);
    writeForwarding(forwarding);
  };
  const restart = async () => {
    await end(daemon);
    await up();
  };
  const down = async (signal: "SIGTERM" | "SIGKILL") => {
    await end(daemon, signal);
    if (signal === "SIGTERM") return;
    // It takes its containerd with it; where nobody buries the dead, the next one would wait for that to answer.
    rmSync(join(folder, "exec", "containerd", "containerd.pid"), { force: true });
  };
  const failure = await comesUp();
  if (failure === undefined) return { host: `unix://${socket}`, client, image: testImage, restart, down, up, stop };
  await stop();
  return failure;
}

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

async function end(daemon: ChildProcess, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => daemon.once("exit", () => resolve()));
  daemon.kill(signal);
  await Promise.race([ended, pause(20_000, undefined, { ref: false }).then(() => daemon.kill("SIGKILL"))]);
}

function removeFolder(folder: string): void {
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
