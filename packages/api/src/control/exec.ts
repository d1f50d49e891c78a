/** Running a command in a sandbox and waiting for its end. */
import type { components } from "@porter-sandbox/spec/types";
import { engineErrorOf } from "../errors.ts";
import { type CommandRequest, notRunning, startCommand } from "./command.ts";
import { logInto } from "./command-logs.ts";
import { type Collected, collect } from "./output.ts";
import type { Plane } from "./plane.ts";

export interface ExecOptions extends CommandRequest {
  /** Asks for the end of a longer output too, and for no more of it than so many bytes in all. */
  readonly max_output_bytes?: number | undefined;
}

/** The fields beyond the published API. */
const extras = (stdout: Collected, stderr: Collected) => ({
  stdout_truncated: stdout.truncated,
  stderr_truncated: stderr.truncated,
  ...(stdout.tail !== undefined && { stdout_tail: stdout.tail }),
  ...(stderr.tail !== undefined && { stderr_tail: stderr.tail }),
  stdout_bytes: stdout.bytes,
  stderr_bytes: stderr.bytes,
});

/**
 * Runs `command` and answers its output and exit code. The command is killed when the caller goes away (`signal`) and
 * when the sandbox ends; an end that the engine does not know is never made up: it is a 409 when the sandbox ended
 * meanwhile, and an error otherwise.
 */
export async function execInSandbox(
  plane: Plane,
  id: string,
  { max_output_bytes, ...request }: ExecOptions,
  signal: AbortSignal,
): Promise<components["schemas"]["ExecResponse"]> {
  const command = await startCommand(plane, id, request);
  const { exec, exec_id } = command;
  signal.addEventListener("abort", command.end, { once: true });
  if (signal.aborted) command.end();

  const bound = {
    limit: Math.min(max_output_bytes ?? Number.POSITIVE_INFINITY, plane.limits.execOutputBytes),
    tail: max_output_bytes !== undefined,
  };
  const read = async (stream: "stdout" | "stderr") => {
    const log = logInto(plane, id, exec_id, stream);
    const collected = await collect(exec[stream], bound, log.push);
    await log.end();
    return collected;
  };
  // The streams may never end where the outcome is that the sandbox did.
  const gone = command.outcome.then((how) => (how.kind === "sandbox_ended" ? how : new Promise<never>(() => {})));
  try {
    const result = await Promise.race([Promise.all([read("stdout"), read("stderr"), command.outcome]), gone]);
    const [stdout, stderr, outcome] = Array.isArray(result) ? result : [undefined, undefined, result];
    if (outcome.kind === "sandbox_ended" || stdout === undefined) throw await notRunning(plane, id);
    const { kind: _, exit_code, ...how } = outcome;
    const answer = { stdout: stdout.text, stderr: stderr.text, exit_code };
    return plane.extensions ? { ...answer, ...extras(stdout, stderr), ...how } : answer;
  } catch (error) {
    command.end();
    // Where the sandbox ended the streams broke too, perhaps first.
    if (engineErrorOf(error)?.code === "not_running") throw await notRunning(plane, id);
    throw error;
  } finally {
    signal.removeEventListener("abort", command.end);
  }
}
