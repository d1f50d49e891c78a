import type { FileHandle } from "node:fs/promises";
import type { FileSystem } from "@porter-sandbox/core";
import { checkTransfer } from "./check-transfer.ts";
import { LocalFileError, onLocal } from "./local-file-error.ts";
import { toLocalPath } from "./local-path.ts";
import type { TransferOptions } from "./options.ts";

/** How much is in memory at a time. */
const PIECE_BYTES = 256 * 1024;

/** What `uploadFile` takes. */
export interface UploadFileOptions extends TransferOptions {}

/**
 * Writes a file of this machine into a volume. It is streamed, so memory stays small however large it is, and atomic:
 * the volume shows the whole file or what was there before. Parents are made, and a file at `path` is replaced. What
 * is sent is the file as long as it was when the upload began.
 *
 * @param volume where to; any volume that a `Porter` answered, or `sandbox.files`
 * @param localPath a path, or a `file:` URL
 * @param path the file's path within the volume, or the sandbox
 * @returns how many bytes were sent
 * @throws {LocalFileError} when the local file is missing, is no regular file, cannot be read, or gets shorter on the way
 * @example
 * ```ts
 * await uploadFile(volume, "model.bin", "/models/model.bin", {
 *   onProgress: ({ bytes, total }) => console.log(`${bytes} of ${total}`),
 * });
 * ```
 */
export async function uploadFile(
  volume: Pick<FileSystem, "writeFile">,
  localPath: string | URL,
  path: string,
  options: UploadFileOptions = {},
): Promise<{ bytes: number }> {
  const { onProgress, ...call } = options;
  checkTransfer(path, options);
  call.signal?.throwIfAborted();
  const local = await toLocalPath(localPath);
  const { handle, size } = await openRegular(local);
  try {
    if (size > PIECE_BYTES) await volume.writeFile(path, piecesOf(handle, local, size, onProgress), call);
    else {
      // Bytes can be sent again when a server is busy, a stream cannot.
      const pieces: Uint8Array[] = [];
      for await (const piece of piecesOf(handle, local, size)) pieces.push(piece);
      await volume.writeFile(path, Buffer.concat(pieces), call);
      if (size > 0) onProgress?.({ bytes: size, total: size });
    }
    return { bytes: size };
  } finally {
    await handle.close();
  }
}

async function openRegular(local: string): Promise<{ handle: FileHandle; size: number }> {
  const { open, stat } = await import("node:fs/promises");
  // Looked at before it is opened: opening a pipe would wait for somebody to write into it.
  const { size } = await onLocal(local, async () => {
    const found = await stat(local);
    if (found.isDirectory()) throw Object.assign(new Error("is a directory"), { code: "EISDIR" });
    return found.isFile() ? found : { size: undefined };
  });
  if (size === undefined) throw new LocalFileError(local, "is no regular file");
  return { handle: await onLocal(local, () => open(local, "r")), size };
}

async function* piecesOf(
  handle: FileHandle,
  local: string,
  size: number,
  onProgress?: TransferOptions["onProgress"],
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  for (let sent = 0; sent < size; ) {
    // A piece of its own each time: what was handed out may still be on its way.
    const piece = new Uint8Array(Math.min(PIECE_BYTES, size - sent));
    const { bytesRead } = await onLocal(local, () => handle.read(piece, 0, piece.length, sent));
    if (bytesRead === 0)
      throw new LocalFileError(local, `got shorter while it was sent: ${sent} of ${size} bytes are left`);
    sent += bytesRead;
    yield piece.subarray(0, bytesRead);
    onProgress?.({ bytes: sent, total: size });
  }
}
