import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Urls } from "./suite.ts";

interface StartedFakes {
  readonly urls: Urls;
  close(): Promise<void>;
}

/** Starts serve-fakes.ts in a process of its own; it ends with this one, however this one ends. */
export async function startFakes(): Promise<StartedFakes> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "serve-fakes.ts")], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  // It complains of each connection that it was told to break; only why it could not start is of interest.
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints = `${complaints}${text}`.slice(-4000);
  });
  const ended = once(child, "close");
  const announcement = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
  const first = await Promise.race([announcement, ended.then(() => undefined)]);
  if (first === undefined) throw new Error(`the fakes did not start\n${complaints}`);
  return {
    urls: JSON.parse(first[0]) as Urls,
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
