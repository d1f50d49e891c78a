/** The command in a process of its own, so that it can be killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface ServerProcess {
  readonly child: ChildProcess;
  /** Where it is ready. */
  readonly url: string;
  /** Everything that it wrote so far. */
  readonly output: () => { stdout: string; stderr: string };
  /** Sends the signal, and answers how it ended. */
  kill(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export interface EndedProcess {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string>>;

const cli = fileURLToPath(new URL("../src/cli.ts", import.meta.url));
const running = new Set<ChildProcess>();

function launch(words: readonly string[], env: Environment = {}) {
  const child = spawn(process.execPath, [cli, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  running.add(child);
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text.stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text.stderr += chunk;
  });
  const closed = once(child, "close").then(([code, signal]) => {
    running.delete(child);
    return { code, signal } as { code: number | null; signal: NodeJS.Signals | null };
  });
  return { child, text, closed };
}

/** Runs a command line that ends by itself. `reader`: what to do with its output instead of keeping it. */
export async function runCli(words: readonly string[], reader?: (child: ChildProcess) => void): Promise<EndedProcess> {
  const { child, text, closed } = launch(words);
  reader?.(child);
  return { code: (await closed).code, ...text };
}

/** Starts a server and waits for the line that tells its URL. `env` is added to this process's own. */
export async function startCli(words: readonly string[], env?: Environment): Promise<ServerProcess> {
  const { child, text, closed } = launch(words, env);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", () => {
      const found = /^porter-sandbox is ready at (\S+) .*\n/m.exec(text.stdout)?.[1];
      if (found !== undefined) resolve(found);
    });
    void closed.then(({ code }) => reject(new Error(`the server ended with ${code}\n${text.stderr}`)));
  });
  return {
    child,
    url,
    output: () => ({ ...text }),
    kill(signal) {
      child.kill(signal);
      return closed;
    },
  };
}

/** Ends what a failed test left behind. */
export function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}
