import type { CommandCall } from "./command.ts";

/** Waits until the command is killed. */
export function idle({ signal }: CommandCall): Promise<number> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(0), { once: true }));
}

/** Whether a main process only waits for an input that never comes: a shell that is given no script, and `cat`. */
export function awaitsInput({ main, command }: CommandCall): boolean {
  const [program = "", ...rest] = command;
  return main === true && /(^|\/)((a|ba|da|z)?sh|cat)$/.test(program) && rest.every((arg) => /^-[^c]*$/.test(arg));
}
