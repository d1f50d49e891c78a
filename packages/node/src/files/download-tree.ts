import {
  DownloadTimeoutError,
  type FileSystem,
  InvalidRequestError,
  SandboxError,
  type VolumeFile,
} from "@porter-sandbox/core";
import { normalizeVolumePath } from "@porter-sandbox/spec";
import { downloadFile } from "./download.ts";
import { inParallel } from "./in-parallel.ts";
import { onLocal } from "./local-file-error.ts";
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
  const local = await toLocalPath(localPath);
  const [{ lstat, mkdir, rename, rm }, { dirname, join }] = await Promise.all([
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

  const there = await lstat(local).catch(() => undefined);
  const fresh = there === undefined;
  const into = fresh ? join(dirname(local), `.porter-sandbox-${crypto.randomUUID()}.partial`) : local;
  await onLocal(local, () => mkdir(into, { recursive: !fresh }));
  const progress = sumOf(total, onProgress);
  try {
    for (const { entry, below } of entries)
      if (entry.isDirectory) await onLocal(local, () => mkdir(join(into, ...below), { recursive: true }));
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
