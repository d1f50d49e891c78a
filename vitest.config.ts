import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// The unit tests of every package, in the Node that runs this. The contract suite has its own runners in runtimes/.
export default defineConfig({
  test: {
    include: [
      "spec/**/*.test.ts",
      "packages/**/*.test.ts",
      "scripts/**/*.test.ts",
      "bench/**/*.test.ts",
      "chaos/**/*.test.ts",
      "docs/*.test.ts",
      "examples/quickstart/*.test.ts",
    ],
    // By default one core is left free, which would be half of a small machine; and now and then each waits for a process.
    maxWorkers: availableParallelism() + 1,
    // A test that hangs is found all the same; one on a busy machine is only slow.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 15_000 } },
    // Tests that need a container engine have a run of their own: packages/docker/vitest.docker.config.ts.
    exclude: ["**/node_modules/**", "**/dist/**", "**/*.docker.test.ts"],
  },
});
