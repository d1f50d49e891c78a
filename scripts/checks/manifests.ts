import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import type { Packed } from "../pack.ts";
import { mustRun } from "../process.ts";
import { type Check, hold } from "./check.ts";

interface Manifest {
  readonly exports?: unknown;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

/** What a published package may pull in; a package that is not listed may pull in nothing. */
const mayDependOn: Record<string, readonly string[]> = {
  "@porter-sandbox/api": ["hono"],
  "@porter-sandbox/docker": ["@porter-sandbox/api"],
  "@porter-sandbox/serve": ["@hono/node-server", "@porter-sandbox/api"],
  "@porter-sandbox/testing": ["@hono/node-server", "@porter-sandbox/api", "ky"],
};

/**
 * What a tarball says of itself: that its manifest is in order, that it pulls in only what it may, that everything it
 * imports is declared, and that its types resolve.
 *
 * @param folder where the tarball is unpacked
 */
export function manifestChecks({ name, tarball }: Packed, folder: string): Check[] {
  const manifest = () => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  return [
    {
      name: `${name}: publint finds nothing`,
      async run() {
        const { messages, pkg } = await publint({ pkgDir: folder, strict: true, pack: false });
        const said = messages.map((message) => `${message.type}: ${formatMessage(message, pkg) ?? message.code}`);
        hold(said.length === 0, said.join("\n"));
        return undefined;
      },
    },
    {
      name: `${name}: its types are right in every way of resolving them`,
      async run() {
        await mustRun(["attw", tarball, "--profile", "esm-only", "--format", "ascii", "--no-emoji", "--no-color"]);
        return undefined;
      },
    },
    {
      name: `${name}: the types of each entry name all that its code exports`,
      async run() {
        const lost = entriesOf(manifest().exports).flatMap((entry) => {
          const typed = exportsOf(join(folder, entry.replace(/\.js$/, ".d.ts")));
          return [...exportsOf(join(folder, entry))].filter((one) => !typed.has(one)).map((one) => `${entry}: ${one}`);
        });
        hold(lost.length === 0, lost.join("\n"));
        return undefined;
      },
    },
    {
      name: `${name}: what is bundled in goes with its licence`,
      async run() {
        const file = join(folder, "dist/THIRD-PARTY-LICENSES");
        const licences = existsSync(file) ? readFileSync(file, "utf8") : "";
        const inside = bundledIn(join(folder, "dist"));
        const missing = inside.filter((one) => !licences.split("\n").includes(one));
        hold(missing.length === 0, `without a licence: ${missing.join(", ")}`);
        return inside.join(", ") || "nothing is bundled in";
      },
    },
    {
      name: `${name}: depends on nothing but what it may`,
      async run() {
        const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest();
        const allowed = mayDependOn[name] ?? [];
        const over = Object.keys(dependencies).filter((dependency) => !allowed.includes(dependency));
        hold(over.length === 0, `unexpected dependencies: ${over.join(", ")}`);
        const required = Object.keys(peerDependencies).filter((peer) => peerDependenciesMeta[peer]?.optional !== true);
        hold(required.length === 0, `peers that are not optional: ${required.join(", ")}`);
        return Object.keys(dependencies).join(", ") || "no dependencies";
      },
    },
    {
      name: `${name}: imports only what it declares`,
      async run() {
        const { dependencies = {}, peerDependencies = {} } = manifest();
        const declared = Object.keys({ ...dependencies, ...peerDependencies });
        const undeclared = [...importsOf(join(folder, "dist"))].filter(
          ([specifier]) =>
            !specifier.startsWith("node:") &&
            !declared.some((known) => specifier === known || specifier.startsWith(`${known}/`)),
        );
        hold(undeclared.length === 0, undeclared.map(([specifier, file]) => `${file} imports ${specifier}`).join("\n"));
        return undefined;
      },
    },
  ];
}

/** The packages whose modules are in the files of a folder: the bundler says where each begins. */
function bundledIn(folder: string): string[] {
  const code = readdirSync(folder)
    .filter((file) => file.endsWith(".js"))
    .map((file) => readFileSync(join(folder, file), "utf8"));
  const modules = code.flatMap((text) => [...text.matchAll(/^\/\/ .*\/node_modules\/((?:@[^/]+\/)?[^/\s]+)\//gm)]);
  return [...new Set(modules.map(([, name = ""]) => name))];
}

/** Every JavaScript file that a manifest's `exports` name. */
function entriesOf(exports: unknown): string[] {
  if (typeof exports === "string") return exports.endsWith(".js") ? [exports] : [];
  return typeof exports === "object" && exports !== null ? Object.values(exports).flatMap(entriesOf) : [];
}

/** The names that a built file exports: the bundler writes them as lists. */
function exportsOf(file: string): Set<string> {
  const lists = readFileSync(file, "utf8").matchAll(/^export \{([^}]*)\}/gm);
  const names = Array.from(lists, ([, list = ""]) => list.split(",")).flat();
  return new Set(names.map((name) => name.trim().replace(/^type |^.* as /g, "")).filter((name) => name !== ""));
}

/** What the files of a folder import from elsewhere, code and types, each with one file that does. */
function importsOf(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!/\.(js|d\.ts)$/.test(file)) continue;
    // Without comments, whose examples import what they are about.
    const text = readFileSync(join(folder, file), "utf8").replace(/^\s*\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    for (const [, specifier = ""] of text.matchAll(/(?:^|[;\s}])(?:from|import)\s*\(?\s*["']([^"'\n]+)["']/g)) {
      if (!specifier.startsWith(".")) found.set(specifier, file);
    }
  }
  return found;
}
