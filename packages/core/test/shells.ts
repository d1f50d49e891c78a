/** What the tests of scripts share: sandboxes that are this machine. Not part of what is published. */

import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clientClock } from "../src/clock.ts";
import type { RunScript } from "../src/extras/script.ts";
import type { Client } from "../src/transport/client.ts";
import type { ExecResult } from "../src/types.ts";

interface TestShell {
  readonly name: string;
  readonly argv: readonly string[];
  readonly path: string;
}

/** Shells with the tools that go with them in images: what this machine has, and busybox where it is. */
export function testShells(): TestShell[] {
  const path = process.env.PATH ?? "/usr/bin:/bin";
  const found: TestShell[] = [{ name: "sh and coreutils", argv: ["/bin/sh"], path }];
  const busybox = ["/bin/busybox", "/usr/bin/busybox"].find(existsSync);
  if (busybox === undefined) return found;
  const folder = mkdtempSync(join(tmpdir(), "applets-"));
  chmodSync(folder, 0o755);
  for (const applet of spawnSync(busybox, ["--list"], { encoding: "utf8" }).stdout.split("\n"))
    if (applet !== "") symlinkSync(busybox, join(folder, applet));
  return [...found, { name: "busybox", argv: [join(folder, "sh")], path: folder }];
}

export interface ShellOptions {
  /** Bytes of output that come through, as of a server that cuts. */
  readonly outputLimit?: number;
  readonly uid?: number;
  /** Sees each run before it happens; what it throws is what the server answers. */
  readonly before?: (args: readonly string[], count: number) => void;
}

/** Runs scripts on this machine. */
export function runIn(shell: TestShell, options: ShellOptions = {}): RunScript & { count: number } {
  const run = Object.assign(
    (async (script, args, { signal }) => {
      run.count += 1;
      options.before?.(args, run.count);
      if (signal?.aborted) throw signal.reason;
      const [program = "", ...flags] = shell.argv;
      const child = spawn(program, [...flags, "-c", script, "sh", ...args], {
        env: { PATH: shell.path },
        stdio: ["ignore", "pipe", "pipe"],
        ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
      });
      const [stdout, stderr]: Buffer[][] = [[], []];
      child.stdout.on("data", (bytes: Buffer) => stdout?.push(bytes));
      child.stderr.on("data", (bytes: Buffer) => stderr?.push(bytes));
      const exit_code = await new Promise<number>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => resolve(code ?? 137));
      });
      const text = (parts: Buffer[] = []) => Buffer.concat(parts).subarray(0, options.outputLimit).toString("utf8");
      return { stdout: text(stdout), stderr: text(stderr), exit_code } as ExecResult;
    }) as RunScript,
    { count: 0 },
  );
  return run;
}

/** As much of a client as the code around scripts needs; each remembers by itself what its server takes. */
export const testClient = () =>
  ({ clock: clientClock, timeoutMs: 30_000, underway: new Set(), hooks: {} }) as unknown as Client;
