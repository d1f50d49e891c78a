/** The standard input of a process: bytes at their places, so that sending them twice writes them once. */
import { conflict, tooLarge } from "../errors.ts";
import { readIncoming } from "../incoming.ts";

export interface ProcessInput {
  /** How many bytes were taken. */
  readonly bytes: number;
  readonly open: boolean;
  /**
   * Writes the body, whose first byte is the one at `offset`, but for what was taken before; with `eof` closes the input
   * after it. Resolves when all of it was taken. One call waits for the one before.
   */
  write(body: ReadableStream<Uint8Array> | null, options: InputOptions): Promise<void>;
  /** The process ended: what is still to be written never will be. */
  end(): void;
}

export interface InputOptions {
  readonly exec_id: string;
  readonly offset: number;
  readonly eof: boolean;
  /** Bytes of one body, at most. */
  readonly limit: number;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
}

const ended = (exec_id: string) => conflict("process_ended", `process ${exec_id} has ended`);

export function createInput(stdin: WritableStream<Uint8Array>): ProcessInput {
  const writer = stdin.getWriter();
  writer.closed.catch(() => {});
  let taken = 0;
  let state: "open" | "closed" | "ended" = "open";
  let turn: Promise<unknown> = Promise.resolve();
  /** Breaks off what the write under way waits for: the process ended. */
  let interrupt = (): void => {};

  const refusal = (exec_id: string) =>
    state === "ended" ? ended(exec_id) : conflict("stdin_closed", `the input of process ${exec_id} is closed`);

  /** Whether the work was done before the process ended. */
  const done = (work: Promise<void>): Promise<boolean> =>
    new Promise((resolve) => {
      interrupt = () => resolve(false);
      work.then(
        () => resolve(true),
        () => resolve(false),
      );
    });

  /** Writes, unless the process ends first or closed its end of the pipe. */
  async function put(bytes: Uint8Array, exec_id: string): Promise<void> {
    if (state !== "open") throw refusal(exec_id);
    if (!(await done(writer.write(bytes)))) {
      if (state === "open") state = "closed";
      throw refusal(exec_id);
    }
    taken += bytes.length;
  }

  async function writeBody(
    body: ReadableStream<Uint8Array> | null,
    { exec_id, offset, eof, limit, signal }: InputOptions,
  ): Promise<void> {
    if (offset > taken) {
      throw conflict("stdin_gap", `offset: must not be beyond the ${taken} bytes taken so far (got ${offset})`, {
        field: "offset",
      });
    }
    const incoming = body === null ? undefined : readIncoming(body, signal);
    let at = offset;
    try {
      while (incoming !== undefined) {
        let cut = false;
        interrupt = () => {
          cut = true;
          incoming.stop();
        };
        const value = await incoming.next().catch((error: unknown) => {
          throw cut && !signal.aborted ? refusal(exec_id) : error;
        });
        if (value === undefined) break;
        if (at + value.length - offset > limit) throw tooLarge(limit);
        const fresh = value.subarray(Math.min(value.length, Math.max(0, taken - at)));
        at += value.length;
        if (fresh.length > 0) await put(fresh, exec_id);
      }
    } finally {
      incoming?.stop();
    }
    if (!eof || state !== "open") return;
    if (at < taken) throw conflict("stdin_gap", `more than the ${at} bytes before this end of the input were taken`);
    state = "closed";
    await done(writer.close());
  }

  return {
    get bytes() {
      return taken;
    },
    get open() {
      return state === "open";
    },
    write(body, options) {
      const written = turn.then(() => writeBody(body, options));
      turn = written.catch(() => {});
      return written;
    },
    end() {
      state = "ended";
      interrupt();
      writer.abort().catch(() => {});
    },
  };
}
