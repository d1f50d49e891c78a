import type { FileHandle } from "node:fs/promises";
import type { FileSystem } from "@porter-sandbox/core";
import { checkTransfer } from "./check-transfer.ts";
import { folderError, LocalFileError, onLocal } from "./local-file-error.ts";
import { toLocalPath } from "./local-path.ts";
import type { TransferOptions } from "./options.ts";

/** What `downloadFile` takes. */
export interface DownloadFileOptions extends TransferOptions {}

/**
 * Reads a file of a volume into a file of this machine. It is streamed, so memory stays small however large it is, and
 * atomic: `localPath` shows the whole file or what was there before. Until its last byte it is written beside its
 * place, as `.porter-sandbox-*.partial`, which is removed when the download fails.
 *
 * @param volume where from; any volume that a `Porter` answered, or `sandbox.files`
 * @param path the file's path within the volume, or the sandbox
 * @param localPath a path, or a `file:` URL. Its folder must exist; a file that is there is replaced
 * @returns how many bytes came
 * @throws {LocalFileError} when the local file cannot be written; where that can be seen before, nothing is sent
 */
export async function downloadFile(
  volume: Pick<FileSystem, "stream">,
  path: string,
  localPath: string | URL,
  options: DownloadFileOptions = {},
): Promise<{ bytes: number }> {
  const { onProgress, ...call } = options;
  checkTransfer(path, options);
  call.signal?.throwIfAborted();
  const local = await toLocalPath(localPath);
  await refuseDirectory(local);
  // Node's modules are loaded when they are needed: a program that only imports the client would pay for them too.
  const [{ rename, rm }, { dirname, join }] = await Promise.all([import("node:fs/promises"), import("node:path")]);
  const partial = join(dirname(local), `.porter-sandbox-${crypto.randomUUID()}.partial`);
  const handle = await openFresh(partial, local);
  try {
    const bytes = await receive(volume.stream(path, call), handle, local, onProgress);
    await onLocal(local, () => handle.close());
    await onLocal(local, () => rename(partial, local));
    return { bytes };
  } catch (error) {
    // Closing twice is refused, and that is fine.
    await handle.close().catch(() => {});
    await rm(partial, { force: true });
    throw error;
  }
}

async function receive(
  content: AsyncIterable<Uint8Array>,
  handle: FileHandle,
  local: string,
  onProgress: TransferOptions["onProgress"],
): Promise<number> {
  let bytes = 0;
  for await (const piece of content) {
    await onLocal(local, () => handle.writeFile(piece));
    bytes += piece.length;
    onProgress?.({ bytes, total: undefined });
  }
  return bytes;
}

async function refuseDirectory(local: string): Promise<void> {
  const { stat } = await import("node:fs/promises");
  const found = await stat(local).catch(() => undefined);
  if (found?.isDirectory()) throw new LocalFileError(local, "is a directory");
}

async function openFresh(partial: string, local: string): Promise<FileHandle> {
  const { open } = await import("node:fs/promises");
  return open(partial, "wx").catch((cause) => Promise.reject(folderError(local, cause)));
}
