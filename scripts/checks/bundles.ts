import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Metafile, type Plugin } from "esbuild";
import { root } from "../process.ts";
import { type Check, hold } from "./check.ts";

/** Bytes, minified and gzipped. */
const edgeLimit = 15_000;
/** What it has, with a little room. The goal is 6,000: `pnpm bench size` says how far it is. */
const bareCoreLimit = 9_200;

/** Names of what only some runtimes have; none may be in what runs everywhere. */
const forbidden: readonly RegExp[] = [
  /\bnode:/,
  /\brequire\s*\(/,
  /\bBuffer\b/,
  /\b__dirname\b|\b__filename\b/,
  /\bcloudflare:/,
  /\bbun:/,
  /\bXMLHttpRequest\b/,
  /\beval\s*\(/,
  /\bnew Function\b|[^.\w]Function\s*\(/,
];

interface Bundle {
  readonly text: string;
  readonly inputs: readonly string[];
}

/** Bundles `code` as an application in `folder` would. */
async function bundle(
  code: string,
  folder: string,
  options: { conditions?: string[]; platform?: "browser" | "neutral"; plugins?: Plugin[]; minify?: boolean } = {},
): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: folder, loader: "ts" },
    absWorkingDir: folder,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2022",
    minify: options.minify ?? false,
    platform: options.platform ?? "neutral",
    legalComments: "none",
    logLevel: "silent",
    ...(options.conditions ? { conditions: options.conditions } : {}),
    ...(options.plugins ? { plugins: options.plugins } : {}),
  });
  return { text: outputFiles[0]?.text ?? "", inputs: Object.keys((metafile as Metafile).inputs) };
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(2)} kB`;

function size(text: string, limit: number): string {
  const bytes = gzipSync(text, { level: 9 }).length;
  hold(bytes <= limit, `${kilobytes(bytes)} minified and gzipped; the limit is ${kilobytes(limit)}`);
  return `${kilobytes(bytes)} of ${kilobytes(limit)}, minified and gzipped`;
}

/** Leaves out the checks of what is sent and what comes back: what the client weighs when it takes both at their word. */
const withoutValidation: Plugin = {
  name: "without-validation",
  setup(pluginBuild) {
    pluginBuild.onLoad({ filter: /[/\\]core[/\\]src[/\\]validation\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const names = [...source.matchAll(/^export (?:async )?(?:function|const) (\w+)/gm)].map(([, name]) => name);
      hold(names.includes("checkRequest") && names.includes("checkResponse"), `${path} is not what it was`);
      return { contents: names.map((name) => `export const ${name} = () => undefined;`).join("\n"), loader: "ts" };
    });
  },
};

/** What bundlers make of the packages that are installed in `project`. */
export function bundleChecks(project: string): Check[] {
  const ways: { name: string; conditions?: string[]; platform?: "browser" }[] = [
    { name: "esbuild --platform=browser", platform: "browser" },
    { name: "a bundler for Workers", conditions: ["workerd", "worker", "browser"] },
    { name: "a bundler for Vercel's edge", conditions: ["edge-light"] },
    { name: "a bundler for Deno", conditions: ["deno"] },
    { name: "a bundler for Bun", conditions: ["bun"] },
  ];
  return [
    ...ways.map(
      ({ name, ...options }): Check => ({
        name: `porter-sandbox: ${name} takes the edge adapter, and nothing of a runtime with it`,
        async run() {
          const { text, inputs } = await bundle(`export * from "porter-sandbox"`, project, options);
          hold(
            inputs.some((input) => input.endsWith("porter-sandbox/dist/edge.js")),
            `took ${inputs.join(", ")}`,
          );
          hold(!inputs.some((input) => input.endsWith("porter-sandbox/dist/index.js")), "took the Node adapter too");
          const found = forbidden.filter((pattern) => pattern.test(text));
          hold(
            found.length === 0,
            `has ${found.map((pattern) => `${pattern} (${text.match(pattern)?.[0]})`).join(", ")}`,
          );
          return undefined;
        },
      }),
    ),
    {
      name: "@porter-sandbox/edge: the size of Porter, everything included",
      async run() {
        const code = `export { Porter } from "@porter-sandbox/edge"`;
        return size((await bundle(code, project, { minify: true })).text, edgeLimit);
      },
    },
    {
      name: "@porter-sandbox/core: the size of Porter without validation",
      async run() {
        const folder = join(root, "packages/core");
        const code = `export { Porter } from "./src/index.ts"`;
        const { text } = await bundle(code, folder, { minify: true, plugins: [withoutValidation] });
        return size(text, bareCoreLimit);
      },
    },
  ];
}
