// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is code as text
import { inFile, type Mutant } from "./mutant.ts";

/** What an engine does: files, processes, snapshots, mounts. The fake's gateway is the wire, and breaks like one. */
export const testingMutants: readonly Mutant[] = [
  ...inFile("packages/testing/src/memory/engine.ts", [
    ["sandboxes share their files", "const own = root.clone();", "const own = root;", "exec", "snapshots"],
    [
      "volumes are not mounted",
      "return { root: own, whole: mountTrees(own, mounts) };",
      "return { root: own, whole: mountTrees(own, []) };",
      "volumes",
    ],
    [
      "volumes are part of snapshots",
      "const tree = runningOf(sandbox_id).files().root.clone();",
      "const tree = runningOf(sandbox_id).files().whole.clone();",
      "snapshots",
    ],
    [
      "a snapshot goes on changing",
      "const tree = runningOf(sandbox_id).files().root.clone();",
      "const tree = runningOf(sandbox_id).files().root;",
      "snapshots",
    ],
    ["a snapshot is empty", "snapshots.set(id, tree);", "snapshots.set(id, createFileTree(now));", "snapshots"],
    [
      "a boot never fails",
      'if (fault?.kind === "failed_boot") {',
      'if (fault?.kind === "slow_boot") {',
      "lifecycle",
      "exec",
    ],
    [
      "boots are never slow",
      'const delay = bootDelayMs + (fault?.kind === "slow_boot" ? fault.ms : 0);',
      "const delay = bootDelayMs;",
      "lifecycle",
      "ttl",
      "exec",
    ],
    [
      "evicted sandboxes go on",
      'sandboxes.get(id)?.stop({ reason: "evicted", message: "The engine lost the sandbox" });',
      "",
      "lifecycle",
    ],
    [
      "terminated sandboxes go on in the engine",
      "async stopSandbox(id) {\n      sandboxes.get(id)?.stop();",
      "async stopSandbox(id) {\n      void id;",
      "lifecycle",
    ],
    [
      "deleted volumes keep their files",
      "async deleteVolume(id) {\n      volumes.delete(id);",
      "async deleteVolume(id) {\n      void id;",
      "volumes",
    ],
    [
      "files begin at their first byte",
      "streamOf(content, part.start, part.length)",
      "streamOf(content, 0, part.length)",
      "reading files",
    ],
    [
      "files show before their last byte",
      "const bytes = await contentFromStream(content);\n      tree.write(path, bytes, { parents: true });",
      "tree.write(path, emptyContent, { parents: true });\n      const bytes = await contentFromStream(content);\n      tree.write(path, bytes, { parents: true });",
      "writing files",
    ],
    [
      "parents are not made",
      "tree.write(path, bytes, { parents: true });",
      "tree.write(path, bytes);",
      "writing files",
    ],
    ["metrics are none", "return sandboxes.get(id)?.metrics(window) ?? [];", "return [];", "metrics"],
  ]),
  ...inFile("packages/testing/src/memory/sandbox.ts", [
    ["a main process has no input", "call: { ...call, main: true, stdin: input.readable },", "call,", "lifecycle"],
  ]),
  ...inFile("packages/testing/src/memory/files.ts", [
    ["what is moved stays", "source.parent.entries.delete(source.name);", "", "moving files"],
    [
      "moving overwrites",
      'if (parent.entries.has(name)) throw new EngineError("exists", `${path}: exists already`);',
      "",
      "moving files",
      "volumes",
    ],
    [
      "a file replaces a directory",
      'if (node?.type === "directory") throw new EngineError("is_a_directory", `${path}: is a directory`);\n      if (node) Object',
      "if (node) Object",
      "writing files",
    ],
    [
      "a file that is there stays as it was",
      "if (node) Object.assign(node, { content, modified_at: now() });",
      "if (node) node.modified_at = now();",
      "writing files",
    ],
    [
      "empty files are not made",
      'else setEntry(parent, name, { type: "file", content',
      'else if (content.size > 0) setEntry(parent, name, { type: "file", content',
      "writing files",
      "reading files",
      "listing files",
    ],
  ]),
  ...inFile("packages/testing/src/commands/process-commands.ts", [
    [
      "commands have no environment",
      "const found = names.filter((name) => Object.hasOwn(call.env, name));",
      "const found: string[] = [];",
      "create",
      "exec",
    ],
    [
      "values lose what follows their first line",
      "`${call.env[name]}\\n`).join",
      '`${call.env[name]?.split("\\n")[0]}\\n`).join',
      "create",
    ],
    ["a false command is true", "false: () => 1,", "false: () => 0,", "exec", "lifecycle"],
    ["a true command is false", "true: () => 0,", "true: () => 1,", "lifecycle", "ttl"],
    ["sleep wakes at once", "await sleepOn(call.clock, seconds * 1000, call.signal);", "", "exec", "lifecycle"],
  ]),
  ...inFile("packages/testing/src/commands/plain.ts", [
    ["an unknown program succeeds", "return 127;", "return 0;", "exec", "lifecycle"],
    ["an unknown program says nothing", "call.stderr(`${call.command[0]}: not found\\n`);", "", "exec"],
  ]),
  ...inFile("packages/testing/src/commands/arguments.ts", [
    [
      "errors are output",
      "call.stderr(`${programOf(call)}: ${error.message}\\n`);",
      "call.stdout(`${programOf(call)}: ${error.message}\\n`);",
      "exec",
      "logs",
    ],
    [
      "a command stops at an operand that it cannot take",
      "exit_code = complain(call, error);",
      "return complain(call, error);",
      "exec",
    ],
  ]),
  ...inFile("packages/testing/src/shell/environment.ts", [
    [
      "env shows what it was told for its program",
      "if (words.length > 0) return",
      "if (words.length < 0) return",
      "exec",
    ],
    ["a program's variables are its shell's", "{ ...around, env: variables }", "around", "exec"],
  ]),
  ...inFile("packages/testing/src/shell.ts", [
    [
      "programs see all that their shell knows",
      'defineCommand("env", (args, context) => env(call, args, around(context))),',
      "",
      "exec",
    ],
    ["a shell's exit code is lost", "return result.exitCode & 0xff;", "return 0;", "exec", "lifecycle"],
    ["a shell's errors are lost", "call.stderr(result.stderr);", "", "exec"],
  ]),
  ...inFile("packages/testing/src/apply-fault.ts", [
    ["faults have no code", "...(code && { code }) };", "};", "busy servers"],
    [
      "a delayed answer never comes",
      "await sleep(hit.clock, fault.ms, hit.signal);",
      "await sleep(hit.clock, fault.ms * 1e6, hit.signal);",
      "faults",
    ],
    [
      "faults have no wait",
      'headers.set("retry-after", String(retryAfter));',
      "void retryAfter;",
      "busy servers",
      "faults",
    ],
  ]),
];
