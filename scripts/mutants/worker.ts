// Runs cases of the contract suite in this process, with one source file mutated. Started by scripts/mutants.ts, which
// sends what to do and gets a message for each case.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { type Mutant, mutatedSource, pathOf } from "./mutant.ts";

export interface Task {
  readonly mutant: Mutant | undefined;
  /** Empty for all. */
  readonly subjects: readonly string[];
}

export type Report =
  | { readonly kind: "case"; readonly name: string; readonly caught: boolean; readonly reason?: string }
  /** The mutation breaks so much that nothing ran. */
  | { readonly kind: "broken"; readonly reason: string }
  | { readonly kind: "done" };

const report = (message: Report) => process.send?.(message);

process.once("message", async (task: Task) => {
  if (task.mutant !== undefined) applyMutant(task.mutant);
  // What a mutant leaves behind, such as a rejection that nobody handles, must not end the others' cases.
  process.on("uncaughtException", () => {});
  process.on("unhandledRejection", () => {});
  try {
    await run(task.subjects);
    report({ kind: "done" });
  } catch (error) {
    report({ kind: "broken", reason: String(error) });
  }
  process.disconnect();
  process.exit(0);
});

function applyMutant(mutant: Mutant): void {
  const url = pathToFileURL(pathOf(mutant)).href;
  const source = mutatedSource(mutant);
  registerHooks({
    load(loaded, context, next) {
      const result = next(loaded, context);
      return loaded === url ? { ...result, source } : result;
    },
  });
}

async function run(subjects: readonly string[]): Promise<void> {
  const { Porter } = await import("../../packages/core/src/index.ts");
  const { contractCases, registerContract, runContract } = await import("../../packages/testing/src/contract.ts");
  const { fullFake, leanFake, publishedFake } = await import("../../packages/testing/src/contract/fake-targets.ts");
  const { bashShell } = await import("../../packages/testing/src/shell.ts");

  const left = new Set(
    contractCases
      .map(({ name }) => name)
      .filter((name) => subjects.length === 0 || subjects.includes(name.slice(0, name.indexOf(":")))),
  );
  // A case runs once, against the first server that has what it needs.
  for (const make of [fullFake, publishedFake, leanFake, () => fullFake(bashShell())]) {
    if (left.size === 0) return;
    const { target, close } = make();
    const here = registerContract(target, { Porter, only: (name) => left.has(name) });
    const names = new Set(here.filter(({ skip }) => skip === undefined).map(({ name }) => name));
    for (const name of names) left.delete(name);
    await runContract(
      { ...target, bootTimeoutMs: 6000 },
      {
        Porter,
        concurrency: 12,
        caseTimeoutMs: 20_000,
        only: (name) => names.has(name),
        onResult({ name, outcome, reason }) {
          if (outcome !== "skipped")
            report({ kind: "case", name, caught: outcome === "failed", ...(reason ? { reason } : {}) });
        },
      },
    );
    void close().catch(() => {});
  }
}
