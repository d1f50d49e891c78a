#!/usr/bin/env node
import { parseCli, UsageError, usage } from "./cli/options.ts";
import { start } from "./cli/start.ts";
import { hashKey, newKey } from "./keys.ts";
import { goOnWithout } from "./log.ts";

/** Says what went wrong, and answers the exit code of it. */
function complain(error: unknown): 1 | 2 {
  const isUsage = error instanceof UsageError;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`porter-sandbox: ${message}\n${isUsage ? "Try --help.\n" : ""}`);
  return isUsage ? 2 : 1;
}

async function run(words: readonly string[]): Promise<void> {
  const request = parseCli(words);
  if (request.action === "help") {
    process.stdout.write(usage);
    return;
  }
  if (request.action === "new_key") {
    const key = newKey();
    process.stdout.write(`key (shown only now): ${key}\nline for --key-file: ${hashKey(key)}\n`);
    return;
  }
  const { url, description, close } = await start(request.options);
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      // Asked twice, it does not wait for what is under way.
      if (stopping) process.exit(1);
      stopping = true;
      void close().then(
        () => process.exit(0),
        (error) => process.exit(complain(error)),
      );
    });
  }
  process.stdout.write(`porter-sandbox is ready at ${url} (${description})\n`);
}

/**
 * What the command does with these arguments: serves until a signal ends it. Mistakes in them are exit code 2, other
 * failures 1, in words on standard error.
 */
export async function main(words: readonly string[] = process.argv.slice(2)): Promise<void> {
  for (const output of [process.stdout, process.stderr]) goOnWithout(output);
  try {
    await run(words);
  } catch (error) {
    process.exitCode = complain(error);
  }
}

if (import.meta.main) await main();
