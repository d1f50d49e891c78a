import {
  DownloadTimeoutError,
  type FileSystem,
  InvalidRequestError,
  SandboxError,
  type VolumeFile,
} from "@porter-sandbox/core";
import { normalizeVolumePath } from "@porter-sandbox/spec";
import { inParallel } from "@porter-sandbox/spec/in-parallel";
import { checkConcurrency, checkTransfer } from "./check-transfer.ts";
import { downloadFile } from "./download.ts";
import { folderError, LocalFileError, onLocal } from "./local-file-error.ts";
import { toLocalPath } from "./local-path.ts";
import type { TreeOptions, TreeResult } from "./options.ts";
import { sumOf } from "./progress.ts";
import { withinTime } from "./within-time.ts";

/** What `download` takes. */
export interface DownloadOptions extends TreeOptions {}

/**
 * Reads a file, or a directory with all below it, of a volume or a sandbox into this machine. It is streamed, so memory
 * stays small however much it is. Where nothing is at `localPath` yet a directory appears there when it is complete, or
 * not at all; into one that is there each file is put by itself, and replaces what has its name.
 *
 * Links, devices, pipes and sockets are not followed or made: they are listed in `skipped`. No name that a sandbox gives to a
 * file leads out of `localPath`.
 *
 * @param from where from: a volume, or `sandbox.files`
 * @param path of a file or a directory there
 * @param localPath what it is called here, not the folder above it, which must exist; a path, or a `file:` URL
 * @throws {LocalFileError} when something local cannot be written
 * @example
 * ```ts
 * const { files, bytes } = await download(sandbox.files, "/app/dist", "./dist");
 * ```
 */
export async function download(
  from: FileSystem,
  path: string,
  localPath: string | URL,
  options: DownloadOptions = {},
): Promise<TreeResult> {
  return withinTime(options, DownloadTimeoutError, (signal) => receiveTree(from, path, localPath, options, signal));
}

async function receiveTree(
  from: FileSystem,
  path: string,
  localPath: string | URL,
  { onProgress, concurrency = 4 }: DownloadOptions,
  signal: AbortSignal,
): Promise<TreeResult> {
  checkTransfer(path, { onProgress });
  checkConcurrency(concurrency);
  const local = await toLocalPath(localPath);
  const [{ lstat, rename, rm, stat }, { dirname, join }] = await Promise.all([
    import("node:fs/promises"),
    import("node:path"),
  ]);

  const listed: VolumeFile[] = [];
  try {
    for await (const entry of from.iterdir(path, { signal })) listed.push(entry);
  } catch (error) {
    // It is no directory, as volumes and sandboxes say alike: then it is a file, or the attempt says what else it is.
    const answered =
      error instanceof InvalidRequestError && (error.admitted === true || error.statusCode !== undefined);
    if (!answered || listed.length > 0) throw error;
    const { bytes } = await downloadFile(from, path, local, { signal, onProgress });
    return { files: 1, bytes, skipped: [] };
  }

  const base = (normalizeVolumePath(path) ?? path).replace(/\/$/, "");
  const entries = listed.map((entry) => ({ entry, below: partsBelow(entry.path, base) }));
  const files = entries.filter(({ entry }) => entry.isFile);
  const total = files.reduce((sum, { entry }) => sum + entry.size_bytes, 0);
  const skipped = listed.filter(({ isFile, isDirectory }) => !isFile && !isDirectory).map(({ path }) => path);

  const fresh = (await lstat(local).catch(() => undefined)) === undefined;
  const into = fresh ? join(dirname(local), `.porter-sandbox-${crypto.randomUUID()}.partial`) : local;
  if (fresh) await makeDirectory(into, local);
  else if (!(await onLocal(local, () => stat(local))).isDirectory()) throw new LocalFileError(local, NO_DIRECTORY);
  const progress = sumOf(total, onProgress);
  try {
    for (const below of directoriesOf(entries)) await makeDirectory(join(into, below), join(local, below));
    signal.throwIfAborted();
    await inParallel(files, concurrency, signal, async ({ entry, below }, each) => {
      await downloadFile(from, entry.path, join(into, ...below), { ...each, onProgress: progress.ofOne() });
    });
    if (fresh) await onLocal(local, () => rename(into, local));
  } catch (error) {
    if (fresh) await rm(into, { recursive: true, force: true });
    throw error;
  }
  return { files: files.length, bytes: progress.bytes(), skipped };
}

/** The paths of all directories, those that only files name too, each after the one that it is in. */
function directoriesOf(entries: readonly { entry: VolumeFile; below: readonly string[] }[]): Set<string> {
  const found = new Set<string>();
  for (const { entry, below } of entries)
    for (let depth = 1; depth < below.length + (entry.isDirectory ? 1 : 0); depth += 1)
      found.add(below.slice(0, depth).join("/"));
  return found;
}

const NO_DIRECTORY = "is no directory, and one is to be put there";

/**
 * Makes a directory in one that is there. What is there already must be one itself: a link would lead elsewhere, and that
 * is not for those to use who named these files.
 */
async function makeDirectory(path: string, local: string): Promise<void> {
  const { lstat, mkdir } = await import("node:fs/promises");
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) await mkdir(path).catch((cause) => Promise.reject(folderError(local, cause)));
  else if (found.isSymbolicLink()) throw new LocalFileError(local, "is a link, which is not followed");
  else if (!found.isDirectory()) throw new LocalFileError(local, NO_DIRECTORY);
}

/**
 * The names below `base`. What a sandbox calls its files is the word of code that nobody has to trust: a name that is not
 * one of a single file would lead elsewhere here.
 */
function partsBelow(path: string, base: string): string[] {
  const parts = path.startsWith(`${base}/`) ? path.slice(base.length + 1).split("/") : [""];
  const foreign = process.platform === "win32" ? /[\\/:\0]/ : /[/\0]/;
  if (parts.some((part) => part === "" || part === "." || part === ".." || foreign.test(part)))
    throw new SandboxError(`path: ${JSON.stringify(path)} is no path below ${JSON.stringify(base || "/")}`, {
      code: "unsafe_path",
      admitted: true,
    });
  return parts;
}
