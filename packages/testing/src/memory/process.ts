import { EngineError, type EngineExec, type ExecEnd, type TtySize } from "@porter-sandbox/api";
import { signals } from "@porter-sandbox/spec/signals";
import type { Command, CommandCall } from "../commands/command.ts";
import { outputBytes } from "../commands/text-commands.ts";
import { type InputPipe, inputPipe, outputPipe } from "./pipes.ts";

/** Signals that leave a process alone unless it asks for them. Commands here cannot be stopped and continued. */
const HARMLESS = new Set(["SIGCONT", "SIGSTOP", "SIGTSTP", "SIGWINCH"]);

export interface Process {
  /** Rejects with an EngineError when the end is not known. */
  readonly exit: Promise<ExecEnd>;
  /** Ends it by a signal, unless that is one which does no harm; nothing it does afterwards is seen. */
  signal(name: string): void;
  /** Ends it with an end that nobody knows, as when its machine is gone. */
  lose(error: EngineError): void;
}

/** What a command is told of; the rest is the process's own. */
export type ProcessCall = Omit<CommandCall, "stdout" | "stderr" | "give" | "flushed" | "signal">;

/** Takes the bytes of a stream; nobody changes them any more. */
type Write = (bytes: Uint8Array) => void;

interface ProcessOptions {
  readonly run: Command;
  readonly call: ProcessCall;
  readonly stdout: Write;
  readonly stderr: Write;
  /** Resolves when readers have taken most of what was written. Default: at once. */
  readonly flushed?: () => Promise<void>;
  /** Called once at the end, before `exit` settles. */
  readonly atEnd?: () => void;
}

/** Runs a command as something that has an end, can be killed and can be lost. */
export function startProcess(options: ProcessOptions): Process {
  const killer = new AbortController();
  let over = false;
  let settle: { resolve: (end: ExecEnd) => void; reject: (error: EngineError) => void };
  const exit = new Promise<ExecEnd>((resolve, reject) => {
    settle = { resolve, reject };
  });
  exit.catch(() => {});

  const end = (how: ExecEnd | EngineError) => {
    if (over) return;
    over = true;
    options.atEnd?.();
    if ("exit_code" in how) settle.resolve(how);
    else settle.reject(how);
  };
  const put = (write: Write) => (data: string | Uint8Array) => {
    if (!over && data.length > 0) write(outputBytes(data));
  };

  // Not in this turn: who starts it gets hold of it before it ends.
  Promise.resolve()
    .then(() => {
      if (over) return 0;
      return options.run({
        ...options.call,
        stdout: put(options.stdout),
        stderr: put(options.stderr),
        give: (bytes) => {
          if (!over && bytes.length > 0) options.stdout(bytes);
        },
        flushed: options.flushed ?? (() => Promise.resolve()),
        signal: killer.signal,
      });
    })
    .then(
      (exit_code) => end({ exit_code }),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        end(new EngineError("engine_error", `The command could not be run: ${message}`, { cause: error }));
      },
    );

  const stop = (how: ExecEnd | EngineError) => {
    end(how);
    const killed = () => Object.assign(new DOMException("The command was killed", "AbortError"), how);
    killer.abort("exit_code" in how ? killed() : how);
  };
  return {
    exit,
    signal(name) {
      // What a shell reports: 128 and the signal's number.
      if (!HARMLESS.has(name)) stop({ exit_code: 128 + (signals[name] ?? 0), signal: name });
    },
    lose: stop,
  };
}

interface MemoryExecOptions {
  readonly run: Command;
  readonly call: Omit<ProcessCall, "tty">;
  readonly stdin: boolean;
  readonly tty?: TtySize | undefined;
}

/** A process on byte streams, as the Engine port has it. `started` is told of the process before anything runs. */
export function startExec(options: MemoryExecOptions, started: (process: Process) => void): EngineExec {
  const stdout = outputPipe();
  const stderr = outputPipe();
  const stdin: InputPipe | undefined = options.stdin ? inputPipe() : undefined;
  let size = options.tty;
  const terminal = options.tty && { tty: () => size ?? { rows: 0, cols: 0 } };
  // A terminal has one output, whose lines end as those of a typewriter.
  const out: Write = terminal ? (bytes) => stdout.write(withReturns(bytes)) : stdout.write;
  const process = startProcess({
    run: options.run,
    call: { ...options.call, ...(stdin && { stdin: stdin.readable }), ...terminal },
    stdout: out,
    stderr: terminal ? out : stderr.write,
    async flushed() {
      await stdout.flushed();
      await stderr.flushed();
    },
    atEnd() {
      stdout.close();
      stderr.close();
      stdin?.close();
    },
  });
  started(process);
  return {
    stdout: stdout.readable,
    stderr: stderr.readable,
    ...(stdin && { stdin: stdin.writable }),
    exit: process.exit,
    async kill() {
      process.signal("SIGKILL");
    },
    async signal(name) {
      process.signal(name);
    },
    async resize(given) {
      size = given;
    },
  };
}

/** A carriage return before each newline. */
function withReturns(bytes: Uint8Array): Uint8Array {
  const lines = bytes.reduce((count, byte) => count + Number(byte === 10), 0);
  const whole = new Uint8Array(bytes.length + lines);
  let at = 0;
  for (const byte of bytes) {
    if (byte === 10) whole[at++] = 13;
    whole[at++] = byte;
  }
  return whole;
}
