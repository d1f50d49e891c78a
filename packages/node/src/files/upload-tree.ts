import type { Stats } from "node:fs";
import { type FileSystem, type SandboxFiles, UploadTimeoutError } from "@porter-sandbox/core";
import { inParallel } from "@porter-sandbox/spec/in-parallel";
import { checkConcurrency, checkTransfer } from "./check-transfer.ts";
import { LocalFileError, onLocal } from "./local-file-error.ts";
import { toLocalPath } from "./local-path.ts";
import type { TreeOptions, TreeResult } from "./options.ts";
import { sumOf } from "./progress.ts";
import { uploadFile } from "./upload.ts";
import { withinTime } from "./within-time.ts";

/** What `upload` takes. */
export interface UploadOptions extends TreeOptions {}

interface LocalTree {
  /** Below the root, with slashes whatever the machine has; parents first. */
  readonly files: { readonly local: string; readonly path: string; readonly size: number; readonly mode: number }[];
  readonly emptyDirectories: string[];
}

/**
 * Writes a file of this machine, or a directory with all below it, into a volume or a sandbox. It is streamed, so memory
 * stays small however much it is. Links are followed. Each file is atomic: where something fails, those before it are whole
 * and the others as they were, since what is there already is kept and only replaced file by file.
 *
 * Empty directories, which a volume cannot hold, are listed in `skipped`. A sandbox also keeps which files may be executed.
 *
 * @param to where to: a volume, or `sandbox.files`
 * @param localPath a path, or a `file:` URL, of a file or a directory
 * @param path what it is called there, not the directory above it
 * @throws {LocalFileError} when something local is missing, cannot be read, or is neither file nor directory; the whole tree
 * is looked at before anything is sent
 * @example
 * ```ts
 * await upload(sandbox.files, "./project", "/app", {
 *   onProgress: ({ bytes, total }) => console.log(`${bytes} of ${total}`),
 * });
 * ```
 */
export async function upload(
  to: FileSystem,
  localPath: string | URL,
  path: string,
  options: UploadOptions = {},
): Promise<TreeResult> {
  return withinTime(options, UploadTimeoutError, (signal) => sendTree(to, localPath, path, options, signal));
}

async function sendTree(
  to: FileSystem,
  localPath: string | URL,
  path: string,
  { onProgress, concurrency = 4 }: UploadOptions,
  signal: AbortSignal,
): Promise<TreeResult> {
  checkTransfer(path, { onProgress });
  checkConcurrency(concurrency);
  const local = await toLocalPath(localPath);
  const tree = await scan(local);
  const total = tree.files.reduce((sum, { size }) => sum + size, 0);
  const sandbox = "mkdir" in to ? (to as SandboxFiles) : undefined;
  const under = (below: string) => `${path.replace(/\/+$/, "")}${below}`;
  const progress = sumOf(total, onProgress);
  signal.throwIfAborted();
  await inParallel(tree.files, concurrency, signal, async (file, each) => {
    const mode = (file.mode & 0o111) !== 0 ? file.mode & 0o777 : undefined;
    const target = sandbox && mode ? withMode(sandbox, mode) : to;
    await uploadFile(target, file.local, under(file.path), { ...each, onProgress: progress.ofOne() });
  });
  if (sandbox)
    await inParallel(tree.emptyDirectories, concurrency, signal, (below, each) =>
      sandbox.mkdir(under(below) || "/", each),
    );
  const skipped = sandbox ? [] : tree.emptyDirectories.map(under);
  return { files: tree.files.length, bytes: progress.bytes(), skipped };
}

const withMode = (files: SandboxFiles, mode: number): Pick<FileSystem, "writeFile"> => ({
  writeFile: (path, content, options) => files.writeFile(path, content, { ...options, mode }),
});

/** Everything that is to be sent. What cannot be is found now, and not in the middle. */
async function scan(root: string): Promise<LocalTree> {
  const { opendir, realpath, stat } = await import("node:fs/promises");
  const { join } = await import("node:path");
  const files: LocalTree["files"] = [];
  const emptyDirectories: string[] = [];
  const visit = async (local: string, path: string, above: readonly string[]): Promise<void> => {
    const found: Stats = await onLocal(local, () => stat(local));
    if (found.isFile()) return void files.push({ local, path, size: found.size, mode: found.mode });
    if (!found.isDirectory()) throw new LocalFileError(local, "is neither a file nor a directory");
    const real = await onLocal(local, () => realpath(local));
    if (above.includes(real)) throw new LocalFileError(local, "is a link to a directory that it is in");
    const names = await onLocal(local, async () => {
      const names: string[] = [];
      for await (const { name } of await opendir(local)) names.push(name);
      return names.sort();
    });
    if (names.length === 0) emptyDirectories.push(path);
    for (const name of names) await visit(join(local, name), `${path}/${name}`, [...above, real]);
  };
  await visit(root, "", []);
  return { files, emptyDirectories };
}
