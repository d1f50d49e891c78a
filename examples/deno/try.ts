// Runs fan-out.ts in Deno against the fake, served over HTTP, and checks what it prints.
import { equal } from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createFakeSandboxApi } from "@porter-sandbox/testing";
import { listen } from "@porter-sandbox/testing/node";
import { bashShell } from "@porter-sandbox/testing/shell";

const server = await listen(createFakeSandboxApi({ shell: bashShell() }));
const deno = fileURLToPath(new URL("node_modules/.bin/deno", import.meta.url));
const allowed = ["--allow-net", "--allow-env=PORTER_SANDBOX_BASE_URL,PORTER_SANDBOX_API_KEY", "--no-prompt"];
const { stdout } = await promisify(execFile)(deno, ["run", "--node-modules-dir=manual", ...allowed, "fan-out.ts"], {
  cwd: import.meta.dirname,
  env: {
    ...process.env,
    PORTER_SANDBOX_BASE_URL: server.url,
    PORTER_SANDBOX_API_KEY: "any",
    DENO_NO_UPDATE_CHECK: "1",
  },
});
await server.close();
equal(stdout, "reward desserts strap\n");
console.log(`Deno printed: ${stdout.trim()}`);
