// Bundles worker.ts as wrangler would, runs it in workerd against the fake, served over HTTP, and checks its answer.
import { deepEqual } from "node:assert/strict";
import { createFakeSandboxApi } from "@porter-sandbox/testing";
import { listen } from "@porter-sandbox/testing/node";
import { bashShell } from "@porter-sandbox/testing/shell";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

const server = await listen(createFakeSandboxApi({ shell: bashShell() }));
const { outputFiles } = await build({
  entryPoints: [`${import.meta.dirname}/worker.ts`],
  bundle: true,
  format: "esm",
  conditions: ["workerd", "worker", "browser"],
  write: false,
});
const worker = new Miniflare({
  modules: true,
  script: outputFiles[0]?.text ?? "",
  compatibilityDate: "2026-07-01",
  bindings: { PORTER_SANDBOX_BASE_URL: server.url, PORTER_SANDBOX_API_KEY: "any" },
});
const response = await worker.dispatchFetch("http://worker/", {
  method: "POST",
  body: "seq 3 | sort -r | tr '\\n' +; exit 4",
});
const answer = await response.json();
await worker.dispose();
await server.close();
deepEqual(answer, { stdout: "3+2+1+", stderr: "", exit_code: 4 });
console.log("workerd answered:", answer);
