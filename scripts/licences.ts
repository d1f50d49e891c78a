// The licences of what is bundled into a build: most ask that their text goes with every copy.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder of the package that a file belongs to, where that is not one of ours. */
const FOREIGN = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/**
 * The licence texts of the packages from elsewhere that `files` are part of; undefined when there are none.
 * @throws when one of them has no licence file: then it may not be bundled.
 */
export function licencesOf(files: Iterable<string>): string | undefined {
  const folders = new Map<string, string>();
  for (const file of files) {
    const [, folder, name] = FOREIGN.exec(file) ?? [];
    if (folder !== undefined && name !== undefined && !name.startsWith("@porter-sandbox/")) folders.set(name, folder);
  }
  if (folders.size === 0) return undefined;
  return [...folders]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, folder]) => {
      const file = ["LICENSE", "LICENSE.md", "LICENCE", "license"].map((one) => join(folder, one)).find(existsSync);
      if (file === undefined) throw new Error(`${name} has no licence file, so it may not be bundled`);
      return `${name}\n\n${readFileSync(file, "utf8").trim()}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}
