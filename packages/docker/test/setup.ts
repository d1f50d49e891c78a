import type { TestProject } from "vitest/node";
import { removeDeadEngines, startTestEngine } from "./engine.ts";
import type {} from "./fixture.ts";
import { removeDeadWorlds } from "./world.ts";

let stop = async () => {};

/** One engine for all test files. Where one has to be, as root in CI, that there is none is an error. */
export async function setup(project: TestProject): Promise<void> {
  if (process.geteuid?.() === 0) {
    // Runs that were killed could not tidy up; what they left leads the traffic of the machine astray.
    const cleared = [...(await removeDeadEngines()), ...removeDeadWorlds()];
    if (cleared.length > 0) console.log(`cleared away what runs left that were killed: ${cleared.join(", ")}`);
  }
  project.provide("run", process.pid);
  const engine = await startTestEngine();
  if (typeof engine === "string") {
    if (process.env.CI && process.geteuid?.() === 0) throw new Error(`the tests with containers cannot run: ${engine}`);
    console.warn(`\nSKIPPED, the tests with containers: ${engine}\n`);
    project.provide("dockerHost", "");
    project.provide("dockerMissing", engine);
    return;
  }
  project.provide("dockerHost", engine.host);
  project.provide("dockerMissing", "");
  stop = engine.stop;
}

export const teardown = (): Promise<void> => stop();
