import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { contractTest } from "../provide.ts";
import { chromium } from "../runtimes.ts";

export default defineConfig({
  // Vite remembers what it bundled by version, and a package that was packed anew has the same version.
  optimizeDeps: {
    force: true,
    include: [
      "porter-sandbox",
      "@porter-sandbox/testing",
      "@porter-sandbox/testing/contract",
      "@porter-sandbox/testing/shell",
      "ky",
    ],
  },
  test: {
    ...contractTest(import.meta.dirname),
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          executablePath: chromium,
          args: [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
          ],
        },
      }),
      instances: [{ browser: "chromium" }],
    },
  },
});
