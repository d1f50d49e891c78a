import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Packed } from "../pack.ts";
import { mustRun, root, toolEnv } from "../process.ts";
import { type Check, hold } from "./check.ts";

/** Installs the packages that depend on nothing into a project of their own, as a user's package manager does. */
export async function installInto(project: string, packages: readonly Packed[]): Promise<void> {
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  await mustRun(
    ["npm", "install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", ...packages.map((p) => p.tarball)],
    { cwd: project, env: { ...toolEnv, npm_config_cache: join(project, ".npm") } },
  );
}

const report = `
import * as sdk from "porter-sandbox";
const volume = { id: "v", name: "v", type: "disk", path: "", phase: "ready", attached_to: [], created_at: "2026-01-02T03:04:05Z" };
const fetch = async (url) => new Response(url.includes("/files/content") ? "bytes" : JSON.stringify(volume));
const { volumes } = new sdk.Porter({ fetch });
console.log(JSON.stringify({
  adapter: "uploadFile" in sdk ? "node" : "edge",
  porter: typeof sdk.Porter,
  root: typeof sdk.SandboxError,
  // Moving bytes is loaded on first use.
  read: await (await volumes.getById("v")).readText("/a"),
}));
`;

/** What a runtime's own resolution makes of the installed packages. */
export function installChecks(project: string): Check[] {
  const tools = join(root, "runtimes/node_modules");
  const node22 = join(tools, `node-22-${process.platform}-${process.arch}`, "bin/node");
  const runtimes: { name: string; adapter: string; words: string[] }[] = [
    { name: "Node 24", adapter: "node", words: [process.execPath, "report.mjs"] },
    { name: "Node 22", adapter: "node", words: [node22, "report.mjs"] },
    {
      // No permission at all, and none is asked for: importing reads nothing.
      name: "Deno",
      adapter: "edge",
      words: [
        join(tools, ".bin/deno"),
        "run",
        "--node-modules-dir=manual",
        "--cached-only",
        "--no-prompt",
        "report.mjs",
      ],
    },
    { name: "Bun", adapter: "edge", words: [join(tools, ".bin/bun"), "run", "report.mjs"] },
  ];
  return [
    ...runtimes.map(
      ({ name, adapter, words }): Check => ({
        name: `porter-sandbox: ${name} resolves the ${adapter} adapter of the installed tarball`,
        async run() {
          hold(existsSync(words[0] ?? ""), `${name} is not installed`);
          writeFileSync(join(project, "report.mjs"), report);
          const { stdout } = await mustRun(words, { cwd: project });
          const said = JSON.parse(stdout) as Record<string, string>;
          hold(said.adapter === adapter, `resolved the ${said.adapter} adapter`);
          hold(said.porter === "function" && said.root === "function", `exports are missing: ${stdout}`);
          hold(said.read === "bytes", `what is loaded on first use did not work: ${stdout}`);
          return undefined;
        },
      }),
    ),
    ...["nodenext", "bundler"].map(
      (resolution): Check => ({
        name: `porter-sandbox: a strict TypeScript project compiles against it (moduleResolution ${resolution})`,
        async run() {
          writeFileSync(join(project, "consumer.ts"), consumer);
          writeFileSync(join(project, `tsconfig.${resolution}.json`), JSON.stringify(consumerConfig(resolution)));
          await mustRun(["tsc", "-p", `tsconfig.${resolution}.json`], { cwd: project });
          return undefined;
        },
      }),
    ),
    {
      name: "all packages: the runners of the contract suite compile against them",
      async run() {
        await mustRun(["tsc", "-p", "runtimes/tsconfig.json"]);
        return undefined;
      },
    },
    ...["porter-sandbox", "@porter-sandbox/edge", "@porter-sandbox/core"].map(
      (name): Check => ({
        name: `${name}: loading it touches no platform class, timer or source of randomness`,
        async run() {
          const file = join(project, `untouched-${name.replaceAll("/", "-")}.mjs`);
          writeFileSync(file, untouched(name));
          await mustRun([process.execPath, file], { cwd: project });
          return undefined;
        },
      }),
    ),
  ];
}

const consumerConfig = (moduleResolution: string) => ({
  compilerOptions: {
    target: "es2023",
    lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
    module: moduleResolution === "nodenext" ? "nodenext" : "esnext",
    moduleResolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    // The declarations of the packages themselves are examined too.
    skipLibCheck: false,
    noEmit: true,
    // They may not need the types of a runtime, nor more of the standard library than is asked for here.
    types: [],
  },
  files: ["consumer.ts"],
});

const consumer = `
import { ConflictError, Porter, type Sandbox, SandboxError, uploadFile, downloadFile } from "porter-sandbox";
import { Porter as EdgePorter } from "@porter-sandbox/edge";
import { Porter as CorePorter } from "@porter-sandbox/core";

export async function work(): Promise<number> {
  const porter = new Porter({ apiKey: undefined, baseUrl: "http://127.0.0.1:1", env: {} });
  const volume = await porter.volumes.create({ name: "my-data" });
  const sandbox: Sandbox = await porter.sandboxes.create({
    image: "busybox:1",
    name: undefined,
    volume_mounts: { "/mnt/data": volume.id },
  });
  try {
    const { exit_code } = await sandbox.exec(["true"]);
    await uploadFile(volume, "a.txt", "/a.txt", { signal: undefined });
    await downloadFile(volume, "/a.txt", "b.txt");
    return exit_code;
  } catch (error) {
    if (error instanceof ConflictError) return error.statusCode ?? 0;
    if (error instanceof SandboxError) console.error(error.code);
    throw error;
  } finally {
    porter.close();
  }
}
export const others = [EdgePorter, CorePorter];
// @ts-expect-error an image is a string
export const wrong = (porter: Porter) => porter.sandboxes.create({ image: 1 });
`;

const untouched = (name: string) => `
const names = ["Request", "Response", "Headers", "Blob", "FormData", "fetch", "crypto", "setTimeout", "setInterval", "queueMicrotask", "ReadableStream", "TransformStream", "AbortController", "AbortSignal", "TextEncoder", "TextDecoder"];
const kept = Object.getOwnPropertyDescriptors(globalThis);
// Node's own loader is warm before anything is taken away.
await import("./nothing.mjs").catch(() => {});
const touched = new Set();
for (const name of names) {
  const descriptor = kept[name];
  if (descriptor === undefined || !descriptor.configurable) continue;
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get() {
      // Only what the package does counts, and not what Node does on its way.
      if (new Error().stack.includes("node_modules")) touched.add(name);
      return descriptor.get ? descriptor.get.call(globalThis) : descriptor.value;
    },
  });
}
const { Porter } = await import(${JSON.stringify(name)});
Object.defineProperties(globalThis, Object.fromEntries(names.filter((name) => kept[name]).map((name) => [name, kept[name]])));
if (typeof Porter !== "function") throw new Error("no Porter");
if (touched.size > 0) throw new Error("loading touched " + [...touched].join(", "));
`;
