import { checkKill, checkTtySize } from "@porter-sandbox/spec/exec-options";
import { tables } from "@porter-sandbox/spec/parts/processes";
import type { ExitReason } from "@porter-sandbox/spec/stream-frames";
import { bytesOf } from "../commands/compile.ts";
import { type FileStream, streamFrom } from "../resources/file-stream.ts";
import { type HandleJson, handleJson } from "../resources/handle-json.ts";
import type { Client } from "../transport/client.ts";
import { call } from "../transport/request.ts";
import { addOperations } from "../transport/routes.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { ProcessStatus } from "../types.ts";
import { addRules } from "../validation.ts";
import type { Following } from "./process-connection.ts";
import { linesOf } from "./process-output.ts";

addOperations(tables);
addRules({ killProcess: ({ body }) => checkKill(body), resizeProcess: ({ body }) => checkTtySize(body) });

/** How a process ended. */
export interface ProcessExit {
  /** 0 for success; 128 and the signal's number for a signal. */
  readonly exit_code: number;
  /** Which signal ended it (`SIGTERM`), where one did and the server knows. */
  readonly signal?: string | undefined;
  /** Newer servers may have others; `unknown` where the server does not say. */
  readonly reason: ExitReason | "unknown";
  /** How many bytes of standard output it wrote in all. */
  readonly stdout_bytes: number;
  /** The same of standard error. */
  readonly stderr_bytes: number;
}

/** The size of a terminal. */
export interface TtySize {
  /** Lines. */
  rows: number;
  /** Characters of a line. */
  cols: number;
}

/** What `process.toJSON()` makes; it holds nothing secret. */
export interface ProcessJson extends HandleJson<"process"> {
  /** The id of its sandbox. */
  readonly sandbox_id: string;
  /** How many bytes of standard output were read. */
  readonly stdout_offset: number;
  /** The same of standard error. */
  readonly stderr_offset: number;
}

/** As much of a long write as one request carries. */
const WRITE_BYTES = 1024 * 1024;

/**
 * A command that runs in a sandbox, from `sandbox.spawn()` or `sandbox.processes.attach()`.
 *
 * It goes on when nobody reads, and when this program ends. A connection that breaks is taken up again where it stopped.
 * `exited` resolves only when the server has said how it ended.
 * ```ts
 * const process = await sandbox.spawn("for i in 1 2 3; do echo $i; sleep 1; done");
 * for await (const line of process.lines()) console.log(line);
 * const { exit_code } = await process.exited;
 * ```
 */
export class Process {
  readonly #client: Client;
  readonly #following: Following;
  #inputOffset: number;
  #input: Promise<void> = Promise.resolve();
  #stdin: WritableStream<string | Uint8Array> | undefined;
  /** The id of its sandbox. */
  readonly sandboxId: string;
  /** Its id; empty on a server that has no processes and answered when the command had ended. */
  readonly id: string;
  /**
   * Standard output as bytes. Until somebody reads it the newest MiB is kept; whoever reads later than that gets a
   * `StreamInterruptedError` whose `gap` says what is gone. With a reader nothing is lost: the process waits for it.
   */
  readonly stdout: FileStream;
  /** Standard error as bytes, kept in the same way. Empty with a terminal. */
  readonly stderr: FileStream;
  /**
   * How it ended. It needs no reader, but one who began to read and stopped holds it up.
   * @throws {SandboxNotRunningError} when the sandbox ended and with it the process; {StreamInterruptedError} when the
   * connection broke and could not be taken up again: the process may still run then.
   */
  readonly exited: Promise<ProcessExit>;

  /** @internal */
  constructor(client: Client, sandboxId: string, id: string, following: Following, inputOffset: number) {
    this.#client = client;
    this.#following = following;
    this.#inputOffset = inputOffset;
    this.sandboxId = sandboxId;
    this.id = id;
    this.stdout = streamFrom(async () => following.stdout.source);
    this.stderr = streamFrom(async () => following.stderr.source);
    this.exited = following.exited;
  }

  /** The lines of one output, as they come, without their ends. Breaking off the loop stops reading, not the process. */
  lines(stream: "stdout" | "stderr" = "stdout"): AsyncGenerator<string, void, undefined> {
    return linesOf(this[stream]);
  }

  /**
   * Writes to its standard input, which `spawn` must have opened (`stdin: true`). Resolves when the process has taken it.
   * Writes happen in the order of the calls, and a connection that breaks does not write twice.
   * @throws {ConflictError} `stdin_closed` or `process_ended`.
   */
  async write(data: string | Uint8Array, options?: CallOptions): Promise<void> {
    const bytes = bytesOf(data, "data");
    return this.#queue(async () => {
      for (let at = 0; at < bytes.length; at += WRITE_BYTES)
        await this.#send(bytes.subarray(at, at + WRITE_BYTES), false, options);
    });
  }

  /** Ends its standard input, after everything that was written. */
  closeStdin(options?: CallOptions): Promise<void> {
    return this.#queue(() => this.#send(new Uint8Array(0), true, options));
  }

  /** Its standard input as a stream, for `pipeTo`; closing it is end of file. */
  get stdin(): WritableStream<string | Uint8Array> {
    this.#stdin ??= new WritableStream({
      write: (data) => this.write(data),
      close: () => this.closeStdin(),
    });
    return this.#stdin;
  }

  /**
   * Sends a signal. `SIGKILL`, the default, ends the process with everything it started; any other goes to its process
   * group. One that has ended is left alone.
   */
  kill(signal = "SIGKILL", options?: CallOptions): Promise<void> {
    return call(this.#client, "killProcess", { path: this.#path(), body: { signal } }, options);
  }

  /** Changes the size of its terminal. */
  resize(size: TtySize, options?: CallOptions): Promise<void> {
    return call(this.#client, "resizeProcess", { path: this.#path(), body: size }, options);
  }

  /** Asks the server whether it runs and how much it has written and taken. */
  status(options?: CallOptions): Promise<ProcessStatus> {
    return call(this.#client, "getProcess", { path: this.#path() }, options);
  }

  /** Stops following it: its streams and `exited` fail with the code `disconnected`, the process goes on. */
  disconnect(): void {
    this.#following.disconnect();
  }

  /** What another program needs to read on where this one stopped: `sandbox.processes.attach(json)`. */
  toJSON(): ProcessJson {
    const { stdout, stderr } = this.#following;
    const offsets = { stdout_offset: stdout.consumed, stderr_offset: stderr.consumed };
    return handleJson("process", this.id, { sandbox_id: this.sandboxId, ...offsets });
  }

  /** Kills it at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#following.running) await this.kill();
    this.#following.disconnect();
  }

  #path() {
    return { id: this.sandboxId, exec_id: this.id };
  }

  /** One after the other. What comes after a failure would be written in the wrong place, so it fails too. */
  #queue(work: () => Promise<void>): Promise<void> {
    const done = this.#input.then(work);
    this.#input = done;
    done.catch(() => {});
    return done;
  }

  async #send(body: Uint8Array<ArrayBuffer>, eof: boolean, options: CallOptions | undefined): Promise<void> {
    const query = { offset: this.#inputOffset, ...(eof && { eof }) };
    await call(this.#client, "writeProcessInput", { path: this.#path(), query, body }, options);
    this.#inputOffset += body.length;
  }
}
