import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface StartedFake {
  readonly url: string;
  readonly apiKey: string;
  close(): Promise<void>;
}

/** Starts serve-fake.ts in a process of its own; it ends with this one, however this one ends. */
export async function startFake(): Promise<StartedFake> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "serve-fake.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const announcement = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
  const first = await Promise.race([announcement, ended.then(() => undefined)]);
  if (first === undefined) throw new Error("the fake did not start");
  const { url, apiKey } = JSON.parse(first[0]) as { url: string; apiKey: string };
  return {
    url,
    apiKey,
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
