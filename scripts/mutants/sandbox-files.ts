// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is code as text
import { inFile, type Mutant } from "./mutant.ts";

const subject = "sandbox files";

/** The files of a sandbox: what the client asks and makes of the answers, and what the fake does for it. */
export const sandboxFileMutants: readonly Mutant[] = [
  ...inFile("packages/core/src/extras/sandbox-file-writing.ts", [
    [
      "sandbox files: a step is the last one too soon",
      "last && at + count === bytes.length ?",
      "at + count === bytes.length ?",
      subject,
    ],
    ["sandbox files: no step is the last", '? "last" : ""', '? "" : ""', subject],
    [
      "sandbox files: what was begun is left",
      "if (begun) await run(dropScript",
      "if (!begun) await run(dropScript",
      subject,
    ],
    [
      "sandbox files: a failed write is none",
      "client.timeoutMs }).catch(() => {});\n        throw error;",
      "client.timeoutMs }).catch(() => {});",
      subject,
    ],
    [
      "sandbox files: a stuck source is waited for",
      "await unlessAborted(source.next(), scope.signal)",
      "await source.next()",
      subject,
    ],
    ["sandbox files: too much stays too much", "most = Math.floor(words.length / 2);", "throw error;", subject],
    ["sandbox files: permissions are not asked for", 'mode?.toString(8) ?? ""', '""', subject],
    ["sandbox files: any number is permissions", "mode >= 0 && mode <= 0o7777", "mode >= 0", subject],
    ["sandbox files: a mode need not be whole", "!(Number.isInteger(mode) && mode", "!(mode", subject],
    [
      "sandbox files: a slow write is a SandboxTimeoutError",
      "new UploadTimeoutError(`Writing",
      "new (Object.getPrototypeOf(UploadTimeoutError) as typeof UploadTimeoutError)(`Writing",
      subject,
    ],
    ["sandbox files: every step is the first", 'written === 0 ? "first" : ""', '"first"', subject],
  ]),
  ...inFile("packages/core/src/extras/sandbox-file-reading.ts", [
    ["sandbox files: reads begin at a block", "Math.min(surplus, bytes.length), Math.min", "0, Math.min", subject],
    ["sandbox files: reads end with a block", "Math.min(bytes.length, surplus + left));", "bytes.length);", subject],
    [
      "sandbox files: one piece is the whole file",
      "if (!full || reached >= (size || Infinity)) close();",
      "close();",
      subject,
    ],
    [
      "sandbox files: a cut answer is an answer",
      'if (end.stdout_truncated || !end.stdout.endsWith("#")) {',
      'if (end.stdout === "") {',
      subject,
    ],
    [
      "sandbox files: a replaced file is read on",
      "if (opened.inode !== inode)",
      "if (opened.inode === undefined)",
      subject,
    ],
    [
      "sandbox files: a removed file ends",
      'throw interrupted("it is not there any more");',
      "return undefined;",
      subject,
    ],
    [
      "sandbox files: a lost connection is an end",
      "throw interrupted(error.message, error);",
      "return undefined;",
      subject,
    ],
    [
      "sandbox files: a range past the end is empty",
      "if (!opened && offset > 0 && size > 0 && offset >= size)",
      "if (offset < 0)",
      subject,
    ],
    ["sandbox files: no bytes were received", "bytesReceived: received,", "bytesReceived: 0,", subject],
    ["sandbox files: any offset will do", "range: { offset,", "range: {", subject],
  ]),
  ...inFile("packages/core/src/extras/sandbox-files.ts", [
    ["sandbox files: a cut listing is whole", "truncated: all.end === undefined ||", "truncated:", subject],
    [
      "sandbox files: a walk stops where it is cut",
      "if (deep && search === undefined && all.end !== 0) {",
      'if (deep && search === "") {',
      subject,
    ],
    ["sandbox files: a cut directory is whole", "truncated: end === undefined };", "truncated: false };", subject],
    ["sandbox files: a listing is deep", '[mark, deep ? "deep" : "", ', '[mark, "deep", ', subject],
    ["sandbox files: nothing is removed with what is in it", 'recursive ? "recursive" : ""', '""', subject],
    ["sandbox files: all is removed with what is in it", 'recursive ? "recursive" : ""', '"recursive"', subject],
    [
      "sandbox files: the root may be removed",
      "const path = normalPath(checkFilePath, given);\n      const { recursive",
      "const path = normalPath(checkVolumePath, given);\n      const { recursive",
      subject,
    ],
    [
      "sandbox files: everything exists",
      "end.exit_code === codes.notThere ? false : end.exit_code === 0 ||",
      "end.exit_code === codes.notThere || end.exit_code === 0 ||",
      subject,
    ],
    [
      "sandbox files: moves go back",
      "run(scripts.moveScript, [source, target], each)",
      "run(scripts.moveScript, [target, source], each)",
      subject,
    ],
    [
      "sandbox files: the wrong end of a move is blamed",
      'fail(end, target, "to");',
      'fail(end, target, "from");',
      subject,
    ],
    [
      "sandbox files: a move into itself is asked for",
      "refuse(checkMoveRequest({ from, to }));",
      "void checkMoveRequest;",
      subject,
    ],
    [
      "sandbox files: a directory has a size",
      'size_bytes: type === "directory" ? 0 : Number(size),\n        modified_at: timeOf(Number(time)),',
      "size_bytes: Number(size) + 1,\n        modified_at: timeOf(Number(time)),",
      subject,
    ],
    [
      "sandbox files: permissions are the whole mode",
      "Number.parseInt(mode, 16) & 0o7777",
      "Number.parseInt(mode, 16)",
      subject,
    ],
    [
      "sandbox files: an exit code is no refusal",
      "return end.exit_code === 0 ? end : fail(end, path);",
      "return end;",
      subject,
    ],
  ]),
  ...inFile("packages/core/src/extras/file-errors.ts", [
    ["sandbox files: any path will do", 'refuse(check("path", path));', "", subject],
    [
      "sandbox files: a missing right is a conflict",
      '[codes.denied]: [PermissionDeniedError, "permission_denied"',
      '[codes.denied]: [ConflictError, "permission_denied"',
      subject,
    ],
    [
      "sandbox files: a missing file is a conflict",
      '[codes.notFound]: [NotFoundError, "not_found"',
      '[codes.notFound]: [ConflictError, "not_found"',
      subject,
    ],
    [
      "sandbox files: a missing tool is any failure",
      "if (exit_code === codes.lacksTool)",
      "if (exit_code === -1)",
      subject,
    ],
    ["sandbox files: a full directory is any conflict", '"directory_not_empty", ', '"destination_exists", ', subject],
  ]),
  ...inFile("packages/core/src/extras/file-records.ts", [
    ["sandbox files: directories come where their names do", "return rank || (a.name", "return (a.name", subject],
    ["sandbox files: a link is a file", '10: "symlink" }', '10: "file" }', subject],
    ["sandbox files: a line feed ends a name", "\\.\\/([\\s\\S]+)$/.exec", "\\.\\/(.+)$/.exec", subject],
    ["sandbox files: times are in milliseconds", "new Date(seconds * 1000)", "new Date(seconds)", subject],
    [
      "sandbox files: what is below a directory is beside it",
      "listOf(path.slice(0, Math.max(0, slash))).push(entry);",
      'listOf("").push(entry);',
      subject,
    ],
  ]),
  ...inFile("packages/core/src/extras/script.ts", [
    [
      "sandbox files: an image without sh is any failure",
      "end.exit_code === 126 || end.exit_code === 127",
      "end.exit_code === 126",
      subject,
    ],
    [
      "sandbox files: no signal is heard",
      "return await work({ signal, timeoutMs });",
      "return await work({ timeoutMs });",
      subject,
    ],
    [
      "sandbox files: any time will do",
      'checkCall("execSandbox", { path: { id: "any" }, body: { command: ["any"] } }, options);',
      "",
      subject,
    ],
  ]),
  ...inFile("packages/testing/src/commands/file-scripts.ts", [
    [
      "sandbox files: the fake has no such files",
      "const asked = fileScriptOf(call.command);",
      "const asked = fileScriptOf(call.command.slice(0, 1));",
      subject,
    ],
    [
      "sandbox files: the fake writes in place",
      "const part = `${directory}/${name}`;\n    if (lookUp",
      "const part = path;\n    if (lookUp",
      subject,
    ],
    [
      "sandbox files: the fake forgets permissions",
      "if (bits !== undefined) files.touch(part, { mode: bits });",
      "",
      subject,
    ],
    [
      "sandbox files: the fake overwrites with a move",
      'if (files.exists(to)) refuse("exists");',
      "if (files.exists(to)) files.remove(to, { recursive: true });",
      subject,
    ],
    [
      "sandbox files: the fake makes a directory of a file",
      'if (lookUp(files, path)?.type === "file") refuse("exists");',
      "if (files.exists(path)) return;",
      subject,
    ],
    [
      "sandbox files: the fake makes directories without parents",
      "files.mkdir(path, { parents: true });",
      "if (!files.exists(path)) files.mkdir(path);",
      subject,
    ],
    ["sandbox files: the fake leaves a part", "if (files.exists(part)) files.remove(part);", "", subject],
  ]),
  ...inFile("packages/core/src/resources/sandbox-files.ts", [
    [
      "sandbox files: a stat is of the root",
      "return (await this.#load()).stat(path, options);",
      'return (await this.#load()).stat("/", options);',
      subject,
    ],
    [
      "sandbox files: existing is not asked for",
      "return (await this.#load()).exists(path, options);",
      "return true;",
      subject,
    ],
  ]),
];
