import { randomBytes } from "node:crypto";
import type { EngineExec, EngineFiles, SandboxPlan } from "@porter-sandbox/api";
import { systemClock } from "@porter-sandbox/spec";
import { inject } from "vitest";
import { createDockerClient, type DockerClient } from "../src/client.ts";
import { type DockerEngine, dockerEngine } from "../src/docker-engine.ts";
import { findEndpoint } from "../src/endpoint.ts";
import { label } from "../src/names.ts";
import type { DockerEngineOptions } from "../src/options.ts";
import { testImage } from "./engine.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the engine for tests is. */
    dockerHost: string;
    /** Why there is none; empty when there is one. */
    dockerMissing: string;
    /** The first process of this run. */
    run: number;
  }
}

/** Undefined also where the tests run without the setup that starts an engine. */
export const host: string | undefined = inject("dockerHost") || undefined;
/** Why tests with containers are skipped; undefined when they run. */
export const missing: string | undefined =
  host === undefined
    ? inject("dockerMissing") || "run with --config packages/docker/vitest.docker.config.ts, which starts an engine"
    : undefined;

/** The first process of this run, for the names of what outlives processes. */
export const run: number = inject("run") ?? process.pid;

export const newId = (prefix: string) => `${prefix}-${randomBytes(6).toString("hex")}`;

export const plan = (changes: Partial<SandboxPlan> = {}): SandboxPlan => {
  const id = changes.id ?? newId("sb");
  return { id, name: id, image: testImage, env: {}, volume_mounts: {}, ...changes };
};

export interface Bench {
  readonly engine: DockerEngine;
  readonly client: DockerClient;
  readonly installation: string;
  /** Runs a command and waits for its end. */
  run(sandbox: string, ...command: string[]): Promise<{ stdout: string; stderr: string; exit_code: number }>;
  /** What carries the installation's label. */
  left(): Promise<{ containers: string[]; volumes: string[]; images: string[] }>;
  close(): Promise<void>;
}

export function bench(options: DockerEngineOptions = {}): Bench {
  const installation = options.installation ?? newId("test");
  const engine = dockerEngine({ host, installation, egress: "unenforced", spareNetworks: 0, ...options });
  const client = createDockerClient(findEndpoint(host, {}), systemClock);
  const query = { all: true, filters: { label: [`${label.installation}=${installation}`] } };
  const left: Bench["left"] = async () => {
    const [containers, volumes, images] = await Promise.all([
      client.call<{ Names: string[] }[]>("GET", "/containers/json", { query }),
      client.call<{ Volumes: { Name: string }[] | null }>("GET", "/volumes", { query }),
      client.call<{ Id: string }[]>("GET", "/images/json", { query }),
    ]);
    return {
      containers: containers.map(({ Names }) => Names[0] ?? ""),
      volumes: (volumes.Volumes ?? []).map(({ Name }) => Name),
      images: images.map(({ Id }) => Id),
    };
  };
  return {
    engine,
    client,
    installation,
    left,
    async run(sandbox, ...command) {
      return outputOf(await engine.exec(sandbox, { exec_id: newId("ex"), command, stdin: false }));
    },
    async close() {
      const { sandboxes, snapshots, volumes } = await engine.inventory();
      for (const id of sandboxes) await engine.removeSandbox(id);
      for (const id of snapshots) await engine.deleteSnapshot(id);
      for (const id of volumes) await engine.deleteVolume(id);
      await engine.close();
      await client.call("DELETE", `/networks/porter-sandbox-${installation}`).catch(() => {});
      client.close();
    },
  };
}

export async function outputOf(exec: EngineExec) {
  const [stdout, stderr, { exit_code }] = await Promise.all([
    new Response(exec.stdout).text(),
    new Response(exec.stderr).text(),
    exec.exit,
  ]);
  return { stdout, stderr, exit_code };
}

/** Bytes of a file, wherever it ends. */
export const readPart = async (files: EngineFiles, path: string, start: number, length: number) =>
  (await files.read(path, () => ({ start, length }))).bytes ?? null;

export const forever = new AbortController().signal;

export const bytesOf = (text: string | Uint8Array): ReadableStream<Uint8Array> =>
  new Response(text as BodyInit).body ?? new ReadableStream();
