// Everything that has to hold before a change lands, in one run: `npm test` and `.ci/run` are this.
// Each step adds its real counts; the last line adds them all up. A step that is no test runner counts as one test.
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Counts, line, sum } from "./counts.ts";
import { root, run, toolEnv } from "./process.ts";
import { countTests, readVitestReport } from "./reports.ts";

const scratch = mkdtempSync(join(tmpdir(), "porter-sandbox-check-"));
const env = { ...toolEnv, REDOCLY_TELEMETRY: "off", NO_COLOR: "1" };

interface Outcome {
  readonly counts: Counts;
  /** Why something was skipped, in words. */
  readonly notes?: readonly string[];
}
interface Step {
  readonly name: string;
  readonly run: () => Promise<Outcome>;
}

/** Runs a command; shows its output only when it fails, or as it goes where that is of interest. */
async function command(words: readonly string[], { quiet = true } = {}): Promise<boolean> {
  const show = (text: string) => void process.stdout.write(text);
  const { status, stdout, stderr } = await run(words, {
    env,
    timeoutMs: 30 * 60_000,
    ...(quiet ? {} : { onOutput: show }),
  });
  if (status !== 0 && quiet) show(stdout + stderr);
  return status === 0;
}

/** A step that either holds or does not. */
const holds = (name: string, ...words: string[]): Step => ({
  name,
  run: async () => ({
    counts: (await command(words)) ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 },
  }),
});

/** A step whose runner writes its counts to a file. A runner that failed without counting is one failure. */
const counted = (
  name: string,
  words: readonly string[],
  report: string,
  read: (text: string) => Outcome,
  quiet = true,
): Step => ({
  name,
  run: async () => {
    const fine = await command(words, { quiet });
    const outcome = existsSync(report)
      ? read(readFileSync(report, "utf8"))
      : { counts: { passed: 0, failed: 1, skipped: 0 } };
    if (fine || outcome.counts.failed > 0) return outcome;
    return { ...outcome, counts: { ...outcome.counts, failed: 1 } };
  },
});

function readRuntimes(text: string): Outcome {
  const runtimes = JSON.parse(text) as Record<string, Counts & { reasons?: string[] }>;
  const notes = Object.entries(runtimes).flatMap(([name, { reasons = [] }]) =>
    reasons.map((reason) => `${name}: ${reason}`),
  );
  return { counts: sum(Object.values(runtimes)), notes };
}

function readDocker(text: string): Outcome {
  const counts = countTests(readVitestReport(text));
  const notes =
    counts.skipped > 0
      ? [`real containers: ${counts.skipped} tests (no Docker engine, or it cannot do what they ask)`]
      : [];
  return { counts, notes };
}

const unitReport = join(scratch, "unit.json");
const dockerReport = join(scratch, "docker.json");
const packagesReport = join(scratch, "packages.json");
const runtimesReport = join(scratch, "runtimes.json");
const examples = readdirSync(join(root, "examples"), { withFileTypes: true }).filter((entry) => entry.isDirectory());

const steps: Step[] = [
  holds("generated code is fresh", "node", "spec/generate/generate.ts", "--check"),
  holds("lint and format", "biome", "check", "."),
  holds("the OpenAPI document lints", "pnpm", "--filter", "@porter-sandbox/spec", "run", "lint:spec"),
  holds("types", "turbo", "run", "typecheck", "--output-logs=errors-only"),
  holds("types of scripts and tests", "tsc", "-p", "tsconfig.json"),
  counted(
    "unit tests",
    ["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${unitReport}`],
    unitReport,
    (text) => ({
      counts: countTests(readVitestReport(text)),
    }),
  ),
  counted(
    "real containers",
    [
      ...["vitest", "run", "--config", "packages/docker/vitest.docker.config.ts"],
      ...["--reporter=default", "--reporter=json", `--outputFile.json=${dockerReport}`],
    ],
    dockerReport,
    readDocker,
  ),
  holds("build and pack", "node", "scripts/pack.ts"),
  counted(
    "what is packed: exports, types, real imports, sizes",
    ["node", "scripts/package-checks.ts", "--json", packagesReport],
    packagesReport,
    (text) => ({ counts: JSON.parse(text) as Counts }),
  ),
  ...examples.map(({ name }) => holds(`example ${name}`, "pnpm", "--filter", `./examples/${name}`, "run", "start")),
  counted(
    "contract suite on every runtime",
    ["node", "runtimes/run.ts", "--json", runtimesReport],
    runtimesReport,
    readRuntimes,
    false,
  ),
];

const outcomes: Outcome[] = [];
for (const step of steps) {
  const started = performance.now();
  const outcome = await step.run();
  outcomes.push(outcome);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${outcome.counts.failed > 0 ? "FAIL" : "ok"}  ${step.name}: ${line(outcome.counts)} (${seconds} s)`);
}

const notes = outcomes.flatMap((outcome) => outcome.notes ?? []);
if (notes.length > 0) console.log(`\nSkipped, and why:\n${notes.map((note) => `  ${note}`).join("\n")}`);
const total = sum(outcomes.map((outcome) => outcome.counts));
console.log(`\n${line(total)}`);
process.exitCode = total.failed > 0 ? 1 : 0;
