/** Many sandboxes, one after the other: what a server used for them it has to give back. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Porter } from "../packages/core/src/index.ts";
import { startTestEngine, type TestEngine } from "../packages/docker/test/engine.ts";
import { startCli } from "../packages/serve/test/process.ts";
import { ownConnections } from "./own-connections.ts";
import { measurable, type Usage, usageOf } from "./soak-server.ts";

export interface SoakOptions {
  readonly engine: "docker" | "memory";
  readonly sandboxes: number;
  /** How many live at once. */
  readonly parallel: number;
  readonly say?: ((line: string) => void) | undefined;
}

export interface SoakReport {
  /** After the warm-up, and after each quarter of the sandboxes. */
  readonly usage: readonly Usage[];
  /** In what the server did not return to where it was. Empty when all is well. */
  readonly violations: readonly string[];
}

/** For what is done in the background with the last ones. */
const restMs = 2_000;
const patienceMs = 60_000;
/** Code that ran for the first time, and caches that fill up to a bound, come to less than this. */
const heapAllowance = 0.1;
/** What the allocator keeps for the next time, on top. */
const residentAllowance = 0.15;

/** Answers why it cannot be done here, in words. */
export async function runSoak(options: SoakOptions): Promise<SoakReport | string> {
  const { say = () => {} } = options;
  const started = options.engine === "docker" ? await startTestEngine() : undefined;
  if (typeof started === "string") return started;
  const engine: TestEngine | undefined = started;
  const dataDir = mkdtempSync(join(tmpdir(), "porter-sandbox-soak-"));
  const server = await startCli(
    ["--engine", options.engine, "--port", "0", "--data-dir", dataDir, "--retention", "1s"],
    { ...measurable, ...(engine && { DOCKER_HOST: engine.host }) },
  );
  try {
    const connections = ownConnections();
    const porter = new Porter({ baseUrl: server.url, fetch: connections });
    const image = engine?.image ?? "busybox:1";
    let made = 0;

    async function one(): Promise<void> {
      made += 1;
      const text = `said by ${made}`;
      const sandbox = await porter.sandboxes.create({ image, tags: { of: "soak" } });
      const { stdout, exit_code } = await sandbox.exec(["echo", text]);
      if (exit_code !== 0 || stdout !== `${text}\n`) throw new Error(`exec ${made} answered ${exit_code}, ${stdout}`);
      await sandbox.terminate();
    }

    async function several(count: number): Promise<void> {
      let left = count;
      const worker = async () => {
        while (left > 0) {
          left -= 1;
          await one();
        }
      };
      await Promise.all(Array.from({ length: options.parallel }, worker));
    }

    /** When everything has ended and is forgotten. */
    async function look(): Promise<Usage> {
      const deadline = Date.now() + patienceMs;
      while ((await porter.sandboxes.list()).length > 0) {
        if (Date.now() > deadline) throw new Error("ended sandboxes are not forgotten");
        await pause(500);
      }
      connections.end();
      await pause(restMs);
      let used = await usageOf(server);
      // On a busy machine the last connections are closed late.
      for (const first = usage[0]; first && used.files > first.files && Date.now() < deadline; await pause(restMs)) {
        used = await usageOf(server);
      }
      say(`after ${made}: ${describe(used)}`);
      return used;
    }

    const usage: Usage[] = [];
    // As many at once as later, so that all that is kept ready for the next time is there.
    await several(Math.max(4 * options.parallel, Math.ceil(options.sandboxes / 10)));
    usage.push(await look());
    for (let quarter = 0; quarter < 4; quarter += 1) {
      const began = performance.now();
      const count = Math.floor(((quarter + 1) * options.sandboxes) / 4) - Math.floor((quarter * options.sandboxes) / 4);
      await several(count);
      say(`${count} sandboxes in ${((performance.now() - began) / 1000).toFixed(1)} s`);
      usage.push(await look());
    }
    porter.close();
    return { usage, violations: judge(usage) };
  } finally {
    await server.kill("SIGTERM");
    await engine?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

export function judge(usage: readonly Usage[]): string[] {
  const [first] = usage;
  const last = usage[usage.length - 1];
  if (first === undefined || last === undefined) return [];
  const grown = (name: "heapBytes" | "residentBytes" | "files", allowance: number, unit: (value: number) => string) =>
    last[name] <= first[name] * (1 + allowance)
      ? []
      : [`${name} went from ${unit(first[name])} to ${unit(last[name])}, allowed are ${allowance * 100} % more`];
  return [
    ...grown("heapBytes", heapAllowance, mebibytes),
    ...grown("residentBytes", residentAllowance, mebibytes),
    ...grown("files", 0, String),
  ];
}

const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

const describe = ({ heapBytes, residentBytes, files }: Usage) =>
  `heap ${mebibytes(heapBytes)}, resident ${mebibytes(residentBytes)}, ${files} open files`;
