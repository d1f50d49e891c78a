// The packages as they are published: what is measured is the JavaScript that people install, not the sources.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "..");
const built = join(import.meta.dirname, "dist");

/**
 * Builds the packages that are measured, by their own settings, into a folder of the benchmarks': a build for
 * publishing that runs at the same time is left alone, and types are left out.
 */
export function build(): void {
  for (const folder of ["edge", "node"]) {
    execFileSync(
      join(root, "node_modules/.bin/tsdown"),
      ["--no-dts", "--logLevel", "error", "--out-dir", join(built, folder)],
      { cwd: join(root, "packages", folder), stdio: ["ignore", "ignore", "inherit"] },
    );
    // What bundlers go by beside the code.
    const { type, sideEffects } = JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8"));
    writeFileSync(join(built, folder, "package.json"), JSON.stringify({ type, sideEffects }));
  }
}

type Exports = string | { readonly [condition: string]: Exports };

function resolve(entry: Exports | undefined, conditions: readonly string[]): string | undefined {
  if (entry === undefined || typeof entry === "string") return entry;
  // The order of the map decides, not that of the conditions.
  for (const [condition, inner] of Object.entries(entry)) {
    const found = condition === "default" || conditions.includes(condition) ? resolve(inner, conditions) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** The built file that `import` of a package finds, given its folder in packages/. */
export function publishedFile(folder: "edge" | "node", conditions: readonly string[] = ["node", "import"]): string {
  const manifest = readFileSync(join(root, "packages", folder, "package.json"), "utf8");
  const { publishConfig } = JSON.parse(manifest) as { publishConfig: { exports: { readonly ".": Exports } } };
  const file = resolve(publishConfig.exports["."], conditions);
  if (!file?.startsWith("./dist/"))
    throw new Error(`packages/${folder} publishes no file for ${conditions.join(", ")}`);
  return join(built, folder, file.slice("./dist/".length));
}

/** The published client for Node, typed as its sources are. */
export const publishedClient = () =>
  import(pathToFileURL(publishedFile("node")).href) as Promise<typeof import("porter-sandbox")>;
