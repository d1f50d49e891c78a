import { readFileSync } from "node:fs";

/** When a process began, in the kernel's own count; undefined when it is gone, or ended and nobody has buried it. */
export function beginOf(pid: number): string | undefined {
  try {
    // After the name, which may hold anything: the state, and 19 fields on the begin.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export const lives = (pid: number): boolean => beginOf(pid) !== undefined;
