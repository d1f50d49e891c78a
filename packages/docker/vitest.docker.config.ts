import { defineConfig } from "vitest/config";

// The tests that need a Docker engine, which one setup starts for all of them:
// vitest run --config packages/docker/vitest.docker.config.ts
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["test/**/*.docker.test.ts"],
    globalSetup: ["test/setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // One file at a time: two saved a fifth of the time, and what kills engines was not as reliable.
    fileParallelism: false,
    maxConcurrency: 4,
    // The engine has more to do at once than what a test asks of it.
    expect: { poll: { timeout: 10_000 } },
  },
});
