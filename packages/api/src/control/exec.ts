/** Running a command in a sandbox and waiting for its end. */
import { sleep } from "@porter-sandbox/spec";
import type { components } from "@porter-sandbox/spec/types";
import type { EngineExec } from "../engine.ts";
import { type ApiError, conflict, engineErrorOf } from "../errors.ts";
import type { StoredLogLine } from "../store.ts";
import { sandboxOf } from "./lifecycle.ts";
import { levelOf } from "./log-level.ts";
import { collect, createLineSplitter } from "./output.ts";
import type { Plane } from "./plane.ts";

/** How long a command may take to end once its sandbox has; after that its end is not known. */
const GRACE_MS = 1000;

async function notRunning(plane: Plane, id: string): Promise<ApiError> {
  const { phase } = await sandboxOf(plane, id);
  // The engine may know of the end before its news arrives here.
  if (phase === "running") return conflict("sandbox_not_running", `sandbox ${id} is ending and not running`);
  return conflict("sandbox_not_running", `sandbox ${id} is ${phase} and not running`, { phase });
}

async function begin(plane: Plane, id: string, exec_id: string, command: readonly string[]): Promise<EngineExec> {
  try {
    return await plane.engine.exec(id, { exec_id, command, stdin: false });
  } catch (error) {
    const code = engineErrorOf(error)?.code;
    if (code === "not_running" || code === "not_found") throw await notRunning(plane, id);
    throw error;
  }
}

/** Calls `onEnd` once when the sandbox ends; the answer takes the call back. */
function whenSandboxEnds(plane: Plane, id: string, onEnd: () => void): () => void {
  const commands = plane.commands.get(id) ?? new Set();
  plane.commands.set(id, commands.add(onEnd));
  return () => {
    commands.delete(onEnd);
    if (commands.size === 0 && plane.commands.get(id) === commands) plane.commands.delete(id);
  };
}

/** Keeps the lines of one stream of a command as logs. */
function logInto(plane: Plane, id: string, exec_id: string, stream: "stdout" | "stderr") {
  const splitter = createLineSplitter(plane.limits.logLineChars);
  const keep = (texts: string[]): Promise<void> | undefined => {
    if (texts.length === 0) return undefined;
    const timestamp = plane.clock.now();
    const lines: StoredLogLine[] = texts.map((line) => ({ timestamp, line, level: levelOf(line, stream), exec_id }));
    return plane.store.appendLogs(id, lines);
  };
  return { push: (bytes: Uint8Array) => keep(splitter.push(bytes)), end: () => keep(splitter.end()) };
}

/**
 * Runs `command` and answers its output and exit code. The command is killed when the caller goes away (`signal`) and
 * when the sandbox ends; an end that the engine does not know is never made up: it is a 409 when the sandbox ended
 * meanwhile, and an error otherwise.
 */
export async function execInSandbox(
  plane: Plane,
  id: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<components["schemas"]["ExecResponse"]> {
  const { phase } = await sandboxOf(plane, id);
  if (phase !== "running") throw await notRunning(plane, id);
  const { id: exec_id } = plane.ids.next("exec");
  const exec = await begin(plane, id, exec_id, command);

  const kill = () => void exec.kill().catch(plane.report);
  const done = new AbortController();
  let giveUp: (() => void) | undefined;
  const givenUp = new Promise<undefined>((resolve) => {
    giveUp = () => resolve(undefined);
  });
  const onSandboxEnd = () => {
    kill();
    void sleep(plane.clock, GRACE_MS, done.signal).then(giveUp, () => {});
  };
  const release = whenSandboxEnds(plane, id, onSandboxEnd);
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();

  const read = async (stream: "stdout" | "stderr") => {
    const log = logInto(plane, id, exec_id, stream);
    const collected = await collect(exec[stream], plane.limits.execOutputBytes, log.push);
    await log.end();
    return collected;
  };
  try {
    // It may have ended while the command began, when there was nobody to tell yet.
    if ((await plane.store.getSandbox(id))?.phase !== "running") onSandboxEnd();
    const result = await Promise.race([Promise.all([read("stdout"), read("stderr"), exec.exit]), givenUp]);
    if (result === undefined) throw await notRunning(plane, id);
    const [stdout, stderr, { exit_code }] = result;
    return {
      stdout: stdout.text,
      stderr: stderr.text,
      exit_code,
      ...(plane.extensions && { stdout_truncated: stdout.truncated, stderr_truncated: stderr.truncated }),
    };
  } catch (error) {
    kill();
    if (engineErrorOf(error)?.code === "not_running") throw await notRunning(plane, id);
    throw error;
  } finally {
    release();
    done.abort();
    signal.removeEventListener("abort", kill);
  }
}
