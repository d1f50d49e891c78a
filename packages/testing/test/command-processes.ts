/** What the tests of commands share. Not part of what is published. */
import type { CommandProcesses } from "../src/commands/command.ts";

/** Nothing here starts another. */
export const alone: CommandProcesses = {
  pid: 1,
  start: () => {
    throw new Error("nothing is started here");
  },
  signal: () => false,
  stat: () => undefined,
};
