/**
 * A command that goes on whoever reads it. What it writes is kept for a while, so that it can be read from any point by any
 * number of readers. It never waits for a reader that is not there; it waits for those that are, but not for one that
 * takes nothing for some time.
 */
import type { StreamEvent } from "@porter-sandbox/spec/stream-frames";
import { engineErrorOf } from "../errors.ts";
import type { Command } from "./command.ts";
import { logInto } from "./command-logs.ts";
import type { Plane } from "./plane.ts";
import { createInput, type ProcessInput } from "./process-input.ts";
import { createReplay, type Replay } from "./replay.ts";

export const OUTPUTS = ["stdout", "stderr"] as const;
export type Output = (typeof OUTPUTS)[number];

/** Somebody who reads. */
export interface Reader {
  /** Where it is in each stream. */
  readonly at: { stdout: number; stderr: number };
  /** Told when there is something new to read, or the process has ended. */
  readonly wake: () => void;
  /** Since when it asks for nothing, in milliseconds since the epoch; infinity while it waits for more. */
  resting: number;
}

/** How it ended: an event, or the error for which nobody can know. */
export type ProcessEnd =
  | { readonly event: Extract<StreamEvent, { type: "exit" | "sandbox_ended" }> }
  | { readonly error: unknown };

export interface Process {
  readonly exec_id: string;
  readonly command: readonly string[];
  readonly tty: boolean;
  /** Milliseconds since the epoch. */
  readonly started_at: number;
  readonly input: ProcessInput | undefined;
  readonly output: Readonly<Record<Output, Replay>>;
  /** Undefined while it runs, and while its last output is on its way. */
  readonly end: ProcessEnd | undefined;
  /** Milliseconds since the epoch; undefined while there is no end. */
  readonly finished_at: number | undefined;
  /** Resolves when it has an end. Never rejects. */
  readonly over: Promise<void>;
  attach(reader: Reader): void;
  detach(reader: Reader): void;
  /** A reader went on, which may be what the process waits for. */
  advanced(): void;
  kill: Command["kill"];
  signal: Command["signal"];
  resize: Command["exec"]["resize"];
}

export interface ProcessOptions {
  readonly sandbox_id: string;
  readonly command: readonly string[];
  readonly tty: boolean;
}

/** Follows a command that was started. */
export function followProcess(plane: Plane, started: Command, options: ProcessOptions): Process {
  const { exec, exec_id } = started;
  const { clock, limits } = plane;
  const readers = new Set<Reader>();
  const output = { stdout: createReplay(limits.replayBytes), stderr: createReplay(limits.replayBytes) };
  /** More than this may not wait for an attached reader, so that what is appended next still fits behind it. */
  const window = Math.max(1, Math.floor(limits.replayBytes / 2));
  /** The parts of it that wait for a reader. */
  const waiting = new Set<() => void>();
  let end: ProcessEnd | undefined;
  let finished_at: number | undefined;

  const goOn = () => {
    for (const resume of [...waiting]) resume();
  };
  /** When the last of those who are too far behind counts as gone; undefined when nobody is. */
  const waitsUntil = (name: Output): number | undefined => {
    let until: number | undefined;
    for (const { at, resting } of readers) {
      const gone = resting + limits.readerStallMs;
      if (output[name].end - at[name] > window && gone > clock.now()) until = Math.max(until ?? 0, gone);
    }
    return until;
  };
  async function room(name: Output): Promise<void> {
    for (let until = waitsUntil(name); until !== undefined; until = waitsUntil(name)) {
      const ms = until - clock.now();
      await new Promise<void>((resolve) => {
        const cancel = Number.isFinite(ms) ? clock.schedule(() => resume(), ms) : undefined;
        const resume = () => {
          cancel?.();
          waiting.delete(resume);
          resolve();
        };
        waiting.add(resume);
      });
    }
  }

  const sources = { stdout: exec.stdout.getReader(), stderr: exec.stderr.getReader() };
  async function pump(name: Output): Promise<void> {
    const log = logInto(plane, options.sandbox_id, exec_id, name);
    for (;;) {
      const { done, value } = await sources[name].read();
      if (done) break;
      const logged = log.push(value);
      if (logged !== undefined) await logged;
      for (let from = 0; from < value.length; from += window) {
        if (readers.size > 0 && waitsUntil(name) !== undefined) await room(name);
        output[name].append(value.length <= window ? value : value.subarray(from, from + window));
        for (const reader of readers) reader.wake();
      }
    }
    await log.end();
  }

  async function sandboxEnded(): Promise<ProcessEnd> {
    const phase = (await plane.store.getSandbox(options.sandbox_id).catch(plane.report))?.phase;
    // The engine may know of the end before its news arrives here.
    return { event: { type: "sandbox_ended", ...(phase !== undefined && phase !== "running" && { phase }) } };
  }

  async function follow(): Promise<ProcessEnd> {
    const pumps = Promise.all(OUTPUTS.map(pump));
    pumps.catch(() => {});
    try {
      // Whatever breaks first tells why, and without its output a command has no end that anyone could report.
      const outcome = await Promise.race([started.outcome, pumps.then(() => started.outcome)]);
      if (outcome.kind === "exit") {
        await pumps;
        const { kind, ...how } = outcome;
        return { event: { type: kind, ...how, stdout_bytes: output.stdout.end, stderr_bytes: output.stderr.end } };
      }
      // Nobody knows whether its streams will ever end.
      await Promise.allSettled([...OUTPUTS.map((name) => sources[name].cancel()), pumps]);
      return await sandboxEnded();
    } catch (error) {
      if (engineErrorOf(error)?.code === "not_running") return await sandboxEnded();
      plane.report(error);
      started.end();
      return { error };
    }
  }

  const input = exec.stdin === undefined ? undefined : createInput(exec.stdin);
  const over = follow().then((how) => {
    end = how;
    finished_at = clock.now();
    input?.end();
    for (const reader of readers) reader.wake();
  });

  return {
    exec_id,
    command: options.command,
    tty: options.tty,
    started_at: clock.now(),
    input,
    output,
    get end() {
      return end;
    },
    get finished_at() {
      return finished_at;
    },
    over,
    attach(reader) {
      readers.add(reader);
    },
    detach(reader) {
      readers.delete(reader);
      goOn();
    },
    advanced: goOn,
    kill: started.kill,
    signal: started.signal,
    resize: (size) => exec.resize(size),
  };
}
