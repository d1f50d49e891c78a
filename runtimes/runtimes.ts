import { existsSync } from "node:fs";
import { join } from "node:path";

const modules = join(import.meta.dirname, "node_modules");

/** One runtime and how its own runner is started. */
export interface Runtime {
  readonly name: string;
  /** How it reaches the fakes; the names of its tests begin with it. See suite.ts. */
  readonly ways: readonly string[];
  /** The program and its arguments; the runner writes its report to `report`. */
  readonly command: (report: string) => readonly string[];
  readonly report: "vitest" | "junit";
  /** The folder it runs in. */
  readonly folder: string;
  /** Why it cannot run on this machine; undefined when it can. */
  readonly missing: () => string | undefined;
}

const vitest = (folder: string, node: string) => (report: string) => [
  node,
  join(modules, "vitest/vitest.mjs"),
  "run",
  "--config",
  join(import.meta.dirname, folder, "vitest.config.ts"),
  "--reporter=json",
  `--outputFile=${report}`,
];

const node22 = join(modules, `node-22-${process.platform}-${process.arch}`, "bin/node");

/** Where Chromium is: CHROMIUM_PATH, else where Debian puts it. */
export const chromium = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";

const present = (file: string, name: string) => (existsSync(file) ? undefined : `${name} is not installed (${file})`);

/** The slowest first, so that none is left to run alone. */
export const runtimes: readonly Runtime[] = [
  {
    name: "workerd",
    ways: ["http", "in-process"],
    command: vitest("workerd", process.execPath),
    report: "vitest",
    folder: "workerd",
    missing: () => present(join(modules, "workerd"), "workerd"),
  },
  {
    name: "chromium",
    ways: ["http", "in-process"],
    command: vitest("browser", process.execPath),
    report: "vitest",
    folder: "browser",
    missing: () => present(chromium, "Chromium"),
  },
  {
    name: "node24",
    ways: ["http", "in-process", "ky"],
    command: vitest("node", process.execPath),
    report: "vitest",
    folder: "node",
    missing: () => (process.versions.node.startsWith("24.") ? undefined : `this is Node ${process.versions.node}`),
  },
  {
    name: "node22",
    ways: ["http", "in-process", "ky"],
    command: vitest("node", node22),
    report: "vitest",
    folder: "node",
    missing: () => present(node22, "Node 22"),
  },
  {
    name: "deno",
    ways: ["http", "in-process"],
    command: (report) => [
      join(modules, ".bin/deno"),
      "test",
      "--node-modules-dir=manual",
      "--cached-only",
      "--no-prompt",
      "--no-lock",
      "--no-check",
      "--allow-all",
      `--junit-path=${report}`,
    ],
    report: "junit",
    folder: "deno",
    missing: () => present(join(modules, ".bin/deno"), "Deno"),
  },
  {
    name: "bun",
    ways: ["http", "in-process"],
    command: (report) => [
      join(modules, ".bin/bun"),
      "test",
      "--timeout=60000",
      "--reporter=junit",
      `--reporter-outfile=${report}`,
    ],
    report: "junit",
    folder: "bun",
    missing: () => present(join(modules, ".bin/bun"), "Bun"),
  },
];
