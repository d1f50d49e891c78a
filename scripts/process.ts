import { spawn } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

export const root = join(import.meta.dirname, "..");

/** The workspace's own tools come first, then whatever the caller has. */
export const toolEnv: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: [join(root, "node_modules/.bin"), process.env.PATH ?? ""].join(delimiter),
  TURBO_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
};

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each piece of output, stdout and stderr alike. */
  readonly onOutput?: (text: string) => void;
  /** The process is killed after so long; its status is then 124. */
  readonly timeoutMs?: number;
}

/** Runs a program to its end and keeps what it wrote. Rejects only when it cannot be started. */
export function run(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [program = "", ...args] = words;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? toolEnv,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const text = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8");
      child[name].on("data", (piece: string) => {
        text[name] += piece;
        options.onOutput?.(piece);
      });
    }
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      // Asked first, so that it can end what it started itself.
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), 5000).unref();
    }, options.timeoutMs ?? 600_000);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ status: late ? 124 : (status ?? 1), ...text });
    });
  });
}

/** Like `run`, but a status other than 0 rejects with what was written. */
export async function mustRun(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const ran = await run(words, options);
  if (ran.status === 0) return ran;
  throw new Error(`${words.join(" ")} ended with ${ran.status}\n${ran.stdout}${ran.stderr}`);
}

function onPath(program: string): boolean {
  return (toolEnv.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The words that start pnpm: the one on the path (a script that pnpm runs has it), else the version that the root names. */
export function pnpm(): string[] {
  if (onPath("pnpm")) return ["pnpm"];
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { packageManager: string };
  return ["npx", "--yes", packageManager];
}
