import { expect, it } from "vitest";
import { runChaos } from "../../../chaos/chaos.ts";
import { missing } from "./fixture.ts";

const skip = missing ?? (process.geteuid?.() === 0 ? undefined : "not root");

/** At a small size; `pnpm chaos` does it at any. An engine of its own, since it is stopped and started. */
it.skipIf(skip !== undefined)(
  `what was acknowledged outlives the kill of server and engine, and cut connections ${skip ?? ""}`,
  { timeout: 180_000 },
  async () => {
    const seed = Number(process.env.CHAOS_SEED ?? 1);
    console.log(`chaos with the seed ${seed}`);
    const report = await runChaos({ rounds: 2, seed, clients: 3, workMs: 1_500, only: ["server", "both"] });
    if (typeof report === "string") return expect.unreachable(report);
    expect(report.violations, `seed ${seed}\n${report.violations.join("\n\n")}`).toEqual([]);
    // It was put to the test.
    expect(report.counts.ok).toBeGreaterThan(10);
    expect(report.counts.unknown).toBeGreaterThan(0);
  },
);
