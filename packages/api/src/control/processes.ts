/** The processes of sandboxes: started, found again, listed, and kept for a while after their end. */
import type { components } from "@porter-sandbox/spec/types";
import type { TtySize } from "../engine.ts";
import { ApiError, conflict, unknownProcess } from "../errors.ts";
import { type CommandRequest, startCommand } from "./command.ts";
import { sandboxOf } from "./lifecycle.ts";
import type { Plane } from "./plane.ts";
import { followProcess, OUTPUTS, type Process } from "./process.ts";
import type { InputOptions } from "./process-input.ts";
import { framesOf } from "./process-output.ts";
import { rfc3339 } from "./sandboxes.ts";

type ProcessResponse = components["schemas"]["ProcessResponse"];

/** Lets go of what ended long ago, or of the oldest when there are too many. They lie in the order of their ends. */
function forget(plane: Plane): void {
  const { ended } = plane.processes;
  const before = plane.clock.now() - plane.limits.processRetentionMs;
  for (const [process, sandbox_id] of ended) {
    const isOld = (process.finished_at ?? 0) < before;
    if (!isOld && ended.size <= plane.limits.endedProcesses) return;
    ended.delete(process);
    const all = plane.processes.bySandbox.get(sandbox_id);
    all?.delete(process.exec_id);
    if (all?.size === 0) plane.processes.bySandbox.delete(sandbox_id);
  }
}

/** Starts a command as a process, and answers its output as frames. It goes on when nobody reads. */
export async function startProcess(
  plane: Plane,
  id: string,
  request: CommandRequest,
): Promise<ReadableStream<Uint8Array>> {
  const command = await startCommand(plane, id, { ...request, whole: true });
  const process = followProcess(plane, command, {
    sandbox_id: id,
    command: request.command,
    tty: request.tty !== undefined,
  });
  const { bySandbox, ended } = plane.processes;
  const all = bySandbox.get(id) ?? new Map<string, Process>();
  bySandbox.set(id, all.set(process.exec_id, process));
  void process.over.then(() => {
    ended.set(process, id);
    forget(plane);
  });
  return framesOf(plane, process, { stdout: 0, stderr: 0 });
}

async function processOf(plane: Plane, id: string, exec_id: string): Promise<Process> {
  forget(plane);
  const process = plane.processes.bySandbox.get(id)?.get(exec_id);
  if (process !== undefined) return process;
  await sandboxOf(plane, id);
  throw unknownProcess(exec_id);
}

function responseOf(process: Process): ProcessResponse {
  const { exec_id, command, tty, started_at, finished_at, input, output, end } = process;
  const exit = end !== undefined && "event" in end && end.event.type === "exit" ? end.event : undefined;
  return {
    exec_id,
    command: [...command],
    started_at: rfc3339(started_at),
    tty,
    stdin: input?.open === true,
    running: end === undefined,
    ...(finished_at !== undefined && { finished_at: rfc3339(finished_at) }),
    ...(exit && { exit_code: exit.exit_code, reason: exit.reason }),
    ...(exit?.signal !== undefined && { signal: exit.signal }),
    stdout_bytes: output.stdout.end,
    stderr_bytes: output.stderr.end,
    stdin_bytes: input?.bytes ?? 0,
  };
}

/** Oldest first. */
export async function listProcesses(plane: Plane, id: string): Promise<components["schemas"]["ProcessList"]> {
  await sandboxOf(plane, id);
  forget(plane);
  return { processes: [...(plane.processes.bySandbox.get(id)?.values() ?? [])].map(responseOf) };
}

export const getProcess = async (plane: Plane, id: string, exec_id: string): Promise<ProcessResponse> =>
  responseOf(await processOf(plane, id, exec_id));

export interface OutputRequest {
  readonly stdout_offset?: number | undefined;
  readonly stderr_offset?: number | undefined;
  /** Only what a HEAD is told. */
  readonly bodyless: boolean;
}

export async function readProcessOutput(
  plane: Plane,
  id: string,
  exec_id: string,
  { stdout_offset = 0, stderr_offset = 0, bodyless }: OutputRequest,
): Promise<ReadableStream<Uint8Array> | null> {
  const process = await processOf(plane, id, exec_id);
  const from = { stdout: stdout_offset, stderr: stderr_offset };
  for (const name of OUTPUTS) {
    const written = process.output[name].end;
    if (from[name] <= written) continue;
    const field = `${name}_offset`;
    const message = `${field}: must not be beyond the ${written} bytes written so far (got ${from[name]})`;
    throw new ApiError({ status: 416, code: "range_not_satisfiable", message, field });
  }
  // A process waits for its readers, and this one would never read.
  return bodyless ? null : framesOf(plane, process, from);
}

/** Answers how many bytes the process has taken in all. */
export async function writeProcessInput(
  plane: Plane,
  id: string,
  exec_id: string,
  body: ReadableStream<Uint8Array> | null,
  options: Omit<InputOptions, "exec_id" | "limit">,
): Promise<components["schemas"]["StdinResponse"]> {
  const process = await processOf(plane, id, exec_id);
  if (process.input === undefined) throw conflict("stdin_closed", `process ${exec_id} was started without input`);
  await process.input.write(body, { ...options, exec_id, limit: plane.limits.fileBytes });
  return { stdin_bytes: process.input.bytes };
}

export async function signalProcess(plane: Plane, id: string, exec_id: string, name: string): Promise<void> {
  const process = await processOf(plane, id, exec_id);
  if (process.end === undefined) await process.signal(name);
}

export async function resizeProcess(plane: Plane, id: string, exec_id: string, size: TtySize): Promise<void> {
  const process = await processOf(plane, id, exec_id);
  if (!process.tty) throw conflict("no_tty", `process ${exec_id} has no terminal`);
  if (process.end !== undefined) throw conflict("process_ended", `process ${exec_id} has ended`);
  await process.resize(size);
}

/** Kills what still runs: nobody could find it again. Resolves when all of it has ended. */
export async function endProcesses(plane: Plane): Promise<void> {
  const running = [...plane.processes.bySandbox.values()].flatMap((all) => [...all.values()]);
  await Promise.all(
    running
      .filter(({ end }) => end === undefined)
      .map(async (process) => {
        await process.kill().catch(plane.report);
        await process.over;
      }),
  );
}
