import { DownloadTimeoutError, UploadTimeoutError } from "../errors/client-errors.ts";
import type { PieceSource } from "../resources/file-stream.ts";
import type { FileBackend } from "../resources/file-system.ts";
import type { Client } from "../transport/client.ts";
import { call, checkCall, openScope, perform, type RequestParts, timeoutOf } from "../transport/request.ts";
import type { CallOptions, Scope } from "../transport/scope.ts";
import { type Body, type Bytes, bodyOf } from "./bytes.ts";
import { contentOf, type FileContent, type Source } from "./content.ts";
import { type Derived, withDerived } from "./file-listing.ts";
import { gather } from "./gather.ts";

/** Which part of a file to read. Default: all of it. */
export interface ReadOptions extends CallOptions {
  /** The first byte; default 0. */
  offset?: number | undefined;
  /** How many bytes at most; default: to the end. */
  length?: number | undefined;
}

/** The files of a volume, by the operations that the API has for them. */
export const volumeFiles = (client: Client, id: string): FileBackend =>
  withDerived<Omit<FileBackend, Derived>>(
    (path, options, { search }) => call(client, "listVolumeFiles", { path: { id }, query: { path, search } }, options),
    {
      readFile: (path, options) => readFile(client, id, path, options),
      pieces: (path, options) => filePieces(client, id, path, options),
      writeFile: (path, content, options) => writeFile(client, id, path, content, options),
      moveFile: (from, to, options) => call(client, "moveVolumeFile", { path: { id }, body: { from, to } }, options),
    },
  );

function contentRequest(id: string, path: string, range: ReadOptions): RequestParts {
  const { offset = 0, length } = range;
  const end = length === undefined ? "" : offset + length - 1;
  const headers = offset || end !== "" ? { range: `bytes=${offset}-${end}` } : {};
  return { path: { id }, query: { path }, headers, range };
}

/** Reads a file, or a part of it, into memory. */
async function readFile(client: Client, id: string, path: string, options: ReadOptions = {}): Promise<Bytes> {
  const parts = contentRequest(id, path, options);
  if (options.length === 0) {
    // HTTP has no empty range.
    checkCall("readVolumeFile", parts, options);
    return new Uint8Array(0);
  }
  const read = (response: Response, what: string) => gather(bodyOf(response, what, options));
  return call(client, "readVolumeFile", parts, options, read, DownloadTimeoutError);
}

/** The pieces of a file. Nothing is asked before the first. */
function filePieces(client: Client, id: string, path: string, options: ReadOptions = {}): PieceSource {
  let scope: Scope | undefined;
  let body: Body | undefined;
  let ended = false;
  let failure: { reason: unknown } | undefined;
  let giveUp: ((reason: unknown) => void) | undefined;

  const open = async (): Promise<Body> => {
    const parts = contentRequest(id, path, options);
    const onTimeout = timeoutOf("readVolumeFile", DownloadTimeoutError);
    scope = openScope(client, "readVolumeFile", parts, options, onTimeout, (reason) => {
      failure = { reason };
      giveUp?.(reason);
      body?.cancel(reason);
    });
    const read = async (response: Response, what: string) => bodyOf(response, what, options);
    body = await perform(client, scope, "readVolumeFile", parts, read);
    return body;
  };
  const step = async (): Promise<Bytes | undefined> => {
    try {
      const chunk = await (body ?? (await open())).next();
      if (chunk === undefined) {
        ended = true;
        scope?.end();
      }
      return chunk;
    } catch (reason) {
      failure ??= { reason };
      scope?.end();
      throw failure.reason;
    }
  };
  const next = (): Promise<Bytes | undefined> =>
    new Promise((resolve, reject) => {
      if (failure) return reject(failure.reason);
      if (ended || options.length === 0) return resolve(undefined);
      // A read that hangs is given up when the call fails.
      giveUp = reject;
      step().then(resolve, reject);
    });
  const cancel = (reason?: unknown) => {
    if (ended) return;
    ended = true;
    scope?.fail(reason);
  };
  return { next, cancel };
}

/** Writes a file. */
async function writeFile(
  client: Client,
  id: string,
  path: string,
  content: FileContent,
  options: CallOptions | undefined,
): Promise<void> {
  const given = contentOf(content);
  const source = typeof given === "object" && "next" in given ? given : undefined;
  let failure: { reason: unknown } | undefined;
  const body = source
    ? streamOf(source, (reason) => {
        failure = { reason };
      })
    : given;
  const parts: RequestParts = { path: { id }, query: { path }, body, once: source !== undefined };
  try {
    await call(client, "writeVolumeFile", parts, options, undefined, UploadTimeoutError);
  } catch (error) {
    source?.cancel(error);
    // The source's own failure is what the caller can act on.
    throw failure ? failure.reason : error;
  }
}

function streamOf(source: Source<Bytes>, onFail: (reason: unknown) => void): ReadableStream<Bytes> {
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        try {
          const piece = await source.next();
          if (piece) controller.enqueue(piece);
          else controller.close();
        } catch (reason) {
          onFail(reason);
          throw reason;
        }
      },
      cancel: (reason) => source.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
