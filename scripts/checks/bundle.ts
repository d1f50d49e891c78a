// What esbuild makes of the client in an application: what is loaded with it, and what on first use.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";

export interface Bundle {
  /** The code that is loaded at once; all of it, where nothing is split. */
  readonly text: string;
  /** Bytes of that, gzipped as one: the published client is one file, only its sources become several. */
  readonly gzipped: number;
  /** The files that went in. */
  readonly inputs: readonly string[];
  /** What is loaded on first use, by the name of its module: gzipped bytes that it adds. */
  readonly extras: ReadonlyMap<string, number>;
}

const gzipped = (text: string) => gzipSync(text, { level: 9 }).length;

/** Bundles `code` as an application in `folder` would, by default with a file for each thing that is loaded on first use. */
export async function bundle(code: string, folder: string, options: BuildOptions = {}): Promise<Bundle> {
  const { outputFiles = [], metafile } = await build({
    stdin: { contents: code, resolveDir: folder, loader: "ts" },
    absWorkingDir: folder,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    outdir: "/out",
    // Else the paths in the metafile would depend on where the project is.
    entryNames: "porter",
    chunkNames: "[name]-[hash]",
    legalComments: "none",
    logLevel: "silent",
    ...options,
  });
  const textOf = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  const outputs = new Map(Object.entries(metafile?.outputs ?? {}).map(([path, output]) => [basename(path), output]));
  const joined = (names: Iterable<string>) => [...names].map((name) => textOf.get(name) ?? "").join("\n");
  const loaded = filesFrom("porter.js", outputs);
  const extras = new Map<string, number>();
  for (const [name, { entryPoint }] of outputs) {
    if (loaded.has(name) || !entryPoint) continue;
    const added = [...filesFrom(name, outputs)].filter((file) => !loaded.has(file));
    extras.set(basename(entryPoint).replace(/\.[jt]s$/, ""), gzipped(joined(added)));
  }
  const text = joined(loaded);
  return {
    text,
    gzipped: gzipped(text),
    inputs: Object.keys(metafile?.inputs ?? {}),
    extras: new Map([...extras].sort()),
  };
}

/** A file and all that it imports before it runs. */
function filesFrom(name: string, outputs: ReadonlyMap<string, Metafile["outputs"][string]>): Set<string> {
  const found = new Set([name]);
  for (const file of found)
    for (const { path, kind, external } of outputs.get(file)?.imports ?? [])
      if (kind === "import-statement" && !external) found.add(basename(path));
  return found;
}

/** Puts empty functions in the place of those in the module behind which core keeps all its checks. */
export const withoutValidators: Plugin = {
  name: "without-validators",
  setup({ onLoad, onResolve }) {
    // What only an extra needs of a module that both use would be counted here.
    onResolve({ filter: /\/extras\// }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path, external: true } : undefined,
    );
    onLoad({ filter: /[/\\]core[/\\]src[/\\]validation\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const names = [...source.matchAll(/^export (?:async )?(?:function|const) (\w+)/gm)].map(([, name]) => name ?? "");
      for (const wanted of ["checkRequest", "checkResponse"])
        if (!names.includes(wanted)) throw new Error(`${path} is not what it was`);
      return { contents: names.map((name) => `export const ${name} = () => {};`).join("\n"), loader: "ts" };
    });
  },
};
