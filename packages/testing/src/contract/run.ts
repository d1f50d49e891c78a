import { show } from "./assert.ts";
import type { ContractCase } from "./case.ts";
import { contractCases } from "./cases.ts";
import { createContext, type PorterClass } from "./context.ts";
import { type Capability, capabilities, type Target, targetHas } from "./target.ts";

/** Which client to test, and which cases. */
export interface ContractOptions {
  /** The client to test: the runtime's own. */
  readonly Porter: PorterClass;
  /** Only cases whose name contains this text, or of which this says so. */
  readonly only?: string | ((name: string) => boolean) | undefined;
}

/** A case, ready to be registered with any test runner. */
export interface RegisteredCase {
  /** `subject: what holds`. */
  readonly name: string;
  /** Why it cannot run against this target; undefined when it can. */
  readonly skip: string | undefined;
  /** Whether nothing else may run at the same time. */
  readonly exclusive: boolean;
  /** Throws when the case fails. Answers what it examined, as `operation status`. */
  readonly run: () => Promise<readonly string[]>;
}

/** What came of a case. */
export interface CaseResult {
  /** `subject: what holds`. */
  readonly name: string;
  /** What the server must have for it. */
  readonly needs: readonly Capability[];
  /** `skipped` when the target lacks what the case needs. */
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it was skipped, or how it failed. */
  readonly reason?: string;
  /** What it threw, when it failed. */
  readonly error?: unknown;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** What it examined, as `operation status`. */
  readonly seen: readonly string[];
}

/**
 * The suite for one target, to be handed to a test runner.
 *
 * @example
 * ```ts
 * for (const { name, skip, run } of registerContract(target, { Porter })) {
 *   test.skipIf(skip !== undefined)(name, async () => void (await run()));
 * }
 * ```
 */
export function registerContract(target: Target, { Porter, only = "" }: ContractOptions): RegisteredCase[] {
  return contractCases
    .filter(({ name }) => (typeof only === "string" ? name.includes(only) : only(name)))
    .map(({ name, needs, exclusive, run }) => {
      const missing = needs.filter((capability) => !targetHas(target, capability));
      return {
        name,
        exclusive,
        skip: missing.length > 0 ? `the target lacks ${missing.join(", ")}` : undefined,
        async run() {
          // The timers of a server in this process do not keep it alive, and they may be all that there is to wait for.
          const alive = setInterval(() => {}, 60_000);
          const context = createContext(target, { Porter });
          let problems: string[] = [];
          try {
            // Nothing else runs now: what is recorded from here on is this case's.
            if (exclusive) await target.control?.clearRequests();
            await run(context);
          } finally {
            problems = await context.finish().finally(() => clearInterval(alive));
          }
          if (problems.length > 0) throw new Error(problems.join("\n"));
          return [...context.seen];
        },
      };
    });
}

/** What `runContract` takes. */
export interface RunOptions extends ContractOptions {
  /** How many cases run at once; those that move clock or faults always run alone. Default 8. */
  readonly concurrency?: number | undefined;
  /**
   * How long one case may take, in milliseconds. Default 120 000. One that takes longer has failed; the next begins when it
   * has cleaned up, or 10 s later.
   */
  readonly caseTimeoutMs?: number | undefined;
  /** Called with each result as it comes. */
  readonly onResult?: ((result: CaseResult) => void) | undefined;
  /** Leaves out what has not begun when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs the suite against a target without a test runner. Never rejects for a case that fails. */
export async function runContract(target: Target, options: RunOptions): Promise<CaseResult[]> {
  const { concurrency = 8, caseTimeoutMs = 120_000, onResult, signal } = options;
  const registered = registerContract(target, options);
  const needs = new Map(contractCases.map((entry: ContractCase) => [entry.name, entry.needs]));
  const results: CaseResult[] = [];
  const runOne = async ({ name, skip, run }: RegisteredCase) => {
    if (signal?.aborted) return;
    const began = Date.now();
    const result = await settle(skip, run, caseTimeoutMs);
    const whole = { name, needs: needs.get(name) ?? [], ms: Date.now() - began, ...result };
    results.push(whole);
    onResult?.(whole);
  };
  const waiting = registered.filter(({ exclusive, skip }) => !exclusive || skip !== undefined);
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await runOne(next);
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, lane));
  for (const entry of registered) if (entry.exclusive && entry.skip === undefined) await runOne(entry);
  return results;
}

async function settle(
  skip: string | undefined,
  run: RegisteredCase["run"],
  timeoutMs: number,
): Promise<Pick<CaseResult, "outcome" | "seen"> & { reason?: string; error?: unknown }> {
  if (skip !== undefined) return { outcome: "skipped", reason: skip, seen: [] };
  const running = run();
  try {
    const late = () => new Error(`the case took more than ${timeoutMs} ms`);
    return { outcome: "passed", seen: await within(running, timeoutMs, late) };
  } catch (error) {
    // What still runs would move clock and faults under the next case.
    await within(running, LATE_END_MS, () => undefined).catch(() => {});
    return { outcome: "failed", reason: show(error), error, seen: [] };
  }
}

/** How long a case that took too long may take to end and to clean up, before the next one begins. */
const LATE_END_MS = 10_000;

/** Settles as `promise` does, or rejects with what `late` says when that takes too long. */
async function within<T>(promise: Promise<T>, ms: number, late: () => unknown): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  return Promise.race([promise, over]).finally(() => clearTimeout(timer));
}

/** What a run shows of a server: a line for each subject and each capability, with how many cases passed. */
export function capabilityMatrix(results: readonly CaseResult[]): string {
  const subjects = [...new Set(results.map(({ name }) => subjectOf(name)))];
  const rows = [
    ...subjects.map((subject) =>
      rowOf(
        subject,
        results.filter(({ name }) => subjectOf(name) === subject),
      ),
    ),
    ...capabilities
      .map((capability) =>
        rowOf(
          `(${capability})`,
          results.filter((result) => result.needs.includes(capability)),
        ),
      )
      .filter(([, total]) => total !== "0"),
  ];
  const head = ["subject", "cases", "passed", "failed", "skipped", ""];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const subjectOf = (name: string) => name.slice(0, name.indexOf(":"));

function rowOf(title: string, results: readonly CaseResult[]): string[] {
  const count = (outcome: CaseResult["outcome"]) => results.filter((result) => result.outcome === outcome).length;
  const [passed, failed, skipped] = [count("passed"), count("failed"), count("skipped")];
  const verdict = failed > 0 ? "no" : passed === 0 ? "-" : skipped > 0 ? "partly" : "yes";
  return [title, String(results.length), String(passed), String(failed), String(skipped), verdict];
}
