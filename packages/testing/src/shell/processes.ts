/** The commands on processes that just-bash has not, as far as a double has processes. */
import { signals } from "@porter-sandbox/spec/signals";
import type { ExecResult } from "just-bash";
import type { CommandCall } from "../commands/command.ts";
import { runPlain } from "../commands/plain.ts";
import { bytesOf, contentFrom, emptyContent, joinContent, textOf } from "../memory/content.ts";
import { bytesFromLatin1, latin1FromBytes } from "./files.ts";

export const refused = (stderr: string, exitCode = 1): ExecResult => ({ stdout: "", stderr: `${stderr}\n`, exitCode });

/** How a shell's command runs a program: where, with which variables, and what it reads. */
export interface Around {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Bytes, each as a character. */
  readonly stdin: string;
}

type Streams = Pick<CommandCall, "stdout" | "stderr">;

/** Gathers what a program writes until it ends. */
async function gathered(run: (streams: Streams) => Promise<number> | number): Promise<ExecResult> {
  const output = { stdout: emptyContent, stderr: emptyContent };
  const keep = (name: keyof typeof output) => (piece: Uint8Array | string) => {
    output[name] = joinContent(output[name], contentFrom(piece));
  };
  const exitCode = await run({ stdout: keep("stdout"), stderr: keep("stderr") });
  return {
    stdout: latin1FromBytes(bytesOf(output.stdout)),
    stdoutKind: "bytes",
    stderr: textOf(output.stderr),
    exitCode,
  };
}

/** Runs a program to its end, in a process of its own. */
export const runProgram = (call: CommandCall, words: readonly string[], around: Around): Promise<ExecResult> =>
  gathered(async (streams) => (await start(call, words, around, streams).exit).exit_code);

/** Runs one of the commands that there are without a shell too. */
export const runOwn = (call: CommandCall, command: readonly string[], { cwd, env }: Around): Promise<ExecResult> =>
  gathered((streams) => runPlain({ ...call, ...streams, give: streams.stdout, command, cwd, env }));

function start({ processes }: CommandCall, words: readonly string[], { stdin, ...around }: Around, streams: Streams) {
  const bytes = bytesFromLatin1(stdin) as Uint8Array<ArrayBuffer>;
  return processes.start(words, {
    ...around,
    ...(stdin !== "" && { stdin: new Blob([bytes]).stream() }),
    ...streams,
  });
}

/** `setsid [-f] PROGRAM [ARGUMENT...]`: runs a program in a session of its own and waits for it; with `-f` it does not. */
export async function setsid(call: CommandCall, args: readonly string[], around: Around): Promise<ExecResult> {
  const rest = args.findIndex((arg) => !arg.startsWith("-"));
  const options = rest === -1 ? args : args.slice(0, rest);
  const unknown = options.find((option) => !/^(-f|--fork|-w|--wait)$/.test(option));
  if (unknown !== undefined) return refused(`setsid: invalid option -- '${unknown.replace(/^-+/, "")}'`);
  if (rest === -1) return refused("setsid: no command specified");
  if (!options.some((option) => option === "-f" || option === "--fork"))
    return runProgram(call, args.slice(rest), around);
  start(call, args.slice(rest), around, { stdout: () => {}, stderr: () => {} });
  // So that it has begun, as a rule, when the next command looks for what it does.
  await new Promise((resolve) => setTimeout(resolve, 0));
  return { stdout: "", stderr: "", exitCode: 0 };
}

/** `kill [-s NAME | -NAME | -NUMBER] [--] PID...`; a negative number is a process group. */
export function kill(call: CommandCall, args: readonly string[]): ExecResult {
  const words = [...args];
  let wanted = "TERM";
  const [first = ""] = words;
  if (first === "-s" || first === "-n") wanted = words.splice(0, 2)[1] ?? "";
  else if (first.startsWith("-") && first !== "--") wanted = (words.shift() ?? "").slice(1);
  if (words[0] === "--") words.shift();
  const name = nameOf(wanted);
  if (name === null) return refused(`kill: ${wanted}: invalid signal specification`);
  if (words.length === 0) return refused("kill: usage: kill [-s signal | -signal] pid ...", 2);
  const problems = words.flatMap((word) => {
    if (!/^-?[1-9]\d*$/.test(word)) return [`kill: ${word}: arguments must be process ids\n`];
    return call.processes.signal(Number(word), name) ? [] : [`kill: (${word}) - No such process\n`];
  });
  return { stdout: "", stderr: problems.join(""), exitCode: problems.length === words.length ? 1 : 0 };
}

/** The signal's whole name; undefined for 0, which only looks; null for what is none. */
function nameOf(wanted: string): string | undefined | null {
  if (wanted === "0") return undefined;
  if (/^\d+$/.test(wanted)) return Object.keys(signals).find((name) => signals[name] === Number(wanted)) ?? null;
  const name = `SIG${wanted.toUpperCase().replace(/^SIG/, "")}`;
  return name in signals ? name : null;
}
