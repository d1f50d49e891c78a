import { inFile, type Mutant } from "./mutant.ts";

/** Mutants of commands: waited for, streamed, and as processes; on the server and in the memory engine. */
export const apiCommandMutants: readonly Mutant[] = [
  ...inFile("packages/api/src/control/command.ts", [
    [
      "a refused command does not tell the phase",
      "notRunningNow(plane, await sandboxOf(plane, id));",
      'notRunningNow(plane, { ...(await sandboxOf(plane, id)), phase: "running" });',
      "exec",
      "lifecycle",
    ],
    ["commands share an id", 'const { id: exec_id } = plane.ids.next("exec");', 'const exec_id = "exec-1";', "logs"],
    ["a timeout looks like a kill", 'void end("timed_out")', 'void end("killed")', "exec options", "streams"],
    ["a kill looks like its own doing", 'sent.has(known) ? "killed" : "signaled"', '"signaled"', "processes"],
    ["every signal is a kill", 'if (name === "SIGKILL") return kill', "return kill", "processes"],
  ]),
  ...inFile("packages/api/src/control/exec.ts", [
    [
      "output and errors are swapped",
      "stdout: stdout.text, stderr: stderr.text, exit_code",
      "stdout: stderr.text, stderr: stdout.text, exit_code",
      "exec",
      "create",
    ],
    [
      "every command succeeds",
      "stderr: stderr.text, exit_code }",
      "stderr: stderr.text, exit_code: exit_code && 0 }",
      "exec",
      "faults",
    ],
    [
      "extension fields come without extensions",
      "return plane.extensions ? { ...answer,",
      "return plane ? { ...answer,",
      "routing",
    ],
    ["the end of a long output is lost", "tail: max_output_bytes !== undefined,", "tail: false,", "exec options"],
    [
      "bytes are counted as characters",
      "stdout_bytes: stdout.bytes,",
      "stdout_bytes: stdout.text.length,",
      "exec options",
    ],
  ]),
  ...inFile("packages/api/src/control/command-logs.ts", [
    ["commands write no logs", "return lines.length === 0 ?", "return lines.length >= 0 ?", "logs", "processes"],
    [
      "commands have no id",
      "level: levelOf(line, stream), exec_id }));",
      'level: levelOf(line, stream), exec_id: "" }));',
      "logs",
    ],
  ]),
  ...inFile("packages/api/src/http/exec-routes.ts", [
    [
      "commands are not checked",
      "check: (body) => checkExec(body) ?? checkExecOptions(body)",
      "check: () => undefined",
      "exec",
    ],
    [
      "options of commands are not checked",
      "checkExec(body) ?? checkExecOptions(body)",
      "checkExec(body)",
      "exec options",
    ],
    [
      "the published API has options",
      "const option = plane.extensions ? undefined",
      "const option = plane ? undefined",
      "exec options",
    ],
    [
      "the published API has streams",
      "plane.extensions && asksForFrames(request)",
      "asksForFrames(request)",
      "exec options",
    ],
    ["signals are not checked", "{ check: checkKill, optional: true }", "{ optional: true }", "processes"],
    ["sizes of terminals are not checked", "{ check: checkTtySize },", "{},", "processes"],
  ]),
  ...inFile("packages/api/src/control/process.ts", [
    [
      "a process does not wait for its readers",
      "if (readers.size > 0 && waitsUntil(name) !== undefined) await room(name);",
      "",
      "streams",
    ],
    [
      "an end that is not known is made up",
      "      return { error };",
      '      return { event: { type: "exit", exit_code: 0, reason: "exited", stdout_bytes: output.stdout.end, stderr_bytes: output.stderr.end } };',
      "streams",
    ],
  ]),
  ...inFile("packages/api/src/control/process-output.ts", [
    ["a silent process looks dead", "const QUIET_MS = 15_000;", "const QUIET_MS = 15_000_000;", "streams"],
    ["output waits for the end", "if (send(controller)) {", "if (process.end && send(controller)) {", "streams"],
    ["gaps are not told", "if (reader.at[name] < kept.start) {", "if (reader.at[name] < 0) {", "processes"],
    [
      "a process ends with its reader",
      "      cancel() {\n        leave();",
      "      cancel() {\n        void process.kill();\n        leave();",
      "processes",
    ],
  ]),
  ...inFile("packages/api/src/control/process-input.ts", [
    [
      "input that is sent twice is taken twice",
      "value.subarray(Math.min(value.length, Math.max(0, taken - at)))",
      "value",
      "processes",
    ],
    ["input may have holes", "if (offset > taken) {", "if (offset < 0) {", "processes"],
    ["input has no bound", "if (at + value.length - offset > limit) throw tooLarge(limit);", "", "processes"],
  ]),
  ...inFile("packages/api/src/control/processes.ts", [
    ["offsets are passed over", "const from = { stdout: stdout_offset,", "const from = { stdout: 0,", "processes"],
    ["offsets ahead are taken", "if (from[name] <= written) continue;", "if (from[name] >= 0) continue;", "processes"],
    [
      "everything has a terminal",
      'if (!process.tty) throw conflict("no_tty"',
      'if (false) throw conflict("no_tty"',
      "processes",
    ],
    ["how a process ended is not told", "reason: exit.reason }", 'reason: "killed" }', "processes"],
    [
      "processes of other sandboxes are found",
      "plane.processes.bySandbox.get(id)?.get(exec_id);",
      "[...plane.processes.bySandbox.values()].map((all) => all.get(exec_id)).find((found) => found);",
      "processes",
    ],
  ]),
  ...inFile("spec/src/stream-frames.ts", [
    ["frames are longer than they say", "header[7] = length;", "header[7] = length - 1;", "streams", "processes"],
  ]),
  ...inFile("packages/testing/src/memory/sandbox.ts", [
    ["every command runs at the root", 'cwd: cwd ?? "/",', 'cwd: "/",', "exec options"],
    ["commands have no variables of their own", "...env, ...own }", "...env }", "exec options"],
  ]),
  ...inFile("packages/testing/src/memory/process.ts", [
    ["a terminal has two outputs", "stderr: terminal ? out : stderr.write,", "stderr: stderr.write,", "exec options"],
  ]),
  ...inFile("packages/testing/src/commands/process-commands.ts", [
    ["commands run as somebody else", '(call.user ?? "root")', '(call.user ?? "root").slice(1)', "exec options"],
  ]),
];
