import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "tsdown";
import { licencesOf } from "./scripts/licences.ts";

interface Manifest {
  publishConfig: { exports: Record<string, unknown> };
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

/** Every `./dist/x.js` that the published exports name, under whatever condition. */
function published(exports: unknown): string[] {
  if (typeof exports === "string") return /^\.\/dist\/.*\.js$/.test(exports) ? [exports] : [];
  return typeof exports === "object" && exports !== null ? Object.values(exports).flatMap(published) : [];
}

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const entries = [...new Set(published(manifest.publishConfig.exports))].map((file) =>
  file.replace(/^\.\/dist\/(.*)\.js$/, "src/$1.ts"),
);

const entryNames = new Set(entries.map((file) => basename(file, ".ts")));

/** The client's sources, declarations aside. */
const client = /\/(?:spec|core|edge)\/(?:src|generated)\/.*(?<!\.d)\.ts$/;
/** What core loads with `import()`, and the tables that go with it. */
const tables = /\/spec\/generated\/parts\//;
const onFirstUse = /\/core\/src\/extras\/|\/spec\/generated\/parts(?:\/|\.ts$)/;
/** Lists of exports, and rules of servers: that one of them names a module does not mean that the client needs it. */
const lists = /\/(?:spec|core|edge)\/src\/index\.ts$|\/spec\/src\/query\.ts$/;

interface Graph {
  getModuleInfo(id: string): { readonly importers: readonly string[] } | null;
}

/** The file of a module that several others share. One that only what is loaded on first use imports goes with that. */
function clientOf(id: string, graph: Graph): string | null {
  const needed = (id: string, seen: ReadonlySet<string> = new Set()): boolean => {
    if (seen.has(id) || onFirstUse.test(id)) return false;
    const importers = (graph.getModuleInfo(id)?.importers ?? []).filter((importer) => !lists.test(importer));
    return importers.length === 0 || importers.some((importer) => needed(importer, new Set([...seen, id])));
  };
  return client.test(id) && needed(id) ? "client" : null;
}

/**
 * How every published package is built: one entry for each file that its `publishConfig.exports` name. The private
 * packages, the client and zod are bundled in, types included; only what the manifest declares is left as an import,
 * and anything else fails the build.
 */
export const library = defineConfig({
  entry: entries,
  format: "esm",
  platform: "neutral",
  target: "es2023",
  outDir: "dist",
  clean: true,
  hash: false,
  fixedExtension: false,
  dts: { resolver: "tsc", eager: true, tsconfig: fileURLToPath(new URL("tsconfig.types.json", import.meta.url)) },
  // A program may be compiled for a standard without `Symbol.dispose`, which handles have.
  banner: { dts: '/// <reference lib="esnext.disposable" />' },
  deps: {
    onlyBundle: [/^@porter-sandbox\//, "zod"],
    onlyImport: [/^node:/, ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })],
    neverBundle: [/^node:/],
  },
  // The client that several entries share is one file (declarations aside): each file costs every program that imports
  // it. What is loaded on first use stays out of it.
  outputOptions: {
    // The tables of a part are named as the module that needs them, and what entries share may not take the name of one.
    chunkFileNames: ({ name, moduleIds }) =>
      moduleIds.every((id) => tables.test(id))
        ? "[name]-tables.js"
        : entryNames.has(name.replace(/\.d$/, ""))
          ? "[name]-shared.js"
          : "[name].js",
    codeSplitting: { groups: [{ name: clientOf, minShareCount: Math.min(entries.length, 2) }] },
  },
  plugins: [
    {
      name: "licences",
      generateBundle(_options, bundle) {
        const files = Object.values(bundle).flatMap((output) => (output.type === "chunk" ? output.moduleIds : []));
        const source = licencesOf(files);
        if (source !== undefined) this.emitFile({ type: "asset", fileName: "THIRD-PARTY-LICENSES", source });
      },
    },
  ],
  checks: { pluginTimings: false },
  failOnWarn: true,
});
