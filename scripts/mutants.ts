// Shows that the contract suite would notice: each mutant of the catalogue breaks one promise in the sources, and some
// case must fail on it; and each case must fail on some mutant.
//   pnpm mutants [--only TEXT] [--all-subjects] [--verbose]
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { contractCases } from "../packages/testing/src/contract.ts";
import { catalogue } from "./mutants/catalogue.ts";
import { type Mutant, mutatedSource } from "./mutants/mutant.ts";
import type { Report, Task } from "./mutants/worker.ts";

const { values: options } = parseArgs({
  options: {
    /** Only mutants whose name contains this; what no mutant catches is then not told. */
    only: { type: "string" },
    /** Runs every case on every mutant, which takes long; tells which subjects a mutant is caught by. */
    "all-subjects": { type: "boolean" },
    verbose: { type: "boolean" },
  },
});

const limitMs = options["all-subjects"] ? 120_000 : 60_000;

interface Outcome {
  readonly ran: number;
  readonly caught: readonly string[];
  readonly note?: string;
  readonly reasons: readonly string[];
}

/** Runs cases in a process of their own. What has not ended in time counts by what it showed until then. */
function runTask(task: Task): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = fork(join(import.meta.dirname, "mutants/worker.ts"), {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, NODE_COMPILE_CACHE: join(import.meta.dirname, "../node_modules/.cache/mutants") },
    });
    const caught: string[] = [];
    const reasons: string[] = [];
    let [ran, note, errors] = [0, undefined as string | undefined, ""];
    const timer = setTimeout(() => {
      note = `stopped after ${limitMs} ms`;
      child.kill("SIGKILL");
    }, limitMs);
    child.stderr?.on("data", (text: Buffer) => {
      errors = `${errors}${text}`.slice(-2000);
    });
    child.on("message", (message: Report) => {
      if (message.kind === "broken") note = message.reason;
      if (message.kind !== "case") return;
      ran += 1;
      if (!message.caught) return;
      caught.push(message.name);
      reasons.push(`${message.name}: ${message.reason}`);
    });
    child.on("close", () => {
      clearTimeout(timer);
      if (ran === 0) note ??= errors.trim() || "nothing ran";
      resolve({ ran, caught, reasons, ...(note === undefined ? {} : { note }) });
    });
    child.send(task);
  });
}

async function main(): Promise<number> {
  const chosen = catalogue.filter(({ name }) => name.includes(options.only ?? ""));
  if (chosen.length === 0) throw new Error(`--only: no mutant has "${options.only}" in its name`);
  const stale: string[] = [];
  const fresh = chosen.filter((mutant) => {
    try {
      return mutatedSource(mutant) !== "";
    } catch (error) {
      stale.push((error as Error).message);
      return false;
    }
  });
  const began = Date.now();

  const baseline = await runTask({ mutant: undefined, subjects: [] });
  if (baseline.caught.length > 0 || baseline.note !== undefined || baseline.ran !== contractCases.length) {
    console.error(`Without a mutation ${baseline.ran} of ${contractCases.length} cases ran, and these failed:`);
    console.error([...baseline.reasons, baseline.note ?? ""].join("\n"));
    return 1;
  }
  console.log(`${baseline.ran} cases hold without a mutation (${Date.now() - began} ms)`);

  const caughtBy = new Map<string, string[]>(contractCases.map(({ name }) => [name, []]));
  const survivors: Mutant[] = [];
  const waiting = [...fresh];
  const lane = async () => {
    for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
      const subjects = options["all-subjects"] ? [] : mutant.subjects;
      const { caught, note, reasons } = await runTask({ mutant, subjects });
      for (const name of caught) caughtBy.get(name)?.push(mutant.name);
      if (caught.length === 0) survivors.push(mutant);
      console.log(tableLine(mutant, caught, note));
      if (options.verbose) for (const reason of reasons) console.log(`        ${reason}`);
    }
  };
  // One more than there are processors, since a case may wait for something.
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, lane));

  console.log(`\n${fresh.length} mutants, ${survivors.length} survived, ${Math.round((Date.now() - began) / 1000)} s`);
  for (const { name, file } of survivors) console.log(`SURVIVED  ${name} (${file})`);
  for (const message of stale) console.log(`STALE  ${message}`);
  if (options.only !== undefined) return stale.length + survivors.length > 0 ? 1 : 0;
  const idle = [...caughtBy].filter(([, mutants]) => mutants.length === 0).map(([name]) => name);
  for (const name of idle) console.log(`NO MUTANT  ${name}`);
  console.log(`${caughtBy.size - idle.length} of ${caughtBy.size} cases fail on some mutant`);
  return stale.length + survivors.length + idle.length > 0 ? 1 : 0;
}

function tableLine(mutant: Mutant, caught: readonly string[], note: string | undefined): string {
  const subjects = new Map<string, number>();
  for (const name of caught) {
    const subject = name.slice(0, name.indexOf(":"));
    subjects.set(subject, (subjects.get(subject) ?? 0) + 1);
  }
  const verdict = caught.length > 0 ? "caught  " : "SURVIVED";
  const by =
    caught.length === 1 ? caught[0] : [...subjects].map(([subject, count]) => `${subject} (${count})`).join(", ");
  return `${verdict}  ${mutant.name}  →  ${by || "nothing"}${note === undefined ? "" : `  [${note.split("\n")[0]}]`}`;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
