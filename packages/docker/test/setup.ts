import type { TestProject } from "vitest/node";
import { startTestEngine } from "./engine.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the engine for tests is. */
    dockerHost: string;
    /** Why there is none; empty when there is one. */
    dockerMissing: string;
  }
}

/** One engine for all test files. Where one has to be, as root in CI, that there is none is an error. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = await startTestEngine();
  if (typeof engine === "string") {
    if (process.env.CI && process.geteuid?.() === 0) throw new Error(`the tests with containers cannot run: ${engine}`);
    console.warn(`\nSKIPPED, the tests with containers: ${engine}\n`);
    project.provide("dockerHost", "");
    project.provide("dockerMissing", engine);
    return async () => {};
  }
  project.provide("dockerHost", engine.host);
  project.provide("dockerMissing", "");
  return engine.stop;
}
