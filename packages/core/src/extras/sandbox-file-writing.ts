import { checkFilePath } from "@porter-sandbox/spec";
import { encodeBase64 } from "@porter-sandbox/spec/base64";
import { PART_PREFIX } from "@porter-sandbox/spec/file-scripts";
import { ARGUMENT_BYTES, newToken } from "../commands/compile.ts";
import { UploadTimeoutError } from "../errors/client-errors.ts";
import { invalidValue } from "../errors/invalid-value.ts";
import { PayloadTooLargeError, ServerError } from "../errors/status-errors.ts";
import type { WriteOptions } from "../resources/sandbox-files.ts";
import type { Client } from "../transport/client.ts";
import { withinScope } from "../transport/request.ts";
import type { ExecResult } from "../types.ts";
import type { FileContent } from "./content.ts";
import { fail, normalPath } from "./file-errors.ts";
import { dropScript, writeScript } from "./file-scripts.ts";
import { piecesOf } from "./pieces.ts";
import type { RunScript } from "./script.ts";

/** Arguments with content in one request: below the megabyte that servers take. */
const WRITE_ARGUMENTS = 7;

/** How many such arguments servers were seen to take at once, by client. */
const seen = new WeakMap<Client, number>();

/**
 * Writes a file in steps, beside its place, and shows it with the last. What is begun is removed again when a step fails;
 * after an abort, or when the time is up, that happens while the caller has heard already.
 */
export async function writeSandboxFile(
  client: Client,
  run: RunScript,
  given: string,
  content: FileContent,
  options?: WriteOptions,
): Promise<void> {
  const source = piecesOf(content, WRITE_ARGUMENTS * ARGUMENT_BYTES);
  try {
    await writePieces(client, run, given, source, options);
  } catch (error) {
    source.cancel(error);
    throw error;
  }
}

async function writePieces(
  client: Client,
  run: RunScript,
  given: string,
  source: ReturnType<typeof piecesOf>,
  options: WriteOptions = {},
): Promise<void> {
  const path = normalPath(checkFilePath, given);
  const { mode } = options;
  if (mode !== undefined && !(Number.isInteger(mode) && mode >= 0 && mode <= 0o7777))
    throw invalidValue("mode", mode, "must be permission bits from 0 to 0o7777");
  const part = PART_PREFIX + newToken();
  let begun = false;
  const late = (timeoutMs: number) =>
    new UploadTimeoutError(`Writing ${path} took longer than ${timeoutMs} ms`, {
      code: "timeout",
      admitted: begun && "unknown",
      retryable: true,
    });

  return withinScope(
    client,
    "writeVolumeFile",
    { path: { id: "any" }, query: { path } },
    options,
    late,
    async (scope) => {
      // A step that is under way when nobody wants it any more comes to its end: who removes what it made must come after it.
      const patience = new AbortController();
      let hurry: (() => void) | undefined;
      scope.signal.addEventListener("abort", () => {
        hurry = client.clock.schedule(() => patience.abort(scope.signal.reason), client.timeoutMs);
      });
      let most = seen.get(client) ?? WRITE_ARGUMENTS;
      let written = 0;
      const send = async (bytes: Uint8Array, last: boolean): Promise<void> => {
        for (let at = 0; at < bytes.length || at === 0; ) {
          const count = Math.min(bytes.length - at, most * ARGUMENT_BYTES);
          const words: string[] = [];
          for (let from = at; from < at + count; from += ARGUMENT_BYTES)
            words.push(encodeBase64(bytes.subarray(from, Math.min(from + ARGUMENT_BYTES, at + count))));
          const args = [
            path,
            part,
            written === 0 ? "first" : "",
            last && at + count === bytes.length ? "last" : "",
            String(written),
            String(written + count),
            mode?.toString(8) ?? "",
            ...words,
          ];
          begun = true;
          let end: ExecResult;
          try {
            end = await run(writeScript, args, { signal: patience.signal });
          } catch (error) {
            if (scope.over) throw error;
            // Too much at once, for the server or for the sandbox's kernel. A step that is taken twice fails.
            const refused = error instanceof PayloadTooLargeError;
            const failed = error instanceof ServerError && error.statusCode === 500;
            if (!(refused || failed) || words.length < 2) throw error;
            most = Math.floor(words.length / 2);
            if (refused) seen.set(client, most);
            continue;
          }
          if (scope.over) throw scope.signal.reason;
          if (end.exit_code !== 0) fail(end, path);
          written += count;
          at += count;
          if (bytes.length === 0) return;
        }
      };
      try {
        for (;;) {
          const piece = await unlessAborted(source.next(), scope.signal);
          if (piece === undefined) return;
          await send(piece.bytes, piece.last);
        }
      } catch (error) {
        // As much as can still be done: what is left would be hidden, and never the file.
        if (begun) await run(dropScript, [path, part], { timeoutMs: client.timeoutMs }).catch(() => {});
        throw error;
      } finally {
        hurry?.();
      }
    },
  );
}

/** A source may never answer again. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
