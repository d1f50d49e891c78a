/** What can fail: an engine of its own, the server as a process, and the wire between clients and server. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { whyUnenforceable } from "../packages/docker/src/network/egress.ts";
import { startTestEngine, type TestEngine } from "../packages/docker/test/engine.ts";
import { killAll, type ServerProcess, startCli } from "../packages/serve/test/process.ts";

export const installation = "chaos";
/** How many networks a server keeps ready, whatever bursts come: what is left beyond them serves nobody. */
export const spareNetworks = 2;

export interface Machine {
  readonly engine: TestEngine;
  /** The folder of the server's store. */
  readonly dataDir: string;
  /** Where the server is now; undefined while there is none. */
  readonly server: () => ServerProcess | undefined;
  /** Called with each new server. */
  onServer: (server: ServerProcess) => void;
  readonly engineIsUp: () => boolean;
  /** Starts a server and, while it does not come up, another one. */
  startServer(...words: string[]): Promise<ServerProcess>;
  killServer(): Promise<void>;
  /** Ends it as an operator does; answers its exit code. */
  endServer(): Promise<number | null>;
  stopEngine(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  startEngine(): Promise<void>;
  /** What servers said of failures so far. */
  readonly complaints: () => string[];
  close(): Promise<void>;
}

const patienceMs = 60_000;

/** Answers why there can be none, in words. */
export async function createMachine(words: readonly string[] = []): Promise<Machine | string> {
  const engine = await startTestEngine({ apart: true });
  if (typeof engine === "string") return engine;
  const { down, up } = engine;
  if (down === undefined || up === undefined) {
    await engine.stop();
    return "an engine of its own is needed, to be stopped and started: that takes root, and dockerd on the machine";
  }
  const dataDir = mkdtempSync(join(tmpdir(), "porter-sandbox-chaos-"));
  const filtered = whyUnenforceable({ kind: "socket", path: engine.host.slice("unix://".length) }) === undefined;
  let server: ServerProcess | undefined;
  let isUp = true;
  let said = "";

  const forget = () => {
    if (server !== undefined) said += server.output().stderr;
    server = undefined;
  };
  const machine: Machine = {
    engine,
    dataDir,
    server: () => server,
    onServer: () => {},
    engineIsUp: () => isUp,
    async startServer(...more) {
      const deadline = Date.now() + patienceMs;
      for (;;) {
        try {
          const started = await startCli(
            [
              ...["--engine", "docker", "--port", "0", "--data-dir", dataDir, "--installation", installation],
              ...["--egress", filtered ? "enforced" : "unenforced", "--spare-networks", String(spareNetworks)],
              ...words,
              ...more,
            ],
            { DOCKER_HOST: engine.host },
          );
          server = started;
          machine.onServer(started);
          return started;
        } catch (error) {
          // Killed while it came up, or there was no engine yet.
          if (Date.now() > deadline) throw error;
          await pause(200);
        }
      }
    },
    async killServer() {
      const running = server;
      if (running === undefined) killAll();
      else await running.kill("SIGKILL");
      forget();
    },
    async endServer() {
      const ended = await server?.kill("SIGTERM");
      forget();
      return ended?.code ?? null;
    },
    async stopEngine(signal) {
      isUp = false;
      await down(signal);
    },
    async startEngine() {
      await up();
      isUp = true;
    },
    complaints: () =>
      (said + (server?.output().stderr ?? "")).split("\n").filter((line) => /"(error|warn)"/.test(line)),
    async close() {
      if (!isUp) await up().catch(() => {});
      await server?.kill("SIGKILL");
      killAll();
      await engine.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return machine;
}
