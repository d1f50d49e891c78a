// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is code as text
import { inFile, type Mutant } from "./mutant.ts";

/** What the handles do with an answer. */
export const coreHandleMutants: readonly Mutant[] = [
  ...inFile("packages/core/src/extras/file-content.ts", [
    ["offsets are not asked for", "const headers = offset || end", "const headers = end", "reading files"],
    [
      "lengths are not asked for",
      'const end = length === undefined ? "" : offset + length - 1;',
      'const end = length === undefined ? "" : offset + length;',
      "reading files",
    ],
    [
      "nothing of a file is all of it",
      "if (options.length === 0) {\n    // HTTP",
      "if (options.length === -1) {\n    // HTTP",
      "reading files",
    ],
    [
      "a stream that is left goes on",
      "    ended = true;\n    scope?.fail(reason);",
      "    ended = true;",
      "reading files",
    ],
    [
      "a slow download is a SandboxTimeoutError",
      'return call(client, "readVolumeFile", parts, options, read, DownloadTimeoutError);',
      'return call(client, "readVolumeFile", parts, options, read);',
      "faults",
    ],
    [
      "a slow upload is a SandboxTimeoutError",
      'await call(client, "writeVolumeFile", parts, options, undefined, UploadTimeoutError);',
      'await call(client, "writeVolumeFile", parts, options);',
      "faults",
    ],
    ["files move back", "body: { from, to } }, options)", "body: { from: to, to: from } }, options)", "moving files"],
  ]),
  ...inFile("packages/core/src/extras/binary.ts", [
    ["a buffer is no content", "if (isBuffer(given)) return", "if (false) return", "writing files", "sandbox files"],
    [
      "a part of a buffer is the whole",
      "new Uint8Array(given.buffer, given.byteOffset, given.byteLength);",
      "new Uint8Array(given.buffer);",
      "writing files",
      "sandbox files",
    ],
  ]),
  ...inFile("packages/core/src/resources/lazy.ts", [
    ["what a caller changes later counts", "given.map(asGiven) as T", "given", "exec"],
  ]),
  ...inFile("packages/core/src/resources/file-stream.ts", [
    ["pieces that are asked for together are one", "last = last.then(step, step);", "last = step();", "reading files"],
  ]),
  ...inFile("packages/core/src/commands/compile.ts", [
    ["a variable that cannot be sent is told with its value", "checkText(`env.${name}`, value)", "value", "jobs"],
  ]),
  ...inFile("packages/core/src/extras/content.ts", [
    [
      "anything is content",
      'throw invalidRequest("content", "must be a string, bytes,',
      'return String(content);\n  throw invalidRequest("content", "must be a string, bytes,',
      "writing files",
      "sandbox files",
    ],
    ["a Blob is no content", "(Blob|File)", "(Bloob)", "writing files", "sandbox files"],
    [
      "a stream is text",
      'if (typeof given.getReader === "function") {',
      'if (typeof given.getReader === "function") return "[object ReadableStream]";\n  if (typeof given.getReader === "function") {',
      "writing files",
    ],
    ["a lone surrogate is written", "if (!content.isWellFormed())", "if (content.length < 0)", "sandbox files"],
    [
      "a stream is its first chunk",
      "async () => reader.read(),",
      "async () => reader.read().finally(() => void reader.cancel()),",
      "writing files",
      "sandbox files",
    ],
  ]),
  ...inFile("packages/core/src/resources/files.ts", [
    [
      "paths have two slashes",
      'this.path = `${parent.replace(/\\/+$/, "")}/${name}`;',
      "this.path = `${parent}/${name}`;",
      "listing files",
    ],
  ]),
  ...inFile("packages/core/src/extras/file-listing.ts", [
    [
      "a search finds the way too",
      "if (entry.name.toLowerCase().includes(wanted)) found.push(file);",
      "found.push(file);",
      "listing files",
    ],
    ["what a walk left out is left out", "else await open(file.path);", "", "walking files"],
    ["directories are passed over", "if (!file.isDirectory) continue;", "continue;", "walking files"],
    ["text is Latin-1", 'new TextDecoder("utf-8", { ignoreBOM: true })', 'new TextDecoder("latin1")', "reading files"],
    [
      "a search searches nothing",
      "matchesOf(on, await list(path, options, { deep: true, search: text }), text),",
      "matchesOf(on, await list(path, options, { deep: true, search: text }), `${text}x`),",
      "listing files",
    ],
    [
      "every listing is of the root",
      "entriesOf(on, await list(path, options, {})),",
      'entriesOf(on, await list("/", options, {})),',
      "listing files",
    ],
  ]),
  ...inFile("packages/core/src/resources/volume.ts", [
    [
      "a handle forgets what it learnt",
      "Object.assign(volume, { name, phase, path, attached_to, created_at });",
      "Object.assign(volume, { path, attached_to, created_at });",
      "volumes",
    ],
    [
      "object volumes are disks",
      'return fields.type === "object" ? new ObjectVolume',
      'return fields.type === ("tape" as string) ? new ObjectVolume',
      "volumes",
    ],
    [
      "a bucket is forgotten",
      'this.object = fields.object as ObjectVolume["object"];',
      'this.object = { bucket: "" };',
      "volumes",
    ],
    [
      "lists of volumes are empty",
      "return volumes.map((fields) => toHandle(this.#client, fields));",
      "return volumes.slice(0, 0).map((fields) => toHandle(this.#client, fields));",
      "volumes",
      "faults",
    ],
    [
      "deletes delete nothing",
      "return deleteVolume(this.#client, await this.#idOf(name, whole), whole);",
      "await this.#idOf(name, whole);",
      "volumes",
      "faults",
    ],
    [
      "options of a list are passed over",
      '"listVolumes", {}, options);',
      '"listVolumes", {}, undefined);',
      "faults",
      "bad input",
    ],
  ]),
  ...inFile("packages/core/src/resources/sandbox.ts", [
    [
      "a refresh teaches a handle nothing",
      'return this.#learn(await this.#call<StatusResponse>("getSandbox", options));',
      'return this.#call<StatusResponse>("getSandbox", options);',
      "create",
    ],
    ["a phase is known before it is told", "    this.phase = null;\n", '    this.phase = "queued";\n', "create"],
    ["await using leaves a sandbox running", "      await this.terminate();\n", "", "create"],
    [
      "a handle does not terminate",
      'return this.#call("terminateSandbox", options);',
      "return Promise.resolve();",
      "lifecycle",
      "exec",
      "faults",
    ],
    ["logs have no limit", '"getSandboxLogs", options, { query }', '"getSandboxLogs", options, {}', "logs"],
    [
      "a handle has the id of nothing",
      "    this.id = known.id;",
      '    this.id = known.id.replace("sbx", "sb");',
      "lookup",
      "create",
      "capabilities",
    ],
  ]),
  ...inFile("packages/core/src/extras/iterating.ts", [
    ["iterating yields twice", "if (seen.has(sandbox.id)) continue;", "", "iterate"],
    ["iterating ends with a page", "if (!listed.pagination.has_next_page) return;", "return;", "iterate"],
    ["iterating skips what moves up", "const reach = reachOf(listed);", "const reach = Number.NaN;", "iterate"],
    [
      "iterating has no end time",
      "const listed = await sandboxes.list({ ...filters, end_time, page }, options);",
      "const listed = await sandboxes.list({ ...filters, page }, options);",
      "iterate",
    ],
    [
      "iterating asks for all pages first",
      "const seen = new Set<string>();",
      "const seen = new Set<string>();\n  await sandboxes.list({ ...filters, page: 2 }, options);",
      "iterate",
    ],
    ["iterating lists nothing of its own", "yield sandbox;", "yield sandbox;\n      yield { ...sandbox };", "iterate"],
    [
      "iterating nothing yields something",
      "let end_time = filters?.end_time;",
      "let end_time = filters?.end_time;\n  yield {} as Sandbox;",
      "iterate",
    ],
  ]),
  ...inFile("packages/core/src/resources/sandboxes.ts", [
    [
      "the caller's key is forgotten",
      'headers: { "idempotency-key": options?.idempotencyKey } };',
      "headers: {} };",
      "idempotency keys",
    ],
    [
      "lists carry no pagination",
      "return Object.assign(sandboxes, { pagination: page.pagination, filter_values",
      "return Object.assign(sandboxes, { pagination: undefined as never, filter_values",
      "listing",
      "iterate",
    ],
    [
      "lists carry no filter values",
      "filter_values: page.filter_values ?? null });",
      "filter_values: null });",
      "listing",
    ],
    [
      "listed handles know nothing",
      "new Sandbox(this.#client, { id: status.id, status })",
      "new Sandbox(this.#client, { id: status.id })",
      "listing",
    ],
    [
      "tags are not asked for",
      "const tag = tags && Object.entries(tags).map(",
      "const tag = tags && [].map(",
      "listing",
      "iterate",
      "counts",
    ],
    [
      "counts have no filters",
      '"countSandboxes", toParts(filters), options);',
      '"countSandboxes", {}, options);',
      "counts",
    ],
    [
      "a name leads to another sandbox",
      "return new Sandbox(this.#client, { id, name });\n  }\n\n  /** Finds a sandbox by its id",
      "return new Sandbox(this.#client, { id: name, name });\n  }\n\n  /** Finds a sandbox by its id",
      "lookup",
    ],
  ]),
  ...inFile("packages/core/src/extras/snapshots.ts", [
    [
      "deleting a snapshot sends nothing",
      'return call(client, "deleteSnapshot", { path: { id } }, options);',
      "void [client, id, options];\n  return Promise.resolve();",
      "snapshots",
    ],
    ["snapshots of one sandbox are of all", "{ query }, options", "{}, options", "snapshots"],
  ]),
  ...inFile("packages/core/src/extras/metrics.ts", [
    [
      "a window is not asked for",
      '"getSandboxMetricsSummary", { path: { id }, query }',
      '"getSandboxMetricsSummary", { path: { id } }',
      "metrics",
    ],
  ]),
  ...inFile("packages/core/src/extras/when-running.ts", [
    [
      "exec does not wait for a boot",
      'if (phase !== "queued" && phase !== "creating")',
      'if (phase !== "nothing")',
      "exec",
    ],
    [
      "exec waits for what has ended",
      'if (phase !== "queued" && phase !== "creating")',
      'if (phase === "nothing")',
      "exec",
    ],
  ]),
  ...inFile("packages/core/src/resources/exec.ts", [
    [
      "a slow command is a SandboxTimeoutError",
      "return new CommandTimeoutError(",
      "return new (Object.getPrototypeOf(CommandTimeoutError) as typeof CommandTimeoutError)(",
      "exec",
    ],
    ["a command that never started was perhaps killed", 'killed: started && "unknown",', 'killed: "unknown",', "exec"],
    ["whether a command was killed is not told", 'killed: started && "unknown",', "", "exec"],
    ["a command's output is forgotten", '      stdout: "",\n', "", "exec"],
    [
      "the output of commands is doubled",
      'result.reason ??= "unknown";',
      "Object.assign(result, { stdout: result.stdout + result.stdout, exit_code: 0 });",
      "exec",
      "capabilities",
    ],
  ]),
  ...inFile("packages/core/src/errors/sandbox-error.ts", [
    ["errors have no brand", "get [BRAND](): true", "get brand(): true", "errors", "faults", "retries"],
  ]),
  ...inFile("packages/core/src/porter.ts", [
    ["three repeats are four", "maxRetries = 3,", "maxRetries = 4,", "faults"],
    [
      "closing a client ends nothing",
      "for (const scope of [...this.#client.underway]) scope.fail(closedError(scope.admitted));",
      "",
      "faults",
    ],
    ["what a closed client sent was not taken", "closedError(scope.admitted)", "closedError()", "faults"],
    [
      "health is readiness",
      "return this.raw.healthz({}, options);",
      "return this.raw.readyz({}, options);",
      "health",
      "faults",
      "tolerance",
    ],
    [
      "readiness is health",
      "return this.raw.readyz({}, options);",
      "return this.raw.healthz({}, options) as never;",
      "health",
    ],
  ]),
];
