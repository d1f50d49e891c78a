// Sets the repository up and runs one of its scripts, with nothing but Node 20 and npm on the machine:
//   node scripts/with-pnpm.mjs run check
// pnpm comes from the npm registry in the version that package.json names; pnpm brings Node 24 (see CONTRIBUTING.md).
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { packageManager } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

function pnpm(...args) {
  const shell = process.platform === "win32";
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1" };
  const { status, error } = spawnSync("npx", ["--yes", packageManager, ...args], {
    cwd: root,
    stdio: "inherit",
    shell,
    env,
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

pnpm("install", "--frozen-lockfile", "--reporter=append-only", "--loglevel=warn");
pnpm(...process.argv.slice(2));
