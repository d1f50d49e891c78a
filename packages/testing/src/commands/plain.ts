import { complain, programOf } from "./arguments.ts";
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
  const program = programs.get(programOf(call));
  if (!program) return awaitsInput(call) ? idle(call) : unknown(call);
  try {
    return await program(call);
  } catch (error) {
    return complain(call, error);
  }
};

function unknown(call: CommandCall): number {
  call.stderr(`${call.command[0]}: not found\n`);
  if (SHELLS.has(programOf(call))) {
    call.stderr(
      "This fake has no shell. Install just-bash and pass it: createFakeSandboxApi({ shell: bashShell() }), " +
        "with bashShell from @porter-sandbox/testing/shell; or script the command with fake.commands.on(…).\n",
    );
  }
  return 127;
}
