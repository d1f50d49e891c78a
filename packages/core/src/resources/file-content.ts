import {
  DownloadTimeoutError,
  MalformedResponseError,
  StreamInterruptedError,
  UploadTimeoutError,
} from "../errors/client-errors.ts";
import { invalidRequest } from "../errors/status-errors.ts";
import type { Client } from "../transport/client.ts";
import { readNothing } from "../transport/readers.ts";
import { call, checkCall, perform, type RequestParts, timeoutOf } from "../transport/request.ts";
import { type CallOptions, openScope, type Scope } from "../transport/scope.ts";

/** Which part of a file. Without either, all of it. */
export interface ReadOptions extends CallOptions {
  /** The first byte; default 0. */
  offset?: number | undefined;
  /** How many bytes at most; default: to the end. */
  length?: number | undefined;
}

/** What can be written to a file. Streams and iterables are sent as they come and cannot be repeated after a failure. */
export type FileContent =
  | string
  | ArrayBuffer
  | ArrayBufferView<ArrayBuffer>
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

/** Bytes that arrive in pieces. Breaking off a loop, or cancelling, ends the download on the wire. */
export type FileStream = ReadableStream<Uint8Array<ArrayBuffer>> & AsyncIterable<Uint8Array<ArrayBuffer>>;

type Bytes = Uint8Array<ArrayBuffer>;

const LARGEST_FILE = 2 ** 30;

function contentRequest(id: string, path: string, range: ReadOptions): RequestParts {
  const { offset = 0, length } = range;
  const end = length === undefined ? "" : offset + length - 1;
  const headers = offset || end !== "" ? { range: `bytes=${offset}-${end}` } : {};
  return { path: { id }, query: { path }, headers, range };
}

/** The bytes of an answer, cut to what was asked for where a server does not know ranges. */
interface Body {
  /** How many bytes will come, when that is known. */
  readonly size: number | undefined;
  next(): Promise<Bytes | undefined>;
  cancel(reason?: unknown): void;
}

function bodyOf(
  response: Response,
  what: string,
  { offset = 0, length = Number.POSITIVE_INFINITY }: ReadOptions,
): Body {
  const { headers, status } = response;
  const fault = { statusCode: status, requestId: headers.get("x-request-id") ?? undefined, admitted: true } as const;
  const start = /^bytes (\d+)-/.exec(headers.get("content-range") ?? "")?.[1];
  if (status === 206 && start !== undefined && Number(start) !== offset)
    throw new MalformedResponseError(`${what} answered the bytes from ${start}, not from ${offset}`, {
      ...fault,
      code: "malformed_response",
      field: "Content-Range",
    });
  // Across origins a browser hides whether the length is that of compressed bytes.
  const declared = response.type === "cors" || headers.get("content-encoding") ? null : headers.get("content-length");
  const expected = declared && /^\d+$/.test(declared) ? Number(declared) : undefined;
  let skip = status === 206 ? 0 : offset;
  let left = length;
  let received = 0;
  const reader = response.body?.getReader() as ReadableStreamDefaultReader<Bytes> | undefined;
  const interrupted = (cause?: unknown) =>
    new StreamInterruptedError(`${what} broke off after ${received} bytes`, {
      ...fault,
      code: "stream_interrupted",
      retryable: true,
      bytesReceived: received,
      cause,
    });
  const cancel = (reason?: unknown) => {
    reader?.cancel(reason).catch(() => {});
  };
  return {
    size: expected === undefined ? undefined : Math.max(0, Math.min(expected - skip, left)),
    cancel,
    async next() {
      for (;;) {
        if (left <= 0) {
          cancel();
          return undefined;
        }
        let chunk: Bytes | undefined;
        try {
          chunk = (await reader?.read())?.value;
        } catch (error) {
          throw interrupted(error);
        }
        if (chunk === undefined) {
          if (expected !== undefined && received < expected) throw interrupted();
          return undefined;
        }
        received += chunk.length;
        if (skip || chunk.length > left) {
          const from = Math.min(skip, chunk.length);
          skip -= from;
          chunk = chunk.subarray(from, Math.min(chunk.length, from + left));
        }
        left -= chunk.length;
        if (chunk.length > 0) return chunk;
      }
    },
  };
}

async function gather(body: Body): Promise<Bytes> {
  const { size } = body;
  // One piece of memory, filled as the bytes come; a length nobody could mean is not believed.
  let bytes = new Uint8Array(size !== undefined && size <= LARGEST_FILE ? size : 65_536);
  let length = 0;
  for (let chunk = await body.next(); chunk; chunk = await body.next()) {
    if (length + chunk.length > bytes.length) {
      const larger = new Uint8Array(Math.max(length + chunk.length, bytes.length * 2));
      larger.set(bytes.subarray(0, length));
      bytes = larger;
    }
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}

/** Reads a file, or a part of it, into memory. */
export async function readFile(client: Client, id: string, path: string, options: ReadOptions = {}): Promise<Bytes> {
  const parts = contentRequest(id, path, options);
  if (options.length === 0) {
    // HTTP has no empty range.
    checkCall("readVolumeFile", parts, options);
    return new Uint8Array(0);
  }
  const read = (response: Response, what: string) => gather(bodyOf(response, what, options));
  return call(client, "readVolumeFile", parts, options, read, DownloadTimeoutError);
}

/** Reads the whole of an answer; for `raw`. */
export function readBytes(response: Response, what: string): Promise<Bytes> {
  return gather(bodyOf(response, what, response.status === 206 ? { offset: rangeStart(response) } : {}));
}

function rangeStart(response: Response): number {
  return Number(/^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] ?? 0);
}

/** Opens a file as a stream. Nothing is asked before the first read. */
export function streamFile(client: Client, id: string, path: string, options: ReadOptions = {}): FileStream {
  let scope: Scope | undefined;
  let body: Body | undefined;
  let ended = false;
  let failure: { reason: unknown } | undefined;
  let giveUp: ((reason: unknown) => void) | undefined;

  const open = async (): Promise<Body> => {
    const parts = contentRequest(id, path, options);
    checkCall("readVolumeFile", parts, options);
    const opened = openScope(
      client,
      options,
      Number.POSITIVE_INFINITY,
      timeoutOf("readVolumeFile", DownloadTimeoutError),
      (reason) => {
        failure = { reason };
        giveUp?.(reason);
        body?.cancel(reason);
      },
    );
    scope = opened;
    body = await perform(client, opened, "readVolumeFile", parts, async (response, what) =>
      bodyOf(response, what, options),
    );
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

  const stream = new ReadableStream<Bytes>(
    {
      async pull(controller) {
        const chunk = await next();
        if (chunk) controller.enqueue(chunk);
        else controller.close();
      },
      cancel,
    },
    { highWaterMark: 0 },
  );
  // Loops read without the stream in between, also in runtimes whose streams are not iterable.
  const iterator = (): AsyncIterableIterator<Bytes> => ({
    async next() {
      const value = await next();
      return value ? { done: false, value } : { done: true, value: undefined };
    },
    async return() {
      cancel();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  });
  return Object.defineProperty(stream, Symbol.asyncIterator, { value: iterator }) as FileStream;
}

/** Writes a file. */
export async function writeFile(
  client: Client,
  id: string,
  path: string,
  content: FileContent,
  options: CallOptions | undefined,
): Promise<void> {
  const source: Source = {};
  let { body, once } = toBody(content, source);
  const parts: RequestParts = { path: { id }, query: { path }, body, once };
  checkCall("writeVolumeFile", parts, options);
  if (once && client.bufferUploads) parts.body = body = await new Response(body).blob();
  try {
    await call(client, "writeVolumeFile", parts, options, readNothing, UploadTimeoutError);
  } catch (error) {
    // The source's own failure is what the caller can act on.
    throw source.failure ? source.failure.reason : error;
  }
}

function toBody(content: unknown, source: Source): { body: BodyInit; once: boolean } {
  const given = (content ?? {}) as Record<PropertyKey, unknown>;
  // By its name: an instance of another realm is no instance here.
  const kind = Object.prototype.toString.call(content);
  if (ArrayBuffer.isView(content) || /String|ArrayBuffer|Blob|File/.test(kind))
    return { body: content as BodyInit, once: false };
  if (typeof given.getReader === "function") return { body: content as ReadableStream, once: true };
  if (typeof given[Symbol.asyncIterator] === "function")
    return { body: streamOf(content as AsyncIterable<unknown>, source), once: true };
  throw invalidRequest("content", "must be a string, bytes, a Blob, a stream or an async iterable of bytes");
}

/** Keeps what the caller's own source failed of. */
interface Source {
  failure?: { reason: unknown };
}

function streamOf(
  content: AsyncIterable<unknown>,
  source: { failure?: { reason: unknown } },
): ReadableStream<Uint8Array> {
  const iterator = content[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await iterator.next();
          if (done) controller.close();
          else if (ArrayBuffer.isView(value)) controller.enqueue(value as Uint8Array);
          else throw invalidRequest("content", "must yield Uint8Array pieces");
        } catch (reason) {
          source.failure = { reason };
          throw reason;
        }
      },
      async cancel(reason) {
        await iterator.return?.(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
