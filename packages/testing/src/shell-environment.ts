/**
 * The commands on the environment. just-bash's own show all that the shell knows, its arguments and variables that were
 * not exported too, and hand a shell within the shell nothing on.
 */
import type { ExecResult } from "just-bash";
import type { CommandCall } from "./commands/command.ts";
import { type Around, refused, runProgram } from "./shell-processes.ts";

/** `env [-i] [-u NAME]... [NAME=VALUE]... [PROGRAM [ARGUMENT...]]` */
export async function env(call: CommandCall, args: readonly string[], around: Around): Promise<ExecResult> {
  const words = [...args];
  let variables: Record<string, string> = { ...around.env };
  for (let word = words[0]; word?.startsWith("-"); word = words[0]) {
    words.shift();
    if (word === "--") break;
    if (word === "-" || word === "-i" || word === "--ignore-environment") variables = {};
    else if (word === "-u" && words.length > 0) delete variables[words.shift() as string];
    else return refused(`env: invalid option -- '${word.replace(/^-+/, "")}'`, 125);
  }
  while (words[0]?.includes("=")) {
    const [name = "", ...value] = (words.shift() as string).split("=");
    variables[name] = value.join("=");
  }
  return words.length > 0 ? runProgram(call, words, { ...around, env: variables }) : printed(Object.entries(variables));
}

/** `printenv [NAME...]`: 1 when one of them is not there. */
export function printenv(names: readonly string[], { env }: Pick<Around, "env">): ExecResult {
  if (names.length === 0) return printed(Object.entries(env));
  const values = names.flatMap((name) => (Object.hasOwn(env, name) ? [env[name] ?? ""] : []));
  return { ...output(values), exitCode: values.length < names.length ? 1 : 0 };
}

const printed = (variables: [name: string, value: string][]) => output(variables.map((pair) => pair.join("=")));

const output = (lines: readonly string[]): ExecResult => ({
  stdout: lines.map((line) => `${line}\n`).join(""),
  stderr: "",
  exitCode: 0,
});
