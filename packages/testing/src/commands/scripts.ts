import { sleep } from "@porter-sandbox/spec";
import { contentFromStream, textOf } from "../memory/content.ts";
import type { Command, CommandCall, CommandSandbox } from "./command.ts";

/** What a scripted command did. */
export interface CommandAnswer {
  /** Default: nothing. */
  readonly stdout?: string | Uint8Array | undefined;
  /** Default: nothing. */
  readonly stderr?: string | Uint8Array | undefined;
  /** 0 to 255. Default 0. */
  readonly exit_code?: number | undefined;
  /** How long it runs, by the fake's clock. Default 0. */
  readonly delay_ms?: number | undefined;
}

/** What a matcher or an answer is told of a command. */
export interface ScriptedCall {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The sandbox that it runs in. */
  readonly sandbox: CommandSandbox;
  /** All of its environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Reads what was sent to its input, to the end; empty when it has none. That of a main process has no end. */
  stdin(): Promise<string>;
  /** The same as it comes, instead of `stdin()`; undefined when it has none. */
  readonly input: ReadableStream<Uint8Array> | undefined;
  /** Writes now, before the answer; resolves when a reader has taken most of what was written. */
  stdout(data: string | Uint8Array): Promise<void>;
  /** As `stdout`. */
  stderr(data: string | Uint8Array): Promise<void>;
  /** Waits by the fake's clock. Rejects when the command is killed. */
  sleep(ms: number): Promise<void>;
  /** The size of its terminal now; undefined when it has none. */
  readonly tty: CommandCall["tty"];
  /** The sandbox's files, its volumes mounted. */
  readonly files: CommandCall["files"];
  /** Aborts when the command is killed. */
  readonly signal: AbortSignal;
}

/**
 * Which commands are meant. A string: the arguments joined by spaces, or the script of `sh -c` or `bash -c`. An array:
 * the first arguments. A RegExp: tried on what a string is compared with. A function: what it says.
 */
export type CommandMatcher =
  | string
  | readonly string[]
  | RegExp
  | ((call: { command: readonly string[]; sandbox: CommandSandbox }) => boolean);

/** What a script answers: the same each time, or what a function makes of the call. */
export type ScriptedAnswer = CommandAnswer | ((call: ScriptedCall) => CommandAnswer | Promise<CommandAnswer>);

/** A command that ran, or runs. */
export interface CommandRun {
  /** The id of the sandbox that it ran in. */
  readonly sandbox_id: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Absent while it runs, and when its end is not known. */
  readonly exit_code?: number;
}

/** The commands of a fake: what a test says they answer, and which ran. */
export interface FakeCommands {
  /**
   * Says what matching commands answer, main processes included. The newest fitting script wins; `times` is how often
   * it answers before it steps aside, always by default. Answers a function that takes it back.
   *
   * @example
   * ```ts
   * fake.commands.on("npm test", { stdout: "ok\n" });
   * fake.commands.on(["git", "clone"], { stderr: "fatal: not found\n", exit_code: 128 }, { times: 1 });
   * fake.commands.on(/^python/, async ({ stdin }) => ({ stdout: await stdin(), delay_ms: 500 }));
   * fake.commands.on("npm run watch", async ({ stdout, sleep }) => {
   *   await stdout("building\n");
   *   await sleep(60_000);
   *   return { stdout: "built\n" };
   * });
   * ```
   */
  on(matcher: CommandMatcher, answer: ScriptedAnswer, options?: { times?: number | undefined }): () => void;
  /** What ran so far, scripted or not, oldest first; the newest 10,000. */
  runs(): CommandRun[];
  /** Forgets scripts and runs. */
  clear(): void;
}

const KEPT_RUNS = 10_000;

interface Script {
  readonly matches: (call: CommandCall) => boolean;
  readonly answer: ScriptedAnswer;
  left: number;
}

/** `otherwise` runs what no script answers; `onMistake` is told what went wrong in a script, or in `otherwise`. */
export function createCommands(
  otherwise: Command,
  onMistake: (error: unknown) => void,
): { commands: FakeCommands; run: Command } {
  let scripts: Script[] = [];
  let runs: { -readonly [K in keyof CommandRun]: CommandRun[K] }[] = [];

  const take = (call: CommandCall): Script | undefined => {
    const script = scripts.findLast((each) => each.left > 0 && each.matches(call));
    if (script) script.left--;
    return script;
  };

  return {
    commands: {
      on(matcher, answer, options) {
        if (typeof answer !== "function") checkAnswer(answer);
        const script: Script = { matches: matching(matcher), answer, left: options?.times ?? Number.POSITIVE_INFINITY };
        scripts.push(script);
        return () => {
          scripts = scripts.filter((each) => each !== script);
        };
      },
      runs: () => runs.map((run) => ({ ...run })),
      clear() {
        scripts = [];
        runs = [];
      },
    },
    async run(call) {
      const run: (typeof runs)[number] = { sandbox_id: call.sandbox.id, command: [...call.command] };
      runs.push(run);
      if (runs.length > 2 * KEPT_RUNS) runs = runs.slice(-KEPT_RUNS);
      const { signal } = call;
      const onKill = () => {
        // One that was lost has no end.
        const { exit_code } = signal.reason as { exit_code?: number };
        if (exit_code !== undefined) run.exit_code = exit_code;
      };
      signal.addEventListener("abort", onKill, { once: true });
      try {
        const script = take(call);
        const exit_code = await (script ? play(script.answer, call) : otherwise(call));
        if (!signal.aborted) run.exit_code = exit_code;
        return exit_code;
      } catch (error) {
        if (!signal.aborted) onMistake(error);
        throw error;
      } finally {
        signal.removeEventListener("abort", onKill);
      }
    },
  };
}

async function play(answer: ScriptedAnswer, call: CommandCall): Promise<number> {
  const { command, sandbox, env, files, signal } = call;
  const stdin = async () => (call.stdin ? textOf(await contentFromStream(call.stdin)) : "");
  const write = (put: (data: string | Uint8Array) => void) => (data: string | Uint8Array) => {
    put(data);
    return call.flushed();
  };
  const scripted: ScriptedCall = {
    ...{ command, sandbox, env, files, signal, stdin },
    input: call.stdin,
    stdout: write(call.stdout),
    stderr: write(call.stderr),
    sleep: (ms) => sleep(call.clock, ms, signal),
    tty: call.tty,
  };
  const given = typeof answer === "function" ? await answer(scripted) : answer;
  checkAnswer(given);
  const { stdout, stderr, exit_code = 0, delay_ms = 0 } = given;
  if (delay_ms > 0) await sleep(call.clock, delay_ms, signal);
  if (stdout !== undefined) call.stdout(stdout);
  if (stderr !== undefined) call.stderr(stderr);
  return exit_code;
}

const isOutput = (value: unknown) => typeof value === "string" || ArrayBuffer.isView(value);

const ANSWER_RULES: Readonly<Record<string, readonly [rule: string, holds: (value: unknown) => boolean]>> = {
  stdout: ["must be a string or bytes", isOutput],
  stderr: ["must be a string or bytes", isOutput],
  exit_code: [
    "must be a whole number from 0 to 255",
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255,
  ],
  delay_ms: ["must be a number of at least 0", (value) => typeof value === "number" && value >= 0],
};

/** A script is a test author's own: what is wrong with it has to be said, and where. */
function checkAnswer(answer: unknown): void {
  if (typeof answer !== "object" || answer === null) throw mistaken("answer", "must be an object", answer);
  for (const [field, value] of Object.entries(answer)) {
    const known = ANSWER_RULES[field];
    if (!known) throw mistaken("answer", `must have no fields but ${Object.keys(ANSWER_RULES).join(", ")}`, field);
    const [rule, holds] = known;
    if (value !== undefined && !holds(value)) throw mistaken(field, rule, value);
  }
}

function mistaken(field: string, rule: string, value: unknown): TypeError {
  return new TypeError(`${field}: ${rule} (got ${JSON.stringify(value) ?? String(value)})`);
}

function matching(matcher: CommandMatcher): (call: CommandCall) => boolean {
  if (typeof matcher === "function") return ({ command, sandbox }) => matcher({ command, sandbox }) === true;
  if (typeof matcher === "string") return ({ command }) => textsOf(command).includes(matcher);
  if (isArray(matcher)) {
    return ({ command }) => matcher.length <= command.length && matcher.every((part, i) => part === command[i]);
  }
  return ({ command }) =>
    textsOf(command).some((text) => {
      // A sticky or global expression would go on where it last stopped.
      matcher.lastIndex = 0;
      return matcher.test(text);
    });
}

/** A command as people write it: its words, and the script when it is one of a shell's. */
function textsOf(command: readonly string[]): string[] {
  const [program = "", flag = "", script] = command;
  const joined = command.join(" ");
  const isShell = /(^|\/)(ba|da|z)?sh$/.test(program) && /^-[a-z]*c$/.test(flag);
  return isShell && script !== undefined ? [joined, script] : [joined];
}

/** `Array.isArray` does not see readonly arrays. */
function isArray(value: unknown): value is readonly string[] {
  return Array.isArray(value);
}
