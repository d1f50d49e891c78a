// Builds the public packages (cached by turbo), packs them into .pack/ as they are published, and unpacks them where the
// runners in runtimes/ resolve them, so that the contract suite runs what people install:
//   node scripts/pack.ts [package…]
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { mustRun, pnpm, root } from "./process.ts";

export const packFolder = join(root, ".pack");

export interface Packed {
  readonly name: string;
  readonly version: string;
  /** The tarball's path. */
  readonly tarball: string;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
}

/** The public packages, with the path at which each one's tarball is, or will be. */
export function publicPackages(): Packed[] {
  return readdirSync(join(root, "packages"))
    .map((folder) => JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8")) as Manifest)
    .filter((manifest) => manifest.private !== true)
    .map(({ name, version }) => ({
      name,
      version,
      tarball: join(packFolder, `${name.replace(/^@/, "").replaceAll("/", "-")}-${version}.tgz`),
    }));
}

/** Unpacks a tarball as `node_modules/<name>` of `folder`, replacing what was there. */
export async function unpack({ name, tarball }: Packed, folder: string): Promise<void> {
  const target = join(folder, "node_modules", name);
  const fresh = `${target}.unpacking`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  await mustRun(["tar", "-xzf", tarball, "--strip-components=1", "-C", fresh]);
  rmSync(target, { recursive: true, force: true });
  renameSync(fresh, target);
}

/** Builds and packs the public packages, or those of `names`. */
export async function pack(names: readonly string[] = []): Promise<Packed[]> {
  const all = publicPackages();
  const unknown = names.filter((name) => !all.some((each) => each.name === name));
  if (unknown.length > 0) throw new Error(`no such public package: ${unknown.join(", ")}`);
  const packages = all.filter(({ name }) => names.length === 0 || names.includes(name));
  const filters = packages.map(({ name }) => `--filter=${name}`);
  // Through pnpm, since turbo looks for pnpm on the path.
  await mustRun([...pnpm(), "exec", "turbo", "run", "build", ...filters, "--output-logs=errors-only"]);
  if (names.length === 0) rmSync(packFolder, { recursive: true, force: true });
  mkdirSync(packFolder, { recursive: true });
  await mustRun([...pnpm(), "-r", ...filters, "pack", "--pack-destination", packFolder]);
  await Promise.all(packages.map((each) => unpack(each, join(root, "runtimes"))));
  return packages;
}

if (import.meta.main) {
  const started = performance.now();
  try {
    for (const { name, version } of await pack(process.argv.slice(2))) console.log(`packed ${name}@${version}`);
    console.log(`into .pack/ and runtimes/node_modules/ in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
