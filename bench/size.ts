// What a bundle pays: esbuild, minified, gzipped, everything included.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { publishedFile } from "./packages.ts";
import type { Report, Row } from "./report.ts";

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
/** Gzipped bytes of a bundle that exports `names` from `from`. */
async function gzipped(
  names: string,
  from: string,
  platform: "neutral" | "node",
  plugins: Plugin[] = [],
): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${names} } from ${JSON.stringify(from)};`, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2023",
    platform,
    // esbuild has no default for "neutral".
    mainFields: ["module", "main"],
    conditions: ["import"],
    external: ["node:*"],
    logLevel: "error",
    plugins,
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

/** Puts empty functions in the place of those in the module behind which core keeps all its checks. */
const withoutValidators: Plugin = {
  name: "without-validators",
  setup({ onLoad }) {
    onLoad({ filter: /\/core\/src\/validation\.ts$/ }, ({ path }) => {
      const names = readFileSync(path, "utf8").matchAll(/^export function (\w+)/gm);
      return { contents: [...names].map(([, name]) => `export const ${name} = () => {};`).join("\n") };
    });
  },
};

export async function size(_quick: boolean, progress: (text: string) => void): Promise<Report> {
  progress("bundling");
  const edge = publishedFile("edge", ["import"]);
  const core = join(import.meta.dirname, "../packages/core/src/index.ts");
  const limited = async (subject: string, bytes: Promise<number>, limit: number): Promise<Row> => ({
    subject,
    ratio: (await bytes) / limit,
    target: { atMost: 1 },
    detail: `${kilobytes(await bytes)} of ${kilobytes(limit)}`,
  });
  const whole = await gzipped("Porter", edge, "neutral");
  const peers: [subject: string, names: string, from: string, platform: "neutral" | "node"][] = [
    ["ky", "default", "ky", "neutral"],
    ["openapi-fetch", "default", "openapi-fetch", "neutral"],
    ["e2b", "Sandbox", "e2b", "node"],
    ["@vercel/sandbox", "Sandbox", "@vercel/sandbox", "node"],
  ];
  const rows = [
    await limited("Porter of the edge adapter", Promise.resolve(whole), 15_000),
    await limited("Porter of core, without validators", gzipped("Porter", core, "neutral", [withoutValidators]), 6_000),
  ];
  for (const [subject, names, from, platform] of peers) {
    const bytes = await gzipped(names, from, platform);
    rows.push({ subject: `${subject} (ratio to the edge Porter)`, ratio: bytes / whole, detail: kilobytes(bytes) });
  }
  return { name: "size", title: "minified and gzipped, as a ratio to the limit", rows };
}
