import { checkFilePath } from "@porter-sandbox/spec";
import { decodeBase64 } from "@porter-sandbox/spec/base64";
import { FILE_BLOCK_BYTES as BLOCK_BYTES } from "@porter-sandbox/spec/file-scripts";
import { DownloadTimeoutError, SandboxTimeoutError, StreamInterruptedError } from "../errors/client-errors.ts";
import { isSandboxError } from "../errors/sandbox-error.ts";
import { InvalidRequestError, UnsupportedError } from "../errors/status-errors.ts";
import type { PieceSource } from "../resources/file-stream.ts";
import type { Client } from "../transport/client.ts";
import { checkCall } from "../transport/request.ts";
import type { ExecResult } from "../types.ts";
import type { Bytes } from "./bytes.ts";
import type { ReadOptions } from "./file-content.ts";
import { fail, normalPath } from "./file-errors.ts";
import { readScript } from "./file-scripts.ts";
import { type RunScript, TimeLimit } from "./script.ts";

/** Of a file in one answer; fewer where a server cuts its answers earlier. */
const READ_BLOCKS = 96;

/** How many blocks servers were seen to answer at once, by client. */
const seen = new WeakMap<Client, number>();

/** The pieces of a file. Nothing is asked before the first. */
export function sandboxFilePieces(
  client: Client,
  run: RunScript,
  given: string,
  options: ReadOptions = {},
): PieceSource {
  const { offset = 0, length = Infinity, signal } = options;
  const abort = new AbortController();
  const onAbort = () => abort.abort(signal?.reason);
  let path = "";
  let limit: TimeLimit | undefined;
  let opened: { inode: string; size: number } | undefined;
  let position = offset;
  let received = 0;
  let ended = false;
  let failure: { reason: unknown } | undefined;

  const close = () => {
    ended = true;
    signal?.removeEventListener("abort", onAbort);
  };
  const begin = () => {
    checkCall(
      "readVolumeFile",
      { path: { id: "any" }, query: { path: given }, range: { offset, ...(length < Infinity && { length }) } },
      options,
    );
    path = normalPath(checkFilePath, given);
    limit = new TimeLimit(client, `Reading ${path}`, options, Infinity, DownloadTimeoutError);
    if (signal?.aborted) throw signal.reason;
    signal?.addEventListener("abort", onAbort);
    return limit;
  };
  const interrupted = (reason: string, cause?: unknown) =>
    new StreamInterruptedError(`Reading ${path} broke off after ${received} bytes: ${reason}`, {
      code: "stream_interrupted",
      admitted: true,
      retryable: true,
      bytesReceived: received,
      cause,
    });
  const read = async (): Promise<Bytes | undefined> => {
    limit ??= begin();
    for (;;) {
      const left = offset + length - position;
      if (left <= 0) return undefined;
      const skip = Math.floor(position / BLOCK_BYTES);
      const surplus = position - skip * BLOCK_BYTES;
      const blocks = Math.min(seen.get(client) ?? READ_BLOCKS, Math.ceil((surplus + left) / BLOCK_BYTES));
      const args = [path, String(skip), String(blocks)];
      let end: ExecResult;
      try {
        end = await limit.spend((each) => run(readScript, args, each), abort.signal);
      } catch (error) {
        // What came is whole as far as it goes; before that the failure speaks for itself, as do time and abort.
        if (opened && isSandboxError(error) && !(error instanceof SandboxTimeoutError))
          throw interrupted(error.message, error);
        throw error;
      }
      if (end.exit_code !== 0) {
        if (!opened) fail(end, path);
        throw interrupted("it is not there any more");
      }
      if (end.stdout_truncated || !end.stdout.endsWith("#")) {
        // The server answers less at once.
        if (blocks === 1)
          throw new UnsupportedError("The server answers too little of a command's output to read files", {
            code: "unsupported",
            field: undefined,
          });
        seen.set(client, Math.floor(blocks / 2));
        continue;
      }
      const [head = "", body = ""] = end.stdout.split("\n");
      const [inode, size = 0] = [head.split(" ")[0] ?? "", Number(head.split(" ")[1])];
      const bytes = decodeBase64(body.slice(0, -1));
      if (bytes === undefined || end.stderr.includes("unread")) throw interrupted("a part of it could not be read");
      // As for a range of a volume's file: an empty one, or one that says it is, has no end to begin after.
      if (!opened && offset > 0 && size > 0 && offset >= size)
        throw new InvalidRequestError(`offset: must be within the file's ${size} bytes (got ${offset})`, {
          code: "range_not_satisfiable",
          field: "offset",
          admitted: true,
        });
      opened ??= { inode, size };
      if (opened.inode !== inode) throw interrupted("another file has taken its place");
      const full = bytes.length === blocks * BLOCK_BYTES;
      const reached = skip * BLOCK_BYTES + bytes.length;
      // What the kernel makes up as it is read has no size.
      if (!full && reached < Math.max(size, opened.size)) throw interrupted("it became shorter while it was read");
      const piece = bytes.subarray(Math.min(surplus, bytes.length), Math.min(bytes.length, surplus + left));
      position += piece.length;
      received += piece.length;
      if (!full || reached >= (size || Infinity)) close();
      return piece.length > 0 ? piece : undefined;
    }
  };
  return {
    async next() {
      if (failure) throw failure.reason;
      if (ended) return undefined;
      try {
        const piece = await read();
        if (piece === undefined) close();
        return piece;
      } catch (reason) {
        failure ??= { reason };
        close();
        throw reason;
      }
    },
    cancel(reason) {
      if (ended) return;
      close();
      abort.abort(reason);
    },
  };
}
