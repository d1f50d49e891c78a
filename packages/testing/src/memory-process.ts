import { EngineError, type EngineExec } from "@porter-sandbox/api";
import type { Command, CommandCall } from "./commands/command.ts";
import { outputBytes } from "./commands/text-commands.ts";

/** What a shell reports of a process that was killed: 128 + SIGKILL. */
const KILLED = 137;

export interface Process {
  /** Rejects with an EngineError when the end is not known. */
  readonly exit: Promise<number>;
  /** Ends it as killed; nothing it does afterwards is seen. */
  kill(): void;
  /** Ends it with an end that nobody knows, as when its machine is gone. */
  lose(error: EngineError): void;
}

export interface ProcessOptions {
  readonly run: Command;
  readonly call: Omit<CommandCall, "stdout" | "stderr" | "signal">;
  readonly stdout: (bytes: Uint8Array) => void;
  readonly stderr: (bytes: Uint8Array) => void;
  /** Called once at the end, before `exit` settles. */
  readonly atEnd?: () => void;
}

/** Runs a command as something that has an end, can be killed and can be lost. */
export function startProcess(options: ProcessOptions): Process {
  const killer = new AbortController();
  let over = false;
  let settle: { resolve: (code: number) => void; reject: (error: EngineError) => void };
  const exit = new Promise<number>((resolve, reject) => {
    settle = { resolve, reject };
  });
  exit.catch(() => {});

  const end = (how: number | EngineError) => {
    if (over) return;
    over = true;
    options.atEnd?.();
    if (typeof how === "number") settle.resolve(how);
    else settle.reject(how);
  };
  const put = (write: (bytes: Uint8Array) => void) => (data: string | Uint8Array) => {
    if (!over && data.length > 0) write(outputBytes(data));
  };

  // Not in this turn: who starts it gets hold of it before it ends.
  Promise.resolve()
    .then(() => {
      if (over) return KILLED;
      return options.run({
        ...options.call,
        stdout: put(options.stdout),
        stderr: put(options.stderr),
        signal: killer.signal,
      });
    })
    .then(end, (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      end(new EngineError("engine_error", `The command could not be run: ${message}`, { cause: error }));
    });

  const stop = (how: number | EngineError) => {
    end(how);
    killer.abort();
  };
  return { exit, kill: () => stop(KILLED), lose: stop };
}

/** A process on byte streams, as the Engine port has it. `started` is told of the process before anything runs. */
export function startExec(
  options: Omit<ProcessOptions, "stdout" | "stderr" | "atEnd"> & { stdin: boolean },
  started: (process: Process) => void,
): EngineExec {
  const stdout = outputPipe();
  const stderr = outputPipe();
  const stdin = options.stdin ? inputPipe() : undefined;
  const process = startProcess({
    run: options.run,
    call: stdin ? { ...options.call, stdin: stdin.readable } : options.call,
    stdout: stdout.write,
    stderr: stderr.write,
    atEnd() {
      stdout.close();
      stderr.close();
      stdin?.close();
    },
  });
  started(process);
  const exit = process.exit.then((exit_code) => ({ exit_code }));
  exit.catch(() => {});
  return {
    stdout: stdout.readable,
    stderr: stderr.readable,
    ...(stdin && { stdin: stdin.writable }),
    exit,
    async kill() {
      process.kill();
    },
  };
}

/** Holds output until it is read. A reader that goes away does not stop the writer. */
function outputPipe() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const readable = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel() {
      controller = undefined;
    },
  });
  return {
    readable,
    write: (bytes: Uint8Array) => controller?.enqueue(bytes),
    close() {
      controller?.close();
      controller = undefined;
    },
  };
}

/** Once closed, writing fails, as into a pipe that nobody reads. */
function inputPipe() {
  let controller: TransformStreamDefaultController<Uint8Array> | undefined;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    start(given) {
      controller = given;
    },
    transform: (chunk, into) => into.enqueue(chunk),
  });
  return { readable, writable, close: () => controller?.terminate() };
}
