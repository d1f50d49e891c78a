// Some application code that uses sandboxes; run-untrusted.test.ts shows how to test it.
import type { Porter } from "porter-sandbox";

/** Runs a script in a fresh sandbox and answers its output; the sandbox is gone afterwards, whatever happens. */
export async function runUntrusted(porter: Porter, script: string): Promise<string> {
  await using sandbox = await porter.sandboxes.create({ image: "node:24-slim", ttl_seconds: 60 });
  const { exit_code, stdout, stderr } = await sandbox.exec(["node", "--eval", script]);
  if (exit_code !== 0) throw new Error(`The script failed: ${stderr.trim()}`);
  return stdout;
}
