import { MalformedResponseError, StreamInterruptedError } from "../errors/client-errors.ts";
import { requestIdOf } from "../transport/failures.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

/** Which bytes were asked for. */
export interface ByteRange {
  offset?: number | undefined;
  length?: number | undefined;
}

/** The bytes of an answer, cut to what was asked for where a server does not know ranges. */
export interface Body {
  /** How many bytes will come, when that is known. */
  readonly size: number | undefined;
  next(): Promise<Bytes | undefined>;
  cancel(reason?: unknown): void;
}

export function bodyOf(response: Response, what: string, { offset = 0, length = Infinity }: ByteRange): Body {
  const { headers, status } = response;
  const fault = { statusCode: status, requestId: requestIdOf(response), admitted: true } as const;
  const start = /^bytes (\d+)-/.exec(headers.get("content-range") ?? "")?.[1];
  if (status === 206 && start && Number(start) !== offset)
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
