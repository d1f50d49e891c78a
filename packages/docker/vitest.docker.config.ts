import { basename } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The longest first, so that no worker is at one of them when the others have nothing left to do. */
const longest = ["contract", "escape", "published", "networking", "isolation", "pool", "chaos"];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = longest.indexOf(basename(moduleId, ".docker.test.ts"));
      return at === -1 ? longest.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

// The tests that need a Docker engine, which one setup starts for all of them:
// vitest run --config packages/docker/vitest.docker.config.ts
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["test/**/*.docker.test.ts"],
    globalSetup: ["test/setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Much of the time goes by in waiting for one container or other; what stops an engine has one of its own, apart.
    maxWorkers: 2,
    maxConcurrency: 4,
    sequence: { sequencer: LongestFirst },
    // The engine has more to do at once than what a test asks of it.
    expect: { poll: { timeout: 10_000 } },
  },
});
