// The packages as they are published: what import time and size are measured on is `dist`, not the sources.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "..");

/** Builds every package; turbo skips those that have not changed. */
export function build(): void {
  execFileSync(join(root, "node_modules/.bin/turbo"), ["run", "build", "--output-logs=errors-only"], {
    cwd: root,
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1" },
    stdio: ["ignore", "ignore", "inherit"],
  });
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

/** The file that `import` of a published package finds, given its folder in packages/. */
export function publishedFile(folder: string, conditions: readonly string[] = ["node", "import"]): string {
  const home = join(root, "packages", folder);
  const { publishConfig } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as {
    publishConfig: { exports: { readonly ".": Exports } };
  };
  const file = resolve(publishConfig.exports["."], conditions);
  if (!file) throw new Error(`packages/${folder} publishes no file for ${conditions.join(", ")}`);
  return join(home, file);
}

/** The published client for Node, typed as its sources are. */
export const publishedClient = () =>
  import(pathToFileURL(publishedFile("node")).href) as Promise<typeof import("porter-sandbox")>;
