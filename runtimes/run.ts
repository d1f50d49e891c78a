// Runs the contract suite in every runtime, through its own runner and the packed packages, a few runtimes at a time:
//   node runtimes/run.ts [runtime…] [--json file] [--only text]
// Each runtime has fakes of its own, in a process of their own, so that one runtime's clock and faults are not another's.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Counts, line, sum } from "../scripts/counts.ts";
import { run, toolEnv } from "../scripts/process.ts";
import { countTests, findSurprises, type ReportedTest, readJunitReport, readVitestReport } from "../scripts/reports.ts";
import { type Runtime, runtimes } from "./runtimes.ts";
import { reviewedSkips } from "./skips.ts";
import { startFakes } from "./start-fakes.ts";
import type { Contract } from "./suite.ts";

interface Result extends Counts {
  /** Why something was skipped. */
  readonly reasons: readonly string[];
  /** What failed, in words. */
  readonly failures: readonly string[];
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "string" }, only: { type: "string" } },
});
const unknown = positionals.filter((name) => !runtimes.some((runtime) => runtime.name === name));
if (unknown.length > 0) {
  console.error(`no such runtime: ${unknown.join(", ")}; there are ${runtimes.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const chosen = runtimes.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const scratch = mkdtempSync(join(tmpdir(), "porter-sandbox-runtimes-"));

/** The names of all cases, from the package that the runners load as well. */
async function caseNames(): Promise<string[]> {
  const { contractCases } = await import("@porter-sandbox/testing/contract").catch((cause: unknown) => {
    throw new Error("the packed packages are not in runtimes/node_modules: run `pnpm run pack` first", { cause });
  });
  return contractCases.map(({ name }) => name);
}

async function runRuntime(runtime: Runtime, cases: readonly string[]): Promise<Result> {
  const missing = runtime.missing();
  if (missing !== undefined) {
    const [failed, skipped] = process.env.CI ? [1, 0] : [0, 1];
    return {
      passed: 0,
      failed,
      skipped,
      ...(failed > 0 ? { reasons: [], failures: [missing] } : { reasons: [missing], failures: [] }),
    };
  }
  const report = join(scratch, `${runtime.name}.report`);
  const fakes = await startFakes();
  try {
    const { ways, name } = runtime;
    const contract: Contract = { runtime: name, ways, urls: fakes.urls, only: values.only };
    const ran = await run(runtime.command(report), {
      cwd: join(import.meta.dirname, runtime.folder),
      env: { ...toolEnv, CONTRACT: JSON.stringify(contract), NO_COLOR: "1" },
      timeoutMs: 300_000,
    });
    return judge(runtime, cases, readReport(runtime, report), ran);
  } finally {
    await fakes.close();
  }
}

function readReport(runtime: Runtime, report: string): ReportedTest[] {
  try {
    const text = readFileSync(report, "utf8");
    return runtime.report === "vitest" ? readVitestReport(text) : readJunitReport(text);
  } catch {
    return [];
  }
}

function judge(
  { name, ways }: Runtime,
  cases: readonly string[],
  tests: readonly ReportedTest[],
  ran: { status: number; stdout: string; stderr: string },
): Result {
  const counts = countTests(tests);
  const reviewed = reviewedSkips(name, ways);
  const expected = ways.flatMap((way) => cases.map((title) => `${way} ${title}`));
  // Where nothing was reported the runner's own words say why.
  const surprises =
    values.only === undefined && tests.length > 0
      ? findSurprises(tests, { expected, reviewed: reviewed.map((skip) => skip.name) })
      : [];
  const failures = [
    ...tests
      .filter(({ outcome }) => outcome === "failed")
      .map((test) => `${test.name}\n    ${(test.message ?? "").trim().split("\n").slice(0, 12).join("\n    ")}`),
    ...surprises,
  ];
  // A runner that failed although no test did: it crashed, or something failed outside of the tests.
  if (ran.status !== 0 && counts.failed === 0) {
    const tail = `${ran.stdout}\n${ran.stderr}`.trim().split("\n").slice(-40).join("\n    ");
    failures.push(`the runner ended with ${ran.status}\n    ${tail}`);
  }
  return {
    passed: counts.passed,
    failed: failures.length,
    skipped: counts.skipped,
    reasons: reasonsOf(reviewed),
    failures,
  };
}

/** Each reason once, with how many cases it took. */
function reasonsOf(reviewed: readonly { reason: string }[]): string[] {
  const counts = new Map<string, number>();
  for (const { reason } of reviewed) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} skipped: ${reason}`);
}

const results: Record<string, Result> = {};
const cases = await caseNames();
const waiting = [...chosen];
/** Each spends much of its time waiting for its fakes, or they for it. */
const AT_ONCE = availableParallelism() + 1;
const lane = async () => {
  for (let runtime = waiting.shift(); runtime !== undefined; runtime = waiting.shift()) {
    const started = performance.now();
    const result = await runRuntime(runtime, cases);
    results[runtime.name] = result;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${runtime.name}: ${line(result)} (${seconds} s)`);
    for (const reason of result.reasons) console.log(`  ${reason}`);
    for (const failure of result.failures) console.log(`  FAIL ${failure}`);
  }
};
try {
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const total = sum(Object.values(results));
console.log(`contract suite: ${line(total)}`);
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results, null, 2));
process.exitCode = total.failed > 0 ? 1 : 0;
