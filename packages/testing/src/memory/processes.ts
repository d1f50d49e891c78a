import type { ExecEnd } from "@porter-sandbox/api";
import type { CommandProcesses } from "../commands/command.ts";
import type { Process } from "./process.ts";

/** What one process starts: a command in a session of its own. */
type Begin = (
  command: readonly string[],
  around: Parameters<CommandProcesses["start"]>[1],
  processes: CommandProcesses,
) => Process;

interface Row {
  readonly process: Process;
  readonly parent: number;
  /** The process of the engine's own that it comes from, however many were between them. */
  readonly root: number;
  /** When it began, in the hundredths of a second that Linux counts in. */
  readonly born: number;
  readonly name: string;
}

/** The processes of a sandbox, as they see each other. Each leads a session and a process group of its own. */
export interface ProcessTable {
  /** What a process that is about to start sees; `add` it when it has. */
  join(): CommandProcesses;
  add(pid: number, command: readonly string[], process: Process, parent?: number): void;
  remove(pid: number): void;
  /** Kills what a process of the engine's own has started, itself left out. */
  killRest(root: number): void;
}

interface ProcessTableOptions {
  readonly now: () => number;
  /** Numbers that nothing had before, so that none of them ever stands for two processes. */
  readonly nextPid: () => number;
  readonly begin: Begin;
}

export function createProcessTable({ now, nextPid, begin }: ProcessTableOptions): ProcessTable {
  const rows = new Map<number, Row>();

  const join = (): CommandProcesses => {
    const pid = nextPid();
    return {
      pid,
      start(command, around) {
        const processes = join();
        const process = begin(command, around, processes);
        table.add(processes.pid, command, process, pid);
        const over = () => table.remove(processes.pid);
        process.exit.then(over, over);
        // How one ends that is lost with its machine makes no difference to what is lost with it.
        const lost = (): ExecEnd => ({ exit_code: 137, signal: "SIGKILL" });
        return { pid: processes.pid, exit: process.exit.catch(lost) };
      },
      signal(of, name) {
        const row = rows.get(Math.abs(of));
        if (name !== undefined) row?.process.signal(name);
        return row !== undefined;
      },
      stat(of) {
        const row = rows.get(of);
        if (row === undefined) return undefined;
        // Only these fields mean something here.
        const { name, parent, born } = row;
        return `${of} (${name}) S ${parent} ${of} ${of} 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ${born} 0 0\n`;
      },
    };
  };

  const table: ProcessTable = {
    join,
    add(pid, command, process, parent = 0) {
      const root = rows.get(parent)?.root ?? (parent || pid);
      const name = (command[0] ?? "").replace(/^.*\//, "").slice(0, 15);
      rows.set(pid, { process, parent, root, born: Math.floor(now() / 10), name });
    },
    remove: (pid) => void rows.delete(pid),
    killRest(root) {
      for (const [pid, row] of rows) if (row.root === root && pid !== root) row.process.signal("SIGKILL");
    },
  };
  return table;
}
