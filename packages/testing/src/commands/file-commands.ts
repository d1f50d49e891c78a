import { emptyContent } from "../memory-content.ts";
import { CommandFailure, onFile, parseArguments, pathOf } from "./arguments.ts";
import type { Command, CommandCall } from "./command.ts";

/** Commands on the file tree: those that look and those that change. */
export const fileCommands: Record<string, Command> = { ls, mkdir, rm, rmdir, touch, cp, mv };

function ls(call: CommandCall): number {
  const { flags, operands } = parseArguments(call.command.slice(1), { flags: "aA1" });
  const hidden = flags.has("a") || flags.has("A");
  const names = operands.length > 0 ? operands : ["."];
  for (const [index, name] of names.entries()) {
    const path = pathOf(call, name);
    if (onFile(name, () => call.files.stat(path)).type === "file") {
      call.stdout(`${name}\n`);
      continue;
    }
    if (names.length > 1) call.stdout(`${index > 0 ? "\n" : ""}${name}:\n`);
    const entries = call.files.list(path).map((entry) => entry.name);
    const shown = entries.filter((entry) => hidden || !entry.startsWith("."));
    if (flags.has("a")) shown.unshift(".", "..");
    call.stdout(shown.map((entry) => `${entry}\n`).join(""));
  }
  return 0;
}

function mkdir(call: CommandCall): number {
  const { flags, operands } = parseArguments(call.command.slice(1), { flags: "p" });
  for (const name of required(operands)) {
    onFile(name, () => call.files.mkdir(pathOf(call, name), { parents: flags.has("p") }));
  }
  return 0;
}

function rm(call: CommandCall): number {
  const { flags, operands } = parseArguments(call.command.slice(1), { flags: "rRf" });
  const recursive = flags.has("r") || flags.has("R");
  for (const name of flags.has("f") ? operands : required(operands)) {
    const path = pathOf(call, name);
    if (flags.has("f") && !call.files.exists(path)) continue;
    const directory = onFile(name, () => call.files.stat(path)).type === "directory";
    if (directory && !recursive) throw new CommandFailure(`${name}: Is a directory`);
    onFile(name, () => call.files.remove(path, { recursive }));
  }
  return 0;
}

function rmdir(call: CommandCall): number {
  const { operands } = parseArguments(call.command.slice(1));
  for (const name of required(operands)) {
    const path = pathOf(call, name);
    if (onFile(name, () => call.files.stat(path)).type === "file") throw new CommandFailure(`${name}: Not a directory`);
    onFile(name, () => call.files.remove(path));
  }
  return 0;
}

function touch(call: CommandCall): number {
  const { operands } = parseArguments(call.command.slice(1));
  for (const name of required(operands)) {
    const path = pathOf(call, name);
    onFile(name, () =>
      call.files.exists(path)
        ? call.files.touch(path, { modified_at: call.clock.now() })
        : call.files.write(path, emptyContent),
    );
  }
  return 0;
}

function cp(call: CommandCall): number {
  const { flags, operands } = parseArguments(call.command.slice(1), { flags: "rRa" });
  return eachIntoTarget(call, operands, (name, from, to) => {
    const source = onFile(name, () => call.files.stat(from));
    if (source.type === "file") return onFile(name, () => call.files.write(to, call.files.read(from)));
    if (flags.size === 0) throw new CommandFailure(`-r not specified; omitting directory '${name}'`);
    onFile(name, () => call.files.copy(from, to));
  });
}

function mv(call: CommandCall): number {
  const { operands } = parseArguments(call.command.slice(1), { flags: "f" });
  return eachIntoTarget(call, operands, (name, from, to) => {
    const source = onFile(name, () => call.files.stat(from));
    const replaced = call.files.exists(to) ? call.files.stat(to) : undefined;
    if (from === to) throw new CommandFailure(`'${name}' and '${name}' are the same file`);
    if (source.type === "file" && replaced?.type === "file") onFile(to, () => call.files.remove(to));
    onFile(name, () => call.files.move(from, to));
  });
}

/** The last operand is where the others go: into it when it is a directory, else to its very path. */
function eachIntoTarget(
  call: CommandCall,
  operands: readonly string[],
  put: (name: string, from: string, to: string) => void,
): number {
  const sources = operands.slice(0, -1);
  const target = operands.at(-1);
  if (target === undefined || sources.length === 0) throw new CommandFailure("missing file operand");
  const to = pathOf(call, target);
  const intoDirectory = call.files.exists(to) && call.files.stat(to).type === "directory";
  if (sources.length > 1 && !intoDirectory) throw new CommandFailure(`target '${target}': Not a directory`);
  for (const name of sources) {
    const from = pathOf(call, name);
    put(name, from, intoDirectory ? `${to}/${from.slice(from.lastIndexOf("/") + 1)}` : to);
  }
  return 0;
}

function required(operands: readonly string[]): readonly string[] {
  if (operands.length === 0) throw new CommandFailure("missing operand");
  return operands;
}
