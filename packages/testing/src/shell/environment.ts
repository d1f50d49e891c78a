import type { ExecResult } from "just-bash";
import type { CommandCall } from "../commands/command.ts";
import { type Around, refused, runProgram } from "./processes.ts";

/**
 * `env [-i] [-u NAME]... [NAME=VALUE]... [PROGRAM [ARGUMENT...]]`. just-bash's own shows all that the shell knows, its
 * arguments and variables that were not exported too, and hands a shell within the shell nothing on.
 */
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
  if (words.length > 0) return runProgram(call, words, { ...around, env: variables });
  const lines = Object.entries(variables).map((pair) => `${pair.join("=")}\n`);
  return { stdout: lines.join(""), stderr: "", exitCode: 0 };
}
