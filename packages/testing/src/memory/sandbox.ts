import {
  EngineError,
  type EngineExec,
  type ExecPlan,
  type RunningSandbox,
  type SandboxEnd,
  type SandboxPlan,
} from "@porter-sandbox/api";
import type { Clock } from "@porter-sandbox/spec";
import type { Command } from "../commands/command.ts";
import type { FileTree } from "./files.ts";
import { createLogBook, type LogBook } from "./logs.ts";
import { type MemoryChange, samplesOf } from "./metrics.ts";
import { inputPipe } from "./pipes.ts";
import { type Process, type ProcessCall, startExec, startProcess } from "./process.ts";
import { createProcessTable, type ProcessTable } from "./processes.ts";

interface MemorySandboxOptions {
  readonly plan: SandboxPlan;
  readonly clock: Clock;
  readonly run: Command;
  /** Numbers for processes that nothing else in the engine has, or had. */
  readonly nextPid: () => number;
  /** The bytes in its files before it did anything. */
  readonly baseBytes: number;
  /** Makes its file system; called when something first needs it, so an idle sandbox costs next to nothing. */
  readonly createFiles: () => SandboxFiles;
}

interface SandboxFiles {
  /** What belongs to the sandbox itself. */
  readonly root: FileTree;
  /** The root with the volumes mounted into it. */
  readonly whole: FileTree;
}

/** A sandbox that runs, or has run. */
export interface MemorySandbox {
  readonly plan: SandboxPlan;
  readonly running: RunningSandbox;
  isRunning(): boolean;
  files(): SandboxFiles;
  exec(plan: ExecPlan): EngineExec;
  logs: LogBook["read"];
  metrics(window: { start: number; end: number }): ReturnType<typeof samplesOf>;
  /** Ends it from outside: everything in it is killed. */
  stop(end?: Omit<SandboxEnd, "finished_at">): void;
}

/** What every container's environment starts with. */
const BASE_ENV = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root" };

export function startMemorySandbox(options: MemorySandboxOptions): MemorySandbox {
  const { plan, clock, run, nextPid } = options;
  const started_at = clock.now();
  let tree: SandboxFiles | undefined;
  let book: LogBook | undefined;
  let changes: MemoryChange[] | undefined;
  let end: SandboxEnd | undefined;
  let processes: Set<Process> | undefined;
  let table: ProcessTable | undefined;
  let tellEnd: (end: SandboxEnd) => void;
  const ended = new Promise<SandboxEnd>((resolve) => {
    tellEnd = resolve;
  });

  const files = () => {
    tree ??= options.createFiles();
    return tree;
  };
  const seen = () => {
    table ??= createProcessTable({
      now: () => clock.now(),
      nextPid,
      begin(command, { stdout, stderr, stdin, ...around }, processes) {
        const call = { ...callOf({ command, ...around }, processes), env: around.env, ...(stdin && { stdin }) };
        const process = startProcess({ run, call, stdout, stderr });
        watch(process);
        return process;
      },
    });
    return table;
  };
  const callOf = (
    { command, cwd, env: own, user }: Omit<ExecPlan, "exec_id" | "stdin">,
    processes = seen().join(),
  ): ProcessCall => {
    const { id, name, image, env } = plan;
    return {
      command,
      sandbox: { id, name, image, env },
      env: { ...BASE_ENV, HOSTNAME: name, ...env, ...own },
      cwd: cwd ?? "/",
      ...(user !== undefined && { user }),
      files: files().whole,
      clock,
      processes,
    };
  };
  const lastBytes = () => changes?.at(-1)?.bytes ?? options.baseBytes;
  const noteMemory = () => {
    const bytes = tree?.root.size() ?? options.baseBytes;
    if (bytes === lastBytes()) return;
    changes ??= [];
    changes.push({ time: clock.now(), bytes });
  };
  const watch = (process: Process) => {
    processes ??= new Set();
    const all = processes;
    all.add(process);
    const over = () => {
      all.delete(process);
      noteMemory();
    };
    process.exit.then(over, over);
  };
  const finish = (how: Omit<SandboxEnd, "finished_at">, stopProcess: (process: Process) => void) => {
    if (end) return;
    end = { ...how, finished_at: clock.now() };
    for (const process of processes ?? []) stopProcess(process);
    book?.end();
    tellEnd(end);
  };

  // An entrypoint of its own is nothing that a double could know: without a command it idles, with arguments alone
  // these are the command, as in an image that has no entrypoint.
  const main = [...(plan.command ?? []), ...(plan.args ?? [])];
  if (main.length > 0) {
    book = createLogBook(() => clock.now());
    const { write } = book;
    const call = callOf({ command: main });
    // As with containers: it is open, though nobody can write to it.
    const input = inputPipe();
    const process = startProcess({
      run,
      call: { ...call, main: true, stdin: input.readable },
      stdout: (bytes) => write("stdout", bytes),
      stderr: (bytes) => write("stderr", bytes),
      atEnd: input.close,
    });
    watch(process);
    seen().add(call.processes.pid, main, process);
    process.exit.then(
      ({ exit_code }) => finish({ exit_code }, kill),
      (error: EngineError) => finish({ reason: "engine_error", message: error.message }, kill),
    );
  }

  return {
    plan,
    running: { started_at, ...addressesOf(plan), ended },
    isRunning: () => end === undefined,
    files,
    exec(asked) {
      if (end) throw new EngineError("not_running", `Sandbox ${plan.id} is not running`);
      const { stdin, tty, whole } = asked;
      const call = callOf(asked);
      const { pid } = call.processes;
      const exec = startExec({ run: inDirectory(run), call, stdin, tty }, (process) => {
        watch(process);
        seen().add(pid, call.command, process);
      });
      const killRest = () => seen().killRest(pid);
      const over = () => {
        seen().remove(pid);
        if (whole) killRest();
      };
      exec.exit.then(over, over);
      return {
        ...exec,
        async kill() {
          await exec.kill();
          killRest();
        },
      };
    },
    logs: (window) => book?.read(window) ?? [],
    metrics: (window) =>
      samplesOf(
        [{ time: started_at, bytes: options.baseBytes }, ...(changes ?? [])],
        { start: started_at, end: end?.finished_at ?? clock.now() },
        window,
      ),
    stop(how = {}) {
      const lost =
        how.reason === undefined ? undefined : new EngineError("engine_error", `Sandbox ${plan.id} was lost`);
      finish(how, (process) => (lost ? process.lose(lost) : kill(process)));
    },
  };
}

const kill = (process: Process) => process.signal("SIGKILL");

/** A command whose directory is not there does not begin. */
const inDirectory =
  (run: Command): Command =>
  (call) => {
    const { files, cwd } = call;
    if (cwd === "/" || (files.exists(cwd) && files.stat(cwd).type === "directory")) return run(call);
    call.stderr(`chdir to ${cwd}: no such file or directory\n`);
    return 127;
  };

/** Names that nobody answers: `.test` is set aside for that. */
function addressesOf(plan: SandboxPlan): { host: string; internal_address?: string } {
  const { networking, name } = plan;
  if (!networking) return { host: "" };
  const internal_address = `${name}.internal.test:${networking.port}`;
  if (networking.visibility === "internal") return { host: "", internal_address };
  return { host: networking.domain ?? `${name}.sandbox.test`, internal_address };
}
