import { emptyContent } from "../memory/content.ts";
import { copyFile } from "../memory/files.ts";
import { CommandFailure, eachOf, onFile, parseArguments, pathOf } from "./arguments.ts";
import type { Command, CommandCall } from "./command.ts";

/** Commands on the file tree: those that look and those that change. */
export const fileCommands: Record<string, Command> = { ls, mkdir, rm, rmdir, touch, cp, mv };

function ls(call: CommandCall): Promise<number> {
  const { flags, operands } = parseArguments(call.command.slice(1), { flags: "aA1" });
  const hidden = flags.has("a") || flags.has("A");
  const names = operands.length > 0 ? operands : ["."];
  let above = "";
  return eachOf(call, names, (name) => {
    const path = pathOf(call, name);
    const { type } = onFile(name, () => call.files.stat(path));
    if (type === "file") call.stdout(`${name}\n`);
    else {
      if (names.length > 1) call.stdout(`${above}${name}:\n`);
      const entries = call.files.list(path).map((entry) => entry.name);
      const shown = entries.filter((entry) => hidden || !entry.startsWith("."));
      if (flags.has("a")) shown.unshift(".", "..");
      call.stdout(shown.map((entry) => `${entry}\n`).join(""));
    }
    above = "\n";
  });
}

function mkdir(call: CommandCall): Promise<number> {
  const { flags, operands } = parseArguments(call.command.slice(1), { flags: "p" });
  return eachOf(call, required(operands), (name) =>
    onFile(name, () => call.files.mkdir(pathOf(call, name), { parents: flags.has("p") })),
  );
}

function rm(call: CommandCall): Promise<number> {
  const { flags, operands } = parseArguments(call.command.slice(1), { flags: "rRf" });
  const recursive = flags.has("r") || flags.has("R");
  return eachOf(call, flags.has("f") ? operands : required(operands), (name) => {
    const path = pathOf(call, name);
    if (flags.has("f") && !call.files.exists(path)) return;
    const directory = onFile(name, () => call.files.stat(path)).type === "directory";
    if (directory && !recursive) throw new CommandFailure(`${name}: Is a directory`);
    onFile(name, () => call.files.remove(path, { recursive }));
  });
}

function rmdir(call: CommandCall): Promise<number> {
  const { operands } = parseArguments(call.command.slice(1));
  return eachOf(call, required(operands), (name) => {
    const path = pathOf(call, name);
    if (onFile(name, () => call.files.stat(path)).type === "file") throw new CommandFailure(`${name}: Not a directory`);
    onFile(name, () => call.files.remove(path));
  });
}

function touch(call: CommandCall): Promise<number> {
  const { operands } = parseArguments(call.command.slice(1));
  return eachOf(call, required(operands), (name) => {
    const path = pathOf(call, name);
    onFile(name, () =>
      call.files.exists(path)
        ? call.files.touch(path, { modified_at: call.clock.now() })
        : call.files.write(path, emptyContent),
    );
  });
}

function cp(call: CommandCall): Promise<number> {
  const { flags, operands } = parseArguments(call.command.slice(1), { flags: "rRa" });
  return eachIntoTarget(call, operands, (name, from, to) => {
    const source = onFile(name, () => call.files.stat(from));
    if (source.type === "file") return onFile(name, () => copyFile(call.files, from, to));
    if (flags.size === 0) throw new CommandFailure(`-r not specified; omitting directory '${name}'`);
    onFile(name, () => call.files.copy(from, to));
  });
}

function mv(call: CommandCall): Promise<number> {
  const { operands } = parseArguments(call.command.slice(1), { flags: "f" });
  return eachIntoTarget(call, operands, (name, from, to) => {
    const source = onFile(name, () => call.files.stat(from));
    const replaced = call.files.exists(to) ? call.files.stat(to) : undefined;
    if (source.type === "file" && replaced?.type === "file") onFile(to, () => call.files.remove(to));
    onFile(name, () => call.files.move(from, to));
  });
}

/** The last operand is where the others go: into it when it is a directory, else to its very path. */
function eachIntoTarget(
  call: CommandCall,
  operands: readonly string[],
  put: (name: string, from: string, to: string) => void,
): Promise<number> {
  const sources = operands.slice(0, -1);
  const target = operands.at(-1);
  if (target === undefined || sources.length === 0) throw new CommandFailure("missing file operand");
  const there = pathOf(call, target);
  const intoDirectory = call.files.exists(there) && call.files.stat(there).type === "directory";
  if (sources.length > 1 && !intoDirectory) throw new CommandFailure(`target '${target}': Not a directory`);
  return eachOf(call, sources, (name) => {
    const from = pathOf(call, name);
    const shown = intoDirectory ? `${target.replace(/\/$/, "")}/${from.slice(from.lastIndexOf("/") + 1)}` : target;
    const to = pathOf(call, shown);
    if (from === to && call.files.exists(from)) {
      throw new CommandFailure(`'${name}' and '${shown}' are the same file`);
    }
    put(name, from, to);
  });
}

function required(operands: readonly string[]): readonly string[] {
  if (operands.length === 0) throw new CommandFailure("missing operand");
  return operands;
}
