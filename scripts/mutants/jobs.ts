// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is code as text
import { inFile, type Mutant } from "./mutant.ts";

/**
 * Jobs: the scripts in the sandbox, what the client makes of their answers, and the processes of the fake's shell. What only
 * shows between two steps of a script, or with signals that a command handles, unit tests hold.
 */
export const jobMutants: readonly Mutant[] = [
  ...inFile("packages/core/src/commands/job-scripts.ts", [
    ["a zombie or any other number is the job", '&& [ "$b $k" = "$born $boot" ]; }', "; }", "jobs"],
    ["a job is known by its keeper alone", 'alive "$d/pid" && break\n', "", "jobs"],
    ["an end is made up", "state=lost\n", "state=exited code=0\n", "jobs"],
    ["the same id starts again", '[ -d "$d" ] && answer known\n', 'mkdir -p "$d"; rm -rf "$d"; mkdir "$d"\n', "jobs"],
    ["nothing comes before a job", '[ $# = 0 ] || (exec "$@") || exit\n', "", "jobs"],
    ["no job is known of afterwards", 'mv "$d/exit.new" "$d/exit"', 'rm "$d/exit.new"', "jobs"],
    ["every job is a success", "printf '%s %s\\\\n' \"$code\"", "printf '%s %s\\\\n' 0", "jobs"],
    ["the errors are output", '2>"$d/stderr")', "2>&1)", "jobs"],
    ["words are taken apart again", 'eval "set -- $line"', "set -- $line", "jobs"],
    ["the beginning of an output is answered", 'else tail -c "$3" "$1"', 'else head -c "$3" "$1"', "jobs"],
    ["all of an output is answered", 'else tail -c "$3" "$1"', 'else cat "$1"', "jobs"],
    ["a round tells of what runs", '[ "$which" = ended ] && [ "$state" = running ] || tell', "tell", "jobs"],
    ["signals are sent to nobody", 'kill "-$2" "-$leader" 2>/dev/null', ":", "jobs"],
    ["every kill is a kill by SIGTERM", 'kill -KILL "-$leader" $all 2>/dev/null', 'kill -TERM "-$leader"', "jobs"],
    ["nobody remembers who killed", `printf '%s,' "$2" >>"$d/kill"`, ":", "jobs"],
    [
      "what is lost is killed all the same",
      '[ "$state" = running ] || exit 0\nn=0\nuntil [ -f "$d/pid" ] || [ $n -ge 250 ]; do rest; done\nalive "$d/pid" || exit 0',
      'read -r p b k <"$d/pid"',
      "jobs",
    ],
    ["a quote ends a word", `word.replaceAll("'", "'\\\\''")`, "word", "jobs"],
    ["a job's command is among its variables", "unset PORTER_JOB\nmark", "mark", "jobs"],
    [
      "the command is written down",
      'date +%s >"$d/started"',
      'date +%s >"$d/started"; echo "$PORTER_JOB" >"$d/command"',
      "jobs",
    ],
  ]),
  ...inFile("packages/core/src/extras/jobs.ts", [
    [
      "a job begins where it will",
      "const { argv } = compileCommand({ command, cwd, env, user });",
      "const { argv } = compileCommand({ command, env, user });",
      "jobs",
    ],
    [
      "a job has the sandbox's variables alone",
      "const { argv } = compileCommand({ command, cwd, env, user });",
      "const { argv } = compileCommand({ command, cwd, user });",
      "jobs",
    ],
    ["a caller's id is replaced", "options.id === undefined ?", "options.id !== options.outputBytes ?", "jobs"],
    [
      "every failed start was none",
      "if (!isSandboxError(error) || error.admitted === false) throw error;",
      "throw error;",
      "jobs",
    ],
    [
      "every failed start may have been one",
      "if (!isSandboxError(error) || error.admitted === false) throw error;",
      "if (!isSandboxError(error)) throw error;",
      "jobs",
    ],
    [
      "a job's directory is not asked for first",
      "const refusal = around?.refusal(result);",
      "const refusal = undefined;",
      "jobs",
    ],
    ["an id leads anywhere", "/^[a-z0-9][a-z0-9-]{0,62}$/", "/./", "jobs"],
    [
      "commands of any length leave the client",
      "const LONGEST_COMMAND_BYTES = 120_000;",
      "const LONGEST_COMMAND_BYTES = Infinity;",
      "jobs",
    ],
    [
      "what is found was never looked at",
      "const { error } = await job.status(options);",
      "const { error } = { error: undefined };",
      "jobs",
    ],
    [
      "listed jobs know nothing",
      "const job = new Job(client, sandboxId, status.id);\n      learn(job, status);",
      "const job = new Job(client, sandboxId, status.id);",
      "jobs",
    ],
    [
      "a job travels to another sandbox",
      "if (sandboxId !== undefined && sandbox_id !== sandboxId)",
      "if (sandboxId === sandbox_id && sandbox_id === null)",
      "jobs",
    ],
    ["anything is a job", "if (!isJob(job)) throw", "if (job === undefined) throw", "jobs"],
    ["jobs of many learn nothing", "learn(job, statuses[index] as JobStatus);", "", "jobs"],
  ]),
  ...inFile("packages/core/src/extras/job.ts", [
    [
      "the bytes asked for at the start are forgotten",
      "this.#outputBytes = outputBytes;",
      "this.#outputBytes = DEFAULT_OUTPUT_BYTES;",
      "jobs",
    ],
    ["a cut output is whole", "stdout: status.stdout_bytes > bytes,", "stdout: false,", "jobs"],
    ["an output is a line longer", "stdout.slice(end + 1)", "stdout.slice(end)", "jobs"],
    ["any signal leaves the client", "if (!Object.hasOwn(signals, signal))", "if (!(signal in signals))", "jobs"],
    ["a kill is a request", 'async kill(signal = "SIGKILL"', 'async kill(signal = "SIGTERM"', "jobs"],
    [
      "a wait leaves the job's handle as it was",
      "return learn(this, status as JobStatus);\n  }\n\n  /**\n   * The last",
      "return status as JobStatus;\n  }\n\n  /**\n   * The last",
      "jobs",
    ],
    ["a job's json has no sandbox", "sandbox_id: this.sandboxId, output_bytes", "output_bytes", "jobs"],
    [
      "any number of bytes leaves the client",
      "const LARGEST_OUTPUT_BYTES = 1_048_576;",
      "const LARGEST_OUTPUT_BYTES = 2 ** 40;",
      "jobs",
    ],
  ]),
  ...inFile("packages/core/src/extras/job-status.ts", [
    ["no job is missed", 'if (state === "none")', 'if (state === "no")', "jobs"],
    [
      "an exit with a signal's number is a kill",
      "sent.map((name) => `SIG${name}`).find(",
      "Object.keys(signals).find(",
      "jobs",
    ],
    [
      "jobs of an ended sandbox are an error",
      "if (ids.length > 0 && error instanceof",
      "if (ids.length < 0 && error instanceof",
      "jobs",
    ],
    ["a sandbox that has ended has no jobs", "if (ids.length > 0 && error instanceof", "if (error instanceof", "jobs"],
    ["a lost job does not say why", "        error,\n      }));", "      }));", "jobs"],
    ["a sandbox is asked for each of its jobs", "const IDS_AT_ONCE = 5000;", "const IDS_AT_ONCE = 1;", "jobs"],
    ["a wait ends with the first that fails", "!isPassing(error) ||", "isPassing(error) ||", "jobs"],
    ["a wait for many ends with the first", "return waiting.size === 0 ? true : undefined;", "return true;", "jobs"],
    ["nobody hears of progress", "if (found.size > 0) onProgress?.(", "if (found.size < 0) onProgress?.(", "jobs"],
    ["times are milliseconds", "new Date(seconds * 1000)", "new Date(seconds)", "jobs"],
    [
      "a wait looks as often as it likes",
      "if (pollMs !== undefined && !(typeof pollMs",
      "if (pollMs === null && !(typeof pollMs",
      "jobs",
    ],
    [
      "states come in the order of their sandboxes",
      "return jobs.map((job) => found.get(keyOf(job)) as JobStatus);",
      "return [...found.values()];",
      "jobs",
    ],
  ]),
  ...inFile("packages/testing/src/memory-processes.ts", [
    ["signals end nothing in the fake", "if (name !== undefined) row?.process.signal(name);", "", "jobs"],
    [
      "processes of the fake cannot be found",
      "const row = rows.get(of);\n        if (row === undefined) return undefined;",
      "const row = rows.get(-of);\n        if (row === undefined) return undefined;",
      "jobs",
    ],
  ]),
  ...inFile("packages/testing/src/shell-processes.ts", [
    [
      "what goes on by itself is waited for",
      'if (!options.some((option) => option === "-f" || option === "--fork"))',
      "if (rest >= 0)",
      "jobs",
    ],
  ]),
];
