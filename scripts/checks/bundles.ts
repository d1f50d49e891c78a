import { join } from "node:path";
import { root } from "../process.ts";
import { bundle, withoutValidators } from "./bundle.ts";
import { type Check, hold } from "./check.ts";

/** Bytes, minified and gzipped, of what an application loads with `Porter`, before it uses an extra. */
const edgeLimit = 15_000;
/** What it has, with a little room. The goal is 6,000: `pnpm bench size` says how far it is. */
const bareCoreLimit = 8_400;
/** What each module in `packages/core/src/extras` that is loaded on first use may add. */
const extraLimits: Readonly<Record<string, number>> = {
  capabilities: 500,
  "exec-options": 10_300,
  "file-content": 2_600,
  iterating: 500,
  ttl: 900,
  jobs: 7_800,
  "log-reading": 2_800,
  metrics: 700,
  operations: 1_000,
  "sandbox-files": 8_900,
  snapshots: 900,
  spawn: 8_600,
  terminating: 1_000,
  waiting: 2_100,
  "when-running": 700,
};

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

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(2)} kB`;

function held(bytes: number, limit: number, what = ""): string {
  const said = `${what}${kilobytes(bytes)}`;
  hold(bytes <= limit, `${said} minified and gzipped; the limit is ${kilobytes(limit)}`);
  return `${said} of ${kilobytes(limit)}`;
}

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
          const { text, inputs } = await bundle(`export * from "porter-sandbox"`, project, {
            splitting: false,
            ...options,
          });
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
      name: "@porter-sandbox/edge: the size of Porter, and of what is loaded on first use",
      async run() {
        const code = `export { Porter } from "@porter-sandbox/edge"`;
        const { gzipped, extras } = await bundle(code, project, { minify: true });
        const whole = await bundle(code, project, { minify: true, splitting: false });
        hold(
          [...extras.keys()].join() === Object.keys(extraLimits).sort().join(),
          `extras with a limit: ${Object.keys(extraLimits).sort()}; in the bundle: ${[...extras.keys()]}`,
        );
        return [
          held(gzipped, edgeLimit),
          ...[...extras].map(([name, bytes]) => held(bytes, extraLimits[name] ?? 0, `${name} `)),
          `all in one file ${kilobytes(whole.gzipped)}`,
        ].join(", ");
      },
    },
    {
      name: "@porter-sandbox/core: the size of Porter without validation",
      async run() {
        const code = `export { Porter } from "./src/index.ts"`;
        const folder = join(root, "packages/core");
        const { gzipped } = await bundle(code, folder, { minify: true, plugins: [withoutValidators] });
        return held(gzipped, bareCoreLimit);
      },
    },
  ];
}
