import { sleep as sleepOn } from "@porter-sandbox/spec";
import { CommandFailure, parseArguments, pathOf } from "./arguments.ts";
import type { Command, CommandCall } from "./command.ts";
import { idle } from "./idling.ts";

/** Commands about the process itself: its environment, its time, its exit code. */
export const processCommands: Record<string, Command> = {
  true: () => 0,
  false: () => 1,
  pwd(call) {
    call.stdout(`${call.cwd}\n`);
    return 0;
  },
  hostname(call) {
    call.stdout(`${call.env.HOSTNAME ?? ""}\n`);
    return 0;
  },
  whoami(call) {
    call.stdout(`${(call.user ?? "root").replace(/:.*/, "")}\n`);
    return 0;
  },
  tty(call) {
    call.stdout(call.tty ? "/dev/pts/0\n" : "not a tty\n");
    return call.tty ? 0 : 1;
  },
  stty,
  env,
  printenv,
  sleep,
  test: (call) => test(call, call.command.slice(1)),
  "["(call) {
    if (call.command.at(-1) !== "]") throw new CommandFailure("missing ']'", 2);
    return test(call, call.command.slice(1, -1));
  },
};

/** `stty size`: rows and columns. */
function stty(call: CommandCall): number {
  if (call.command.slice(1).join(" ") !== "size") throw new CommandFailure("only knows the argument 'size'");
  if (call.tty === undefined) throw new CommandFailure("standard input: Inappropriate ioctl for device");
  const { rows, cols } = call.tty();
  call.stdout(`${rows} ${cols}\n`);
  return 0;
}

function env(call: CommandCall): number {
  if (call.command.length > 1) throw new CommandFailure("only prints: arguments are not supported", 125);
  call.stdout(
    Object.entries(call.env)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  return 0;
}

function printenv(call: CommandCall): number {
  const names = call.command.slice(1);
  if (names.length === 0) return env(call);
  const found = names.filter((name) => Object.hasOwn(call.env, name));
  call.stdout(found.map((name) => `${call.env[name]}\n`).join(""));
  return found.length === names.length ? 0 : 1;
}

const UNITS: Record<string, number> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

async function sleep(call: CommandCall): Promise<number> {
  const { operands } = parseArguments(call.command.slice(1));
  if (operands.length === 0) throw new CommandFailure("missing operand");
  const seconds = operands.reduce((total, text) => total + secondsOf(text), 0);
  // `sleep infinity` is one of the ways in which images stay alive.
  if (seconds === Number.POSITIVE_INFINITY) {
    await idle(call);
  } else {
    await sleepOn(call.clock, seconds * 1000, call.signal);
  }
  return 0;
}

function secondsOf(text: string): number {
  if (text === "infinity" || text === "inf") return Number.POSITIVE_INFINITY;
  const [, amount, unit = ""] = /^(\d+|\d*\.\d+)([smhd]?)$/.exec(text) ?? [];
  if (amount === undefined) throw new CommandFailure(`invalid time interval '${text}'`);
  return Number(amount) * (UNITS[unit] ?? 1);
}

function test(call: CommandCall, words: readonly string[]): number {
  if (words[0] === "!" && words.length > 1) return test(call, words.slice(1)) === 0 ? 1 : 0;
  return holds(call, words) ? 0 : 1;
}

function holds(call: CommandCall, words: readonly string[]): boolean {
  const [a = "", b = "", c = ""] = words;
  if (words.length === 0) return false;
  if (words.length === 1) return a !== "";
  const path = pathOf(call, b);
  const exists = () => b !== "" && call.files.exists(path);
  if (words.length === 2) {
    if (a === "-z") return b === "";
    if (a === "-n") return b !== "";
    if (a === "-e") return exists();
    if (a === "-f") return exists() && call.files.stat(path).type === "file";
    if (a === "-d") return exists() && call.files.stat(path).type === "directory";
    if (a === "-s") return exists() && call.files.stat(path).size > 0;
    throw new CommandFailure(`${a}: unsupported operator`, 2);
  }
  if (words.length > 3) throw new CommandFailure("too many arguments", 2);
  if (b === "=" || b === "==") return a === c;
  if (b === "!=") return a !== c;
  const compare = NUMERIC[b];
  if (!compare) throw new CommandFailure(`${b}: unsupported operator`, 2);
  return compare(wholeNumber(a), wholeNumber(c));
}

const NUMERIC: Record<string, (a: number, b: number) => boolean> = {
  "-eq": (a, b) => a === b,
  "-ne": (a, b) => a !== b,
  "-lt": (a, b) => a < b,
  "-le": (a, b) => a <= b,
  "-gt": (a, b) => a > b,
  "-ge": (a, b) => a >= b,
};

function wholeNumber(text: string): number {
  if (!/^[-+]?\d+$/.test(text)) throw new CommandFailure(`${text}: integer expression expected`, 2);
  return Number(text);
}
