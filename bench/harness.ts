// How a ratio is measured here: subject and baseline alternate in one process, in many short rounds, and every pair of rounds
// gives one ratio. What slows the machine for longer than a round slows both, and drops out. Several processes are used,
// since each compiles the same code a little differently.
import { fork } from "node:child_process";
import type { Estimate } from "./statistics.ts";
import { estimate, median } from "./statistics.ts";

/** One thing that is measured: `run` does one unit of it. */
export interface Work {
  run(): Promise<unknown> | unknown;
  /** Puts away what a round left behind, between rounds; its time is not counted. */
  rest?(): Promise<void> | void;
  close?(): Promise<void> | void;
}

/** What a benchmark's module exports for the child processes: its subjects by name, in a setting that is plain JSON. */
export interface Suite {
  open(subject: string, setting: Record<string, string>): Promise<Work> | Work;
}

export interface Measurement {
  /** The module next to this file that opens the subjects, such as `requests.ts`. */
  readonly suite: string;
  readonly subject: string;
  readonly baseline: string;
  readonly setting: Record<string, string>;
  /** Units of work in flight at once. */
  readonly inFlight: number;
  readonly processes: number;
  /** Pairs of rounds in each process. */
  readonly pairs: number;
  /** How long a round goes on starting new work. 0: one unit a round and place in flight. */
  readonly roundMs: number;
  /** Rounds of each that are run first and not counted. */
  readonly warmUp: number;
}

export interface Outcome extends Estimate {
  /** Units of work a second. */
  readonly subjectRate: number;
  readonly baselineRate: number;
}

export interface Rates {
  readonly subject: readonly number[];
  readonly baseline: readonly number[];
}

export interface Memory {
  /** Largest resident size of the process, bytes: before the work, and over all of it. */
  readonly before: number;
  readonly peak: number;
  /** The most that was in use when garbage had just been collected: what is really held. Only with `--expose-gc`. */
  readonly held: number;
}

/** What a child is told to do. */
export type Job =
  | { readonly kind: "pairs"; readonly measurement: Measurement }
  | { readonly kind: "memory"; readonly measurement: Measurement };

/** Runs a job in a Node process of its own. `nodeArguments` are for Node itself. */
function inChild<T>(job: Job, nodeArguments: readonly string[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL("./child.ts", import.meta.url), [JSON.stringify(job)], { execArgv: [...nodeArguments] });
    let answer: { value: T } | undefined;
    child.on("message", (value) => {
      answer = { value: value as T };
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (answer && code === 0) resolve(answer.value);
      else reject(new Error(`measuring "${job.measurement.subject}" ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

/** The subject's rate as a ratio to the baseline's. */
export async function compare(measurement: Measurement): Promise<Outcome> {
  const all: Rates[] = [];
  for (let started = 0; started < measurement.processes; started++) {
    // Garbage is collected between rounds, so that none pays for the other's.
    all.push(await inChild<Rates>({ kind: "pairs", measurement }, ["--expose-gc"]));
  }
  const ratios = all.map(({ subject, baseline }) =>
    subject.map((rate, round) => rate / (baseline[round] ?? Number.NaN)),
  );
  return {
    ...estimate(ratios),
    subjectRate: median(all.flatMap((rates) => rates.subject)),
    baselineRate: median(all.flatMap((rates) => rates.baseline)),
  };
}

/**
 * Memory of a fresh process that does `pairs` units of the subject's work and nothing else. Resident size also depends on
 * when garbage is collected, so what is held is found in a second process, which collects it all the time.
 */
export async function memoryOf(measurement: Measurement): Promise<Memory> {
  const { before, peak } = await inChild<Memory>({ kind: "memory", measurement }, []);
  const { held } = await inChild<Memory>({ kind: "memory", measurement }, ["--expose-gc"]);
  return { before, peak, held };
}
