// What a bundle pays: esbuild, minified, gzipped. Code that an application loads on first use is not in what it loads with
// `Porter`, and stands in a row of its own.
import { join } from "node:path";
import { type Bundle, bundle, withoutValidators } from "../scripts/checks/bundle.ts";
import { publishedFile } from "./packages.ts";
import type { Report, Row } from "./report.ts";

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;

/** What becomes of `names` of `from`. */
function exported(names: string, from: string, options: Parameters<typeof bundle>[2] = {}): Promise<Bundle> {
  return bundle(`export { ${names} } from ${JSON.stringify(from)};`, import.meta.dirname, {
    minify: true,
    target: "es2023",
    // esbuild has no default for "neutral".
    mainFields: ["module", "main"],
    conditions: ["import"],
    external: ["node:*"],
    ...options,
  });
}

export async function size(_quick: boolean, progress: (text: string) => void): Promise<Report> {
  progress("bundling");
  const edge = publishedFile("edge", ["import"]);
  const core = join(import.meta.dirname, "../packages/core/src/index.ts");
  const limited = (subject: string, { gzipped }: Bundle, limit: number): Row => ({
    subject,
    ratio: gzipped / limit,
    target: { atMost: 1 },
    detail: `${kilobytes(gzipped)} of ${kilobytes(limit)}`,
  });
  const porter = await exported("Porter", edge);
  const whole = await exported("Porter", edge, { splitting: false });
  const peers: [subject: string, names: string, from: string, platform: "neutral" | "node"][] = [
    ["ky", "default", "ky", "neutral"],
    ["openapi-fetch", "default", "openapi-fetch", "neutral"],
    ["e2b", "Sandbox", "e2b", "node"],
    ["@vercel/sandbox", "Sandbox", "@vercel/sandbox", "node"],
  ];
  const beside = (subject: string, bytes: number): Row => ({
    subject: `${subject} (ratio to the edge Porter)`,
    ratio: bytes / porter.gzipped,
    detail: kilobytes(bytes),
  });
  const rows = [
    limited("Porter of the edge adapter", porter, 15_000),
    limited(
      "Porter of core, without validators",
      await exported("Porter", core, { plugins: [withoutValidators] }),
      6_000,
    ),
    ...[...porter.extras].map(([name, bytes]) => beside(`loaded on first use: ${name}`, bytes)),
    beside("all of it, by a bundler that makes one file", whole.gzipped),
  ];
  for (const [subject, names, from, platform] of peers)
    rows.push(beside(subject, (await exported(names, from, { platform, splitting: false })).gzipped));
  return { name: "size", title: "minified and gzipped, as a ratio to the limit", rows };
}
