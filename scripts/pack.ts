// Builds the public packages (cached by turbo), packs them into .pack/ as they are published, and unpacks them where the
// runners in runtimes/ resolve them, so that the contract suite runs what people install.
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

export async function pack(): Promise<Packed[]> {
  // Through pnpm, since turbo looks for pnpm on the path.
  await mustRun([...pnpm(), "exec", "turbo", "run", "build", "--filter=./packages/*", "--output-logs=errors-only"]);
  const packages = publicPackages();
  rmSync(packFolder, { recursive: true, force: true });
  mkdirSync(packFolder, { recursive: true });
  await mustRun([
    ...pnpm(),
    "-r",
    ...packages.map(({ name }) => `--filter=${name}`),
    "pack",
    "--pack-destination",
    packFolder,
  ]);
  await Promise.all(packages.map((each) => unpack(each, join(root, "runtimes"))));
  return packages;
}

if (import.meta.main) {
  const started = performance.now();
  for (const { name, version } of await pack()) console.log(`packed ${name}@${version}`);
  console.log(`into .pack/ and runtimes/node_modules/ in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
