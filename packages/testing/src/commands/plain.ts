import { CommandFailure } from "./arguments.ts";
import type { Command, CommandCall } from "./command.ts";
import { fileCommands } from "./file-commands.ts";
import { awaitsInput, idle } from "./idling.ts";
import { processCommands } from "./process-commands.ts";
import { textCommands } from "./text-commands.ts";

const programs = new Map(Object.entries({ ...processCommands, ...textCommands, ...fileCommands }));

const SHELLS = new Set(["sh", "bash", "dash", "ash", "zsh"]);

/** The names of the plain commands, for people. */
export const plainCommandNames: readonly string[] = [...programs.keys()].sort();

/**
 * The commands that work without a shell: each one program with its usual flags, no pipes, no variables, no patterns.
 * What they do not have they refuse, and an unknown name is exit code 127, as in a container.
 */
export const runPlain: Command = async (call) => {
  const [typed = ""] = call.command;
  const name = typed.replace(/^(\/usr)?(\/local)?\/s?bin\//, "");
  const program = programs.get(name);
  if (!program) return awaitsInput(call) ? idle(call) : unknown(call, typed, name);
  try {
    return await program(call);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    call.stderr(`${name}: ${error.message}\n`);
    return error.exit_code;
  }
};

function unknown(call: CommandCall, typed: string, name: string): number {
  call.stderr(`${typed}: not found\n`);
  if (SHELLS.has(name)) {
    call.stderr(
      "This fake has no shell. Install just-bash and pass it: createFakeSandboxApi({ shell: bashShell() }), " +
        "with bashShell from @porter-sandbox/testing/shell; or script the command with fake.commands.on(…).\n",
    );
  }
  return 127;
}
