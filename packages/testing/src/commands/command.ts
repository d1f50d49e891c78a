import type { Clock } from "@porter-sandbox/spec";
import type { FileTree } from "../memory/files.ts";

/** The sandbox that a command runs in. */
export interface CommandSandbox {
  /** Its id. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** Empty when it was made from a snapshot. */
  readonly image: string;
  /** What the sandbox was created with. */
  readonly env: Readonly<Record<string, string>>;
}

/** The processes of a sandbox as one of them sees them. */
export interface CommandProcesses {
  /** The number of the command itself. */
  readonly pid: number;
  /** Starts another command in a session of its own, which goes on when this one has ended. */
  start(
    command: readonly string[],
    around: {
      readonly cwd: string;
      /** All of its variables. */
      readonly env: Readonly<Record<string, string>>;
      readonly stdin?: ReadableStream<Uint8Array> | undefined;
      readonly stdout: (bytes: Uint8Array) => void;
      readonly stderr: (bytes: Uint8Array) => void;
    },
  ): { readonly pid: number; readonly exit: Promise<{ readonly exit_code: number }> };
  /** Sends a signal, or none; answers whether there is such a process. A negative number is its process group. */
  signal(pid: number, name: string | undefined): boolean;
  /** What `/proc/<pid>/stat` holds; undefined when there is no such process. */
  stat(pid: number): string | undefined;
}

/** One run of a command: an exec, or a sandbox's main process. */
export interface CommandCall {
  /** The arguments, the program first; never empty. */
  readonly command: readonly string[];
  /** The sandbox that it runs in. */
  readonly sandbox: CommandSandbox;
  /** The sandbox's own variables over those that a container has: PATH, HOME, HOSTNAME. */
  readonly env: Readonly<Record<string, string>>;
  /** The directory that it starts in, an absolute path. */
  readonly cwd: string;
  /** The sandbox's file system with its volumes mounted. */
  readonly files: FileTree;
  /** Whom it runs as, as the exec asked; the double has no users and no permissions. Default `root`. */
  readonly user?: string;
  /** The size of its terminal now; absent when it has none. */
  readonly tty?: () => { readonly rows: number; readonly cols: number };
  /** A sandbox's main process: its input is open, and nothing ever comes. */
  readonly main?: true;
  /** Absent when the command has no input: then it reads as empty. */
  readonly stdin?: ReadableStream<Uint8Array>;
  /** Writes to standard output. Text is written as UTF-8. */
  stdout(data: string | Uint8Array): void;
  /** Writes to standard error. */
  stderr(data: string | Uint8Array): void;
  /** As `stdout`, but not copied: nobody may change these bytes any more. */
  give(bytes: Uint8Array): void;
  /** Resolves when readers have taken most of what was put out. A command that puts out much waits for it. */
  flushed(): Promise<void>;
  /** The fake's clock; waits go by it. */
  readonly clock: Clock;
  /** The processes of the sandbox. */
  readonly processes: CommandProcesses;
  /** Aborts when the command is killed. What it still does or writes then is not seen. */
  readonly signal: AbortSignal;
}

/** Runs to the end and answers the exit code. A rejection means that the end is not known, and fails the exec. */
export type Command = (call: CommandCall) => Promise<number> | number;

/** What runs commands that no script answers: every one, `sh -c` included. An unknown name is exit code 127. */
export interface Shell {
  /** Runs one command. */
  run: Command;
}
