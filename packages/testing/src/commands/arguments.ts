import { type Content, contentFromStream, emptyContent } from "../memory/content.ts";
import { resolvePath } from "../memory/files.ts";
import type { CommandCall } from "./command.ts";

/** A command's way out: `name: message` on its error output, and the exit code. */
export class CommandFailure extends Error {
  readonly exit_code: number;
  constructor(message: string, exit_code = 1) {
    super(message);
    this.name = "CommandFailure";
    this.exit_code = exit_code;
  }
}

interface Arguments {
  readonly flags: ReadonlySet<string>;
  /** Values of the flags that take one. */
  readonly values: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

/**
 * Splits arguments into single-letter flags (`flags`), letters with a value (`values`) and operands. A letter that the
 * command does not have is a failure, never ignored. `--` ends the flags.
 */
export function parseArguments(args: readonly string[], spec: { flags?: string; values?: string } = {}): Arguments {
  const { flags: known = "", values: valued = "" } = spec;
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const operands: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--") {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      operands.push(arg);
      continue;
    }
    for (let at = 1; at < arg.length; at++) {
      const letter = arg.charAt(at);
      if (known.includes(letter)) {
        flags.add(letter);
      } else if (valued.includes(letter)) {
        const value = at + 1 < arg.length ? arg.slice(at + 1) : args[++i];
        if (value === undefined) throw new CommandFailure(`option requires an argument -- '${letter}'`, 2);
        values.set(letter, value);
        break;
      } else {
        throw new CommandFailure(`unsupported option '${arg}'`, 2);
      }
    }
  }
  return { flags, values, operands };
}

export function parseCount(value: string | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (!/^\d+$/.test(value)) throw new CommandFailure(`invalid number '${value}'`);
  return Number(value);
}

/** What a program is called, wherever it lies. */
export function programOf({ command: [typed = ""] }: CommandCall): string {
  return typed.replace(/^(\/usr)?(\/local)?\/s?bin\//, "");
}

/** Says what went wrong, as a command does; answers its exit code. What is no failure of a command is thrown on. */
export function complain(call: CommandCall, error: unknown): number {
  if (!(error instanceof CommandFailure)) throw error;
  call.stderr(`${programOf(call)}: ${error.message}\n`);
  return error.exit_code;
}

/** Does something with each operand. One that fails is told of, and the others have their turn all the same. */
export async function eachOf(
  call: CommandCall,
  operands: readonly string[],
  act: (name: string) => void | Promise<void>,
): Promise<number> {
  let exit_code = 0;
  for (const name of operands) {
    try {
      await act(name);
    } catch (error) {
      exit_code = complain(call, error);
    }
  }
  return exit_code;
}

/** What a command reads: the files that are named, or its input, which is `-` too. */
export const inputsOf = (operands: readonly string[]): readonly string[] => (operands.length > 0 ? operands : ["-"]);

/** The whole of a file, or of the input. */
export async function contentOf(call: CommandCall, name: string): Promise<Content> {
  if (name !== "-") return onFile(name, () => call.files.read(pathOf(call, name)));
  return call.stdin ? contentFromStream(call.stdin) : emptyContent;
}

export function pathOf(call: CommandCall, path: string): string {
  return resolvePath(call.cwd, path);
}

const FILE_ERRORS: Record<string, string> = {
  not_found: "No such file or directory",
  not_a_directory: "Not a directory",
  is_a_directory: "Is a directory",
  exists: "File exists",
};

/** Runs a file operation; its refusal becomes what the command says of `name`. */
export function onFile<T>(name: string, operation: () => T): T {
  if (name === "") throw new CommandFailure("'': No such file or directory");
  try {
    return operation();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    if (typeof code !== "string") throw error;
    // What has no code of its own says it in the message, after the path.
    throw new CommandFailure(`${name}: ${FILE_ERRORS[code] ?? message.slice(message.lastIndexOf(": ") + 2)}`);
  }
}
