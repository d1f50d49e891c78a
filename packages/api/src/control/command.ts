/** A command from its start to its end, whoever reads it: what ends it, and how it ended. */
import { sleep } from "@porter-sandbox/spec";
import { signals } from "@porter-sandbox/spec/signals";
import type { ExitReason } from "@porter-sandbox/spec/stream-frames";
import type { EngineExec, ExecEnd, ExecPlan } from "../engine.ts";
import { type ApiError, engineErrorOf } from "../errors.ts";
import { beginUse } from "./activity.ts";
import { RETRY_MS, sandboxOf } from "./lifecycle.ts";
import { notRunning as notRunningNow } from "./lifetime.ts";
import type { Plane } from "./plane.ts";

/** How long a command may take to end once its sandbox has; after that its end is not known. */
const GRACE_MS = 1000;

/** What is asked of a command, beside what the engine is told. */
export interface CommandRequest extends Omit<ExecPlan, "exec_id"> {
  readonly timeout_ms?: number | undefined;
}

export type Outcome =
  | { readonly kind: "exit"; readonly exit_code: number; readonly signal?: string; readonly reason: ExitReason }
  /** The sandbox ended, and how the command did is not known. */
  | { readonly kind: "sandbox_ended" };

export interface Command {
  readonly exec_id: string;
  readonly exec: EngineExec;
  /** Rejects when the end cannot be known though the sandbox runs. */
  readonly outcome: Promise<Outcome>;
  /** Kills it with all that it started, because a caller wants it to end. */
  kill(): Promise<void>;
  /** The same where nobody waits: a kill that the engine fails is tried again until the command has ended. */
  end(): void;
  signal(name: string): Promise<void>;
}

export const notRunning = async (plane: Plane, id: string): Promise<ApiError> =>
  notRunningNow(plane, await sandboxOf(plane, id));

async function begin(plane: Plane, id: string, plan: ExecPlan): Promise<EngineExec> {
  try {
    return await plane.engine.exec(id, plan);
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

/** Why this server ended a command, if it did, and which signals it sent. */
interface Interference {
  cause: "timed_out" | "killed" | undefined;
  readonly sent: Set<string>;
}

/**
 * An engine may not tell a signal from an exit with the same number. A code that is exactly what a signal sent from here
 * would leave counts as that signal's doing; any other is not guessed at.
 */
function outcomeOf({ exit_code, signal }: ExecEnd, { cause, sent }: Interference): Outcome {
  const known = signal ?? [...sent].find((name) => exit_code === 128 + (signals[name] ?? Number.NaN));
  if (known === undefined) return { kind: "exit", exit_code, reason: "exited" };
  const ours = known === "SIGKILL" ? cause : undefined;
  const reason = ours ?? (sent.has(known) ? "killed" : "signaled");
  return { kind: "exit", exit_code, signal: known, reason };
}

/**
 * Starts a command. It is killed after `timeout_ms` and when its sandbox ends. Throws a refusal when the sandbox does not
 * run.
 */
export async function startCommand(plane: Plane, id: string, request: CommandRequest): Promise<Command> {
  const { phase } = await sandboxOf(plane, id);
  if (phase !== "running") throw await notRunning(plane, id);
  const { timeout_ms, ...plan } = request;
  const endUse = beginUse(plane, id);
  const { id: exec_id } = plane.ids.next("exec");
  let exec: EngineExec;
  try {
    exec = await begin(plane, id, { ...plan, exec_id });
  } catch (error) {
    endUse();
    throw error;
  }

  const interference: Interference = { cause: undefined, sent: new Set() };
  const kill = (cause: Interference["cause"]): Promise<void> => {
    interference.cause ??= cause;
    interference.sent.add("SIGKILL");
    return exec.kill();
  };
  const done = new AbortController();
  /** Nobody waits for this: what the engine fails to kill is killed later. */
  const end = async (cause: Interference["cause"]): Promise<void> => {
    while (!done.signal.aborted && !plane.closed) {
      try {
        return await kill(cause);
      } catch (error) {
        plane.report(error);
        await sleep(plane.clock, RETRY_MS, done.signal).catch(() => {});
      }
    }
  };
  let giveUp = (): void => {};
  const givenUp = new Promise<Outcome>((resolve) => {
    giveUp = () => resolve({ kind: "sandbox_ended" });
  });
  const onSandboxEnd = () => {
    void end(undefined);
    void sleep(plane.clock, GRACE_MS, done.signal).then(giveUp, () => {});
  };
  const release = whenSandboxEnds(plane, id, onSandboxEnd);
  const stopTimer = timeout_ms === undefined ? () => {} : plane.clock.schedule(() => void end("timed_out"), timeout_ms);
  const exited = exec.exit.then(
    (how) => outcomeOf(how, interference),
    (error: unknown): Outcome => {
      if (engineErrorOf(error)?.code === "not_running") return { kind: "sandbox_ended" };
      throw error;
    },
  );
  const outcome = Promise.race([exited, givenUp]).finally(() => {
    stopTimer();
    release();
    done.abort();
    endUse();
  });
  // Whoever started it looks at it; until then it must not count as a failure that nobody saw.
  outcome.catch(() => {});
  // The sandbox may have ended while the command began, when there was nobody to tell yet.
  const after = await plane.store.getSandbox(id).catch((error: unknown) => {
    // Whoever asked for it is told that it failed, so it must not go on.
    void end("killed");
    throw error;
  });
  if (after?.phase !== "running") onSandboxEnd();
  return {
    exec_id,
    exec,
    outcome,
    kill: () => kill("killed"),
    end: () => void end("killed"),
    signal(name) {
      if (name === "SIGKILL") return kill("killed");
      interference.sent.add(name);
      return exec.signal(name);
    },
  };
}
