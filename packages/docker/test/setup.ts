import type { TestProject } from "vitest/node";
import { startTestEngine } from "./engine.ts";
import type {} from "./fixture.ts";

let stop = async () => {};

/** One engine for all test files. Where one has to be, as root in CI, that there is none is an error. */
export async function setup(project: TestProject): Promise<void> {
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
