// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is code as text
import { inFile, type Mutant } from "./mutant.ts";

/** How long sandboxes live, why they ended, waiting for either, and what their logs say. */
export const lifetimeMutants: readonly Mutant[] = [
  ...inFile("packages/api/src/control/lifetime.ts", [
    ["nothing expires", 'else await end(plane, id, "expired");', "", "ttl"],
    ["nothing ends for being idle", 'else await end(plane, id, "idle");', "", "idle timeouts"],
    ["a command that runs is no use", "if (activity.busy > 0) {", "if (activity.busy < 0) {", "idle timeouts"],
    ["an extension is forgotten", "LIVE_PHASES, { extended_to });", "LIVE_PHASES, {});", "lifetime"],
    [
      "an ended sandbox is let live longer",
      "if (extended === undefined) throw notRunning(plane, await sandboxOf(plane, id));",
      "if (extended === undefined) return record;",
      "lifetime",
    ],
    [
      "a refusal keeps the reason of the end to itself",
      "? { exit_code, reason, message } : undefined",
      "? undefined : undefined",
      "reasons",
      "lifetime",
    ],
    [
      "a shorter life is answered as the new one",
      "at >= asked)) return record;",
      "at >= asked)) return { ...record, ttl_seconds };",
      "lifetime",
    ],
    [
      "a second more is two",
      "plane.clock.now() + ttl_seconds * 1000;",
      "plane.clock.now() + ttl_seconds * 2000;",
      "lifetime",
    ],
    [
      "what has not started is not let live longer",
      "LIVE_PHASES, { extended_to });",
      '["running"], { extended_to });',
      "lifetime",
    ],
  ]),
  ...inFile("packages/api/src/http/routes.ts", [
    ["any time is a longer life", "{ check: checkExtendTtl },", "{ check: () => void checkExtendTtl },", "lifetime"],
    [
      "a longer life may take a body of any size",
      "plane.limits.bodyBytes,\n      { check: checkExtendTtl },",
      "Number.POSITIVE_INFINITY,\n      { check: checkExtendTtl },",
      "lifetime",
    ],
  ]),
  ...inFile("packages/api/src/http/app.ts", [
    [
      "the published API has every operation",
      "if (extension !== undefined && !plane.extensions) continue;",
      "",
      "lifetime",
    ],
  ]),
  ...inFile("spec/src/sandbox-spec.ts", [
    [
      "any idle time is taken",
      "idle_timeout_seconds: checkTtl,",
      "idle_timeout_seconds: () => undefined,",
      "idle timeouts",
    ],
  ]),
  ...inFile("packages/api/src/control/activity.ts", [
    ["a command does not begin the idle time anew", "activity.at = plane.clock.now();\n", "", "idle timeouts"],
  ]),
  ...inFile("packages/api/src/control/lifecycle.ts", [
    [
      "an id that is not there is not told",
      'throw unknownId("sandbox", id);',
      'throw unknownId("sandbox", "it");',
      "lifetime",
    ],
    [
      "an image that cannot be pulled is any failure",
      'refusal?.code === "image_pull" ? "image_pull" : "engine_error"',
      '"engine_error"',
      "reasons",
    ],
  ]),
  ...inFile("packages/api/src/control/sandboxes.ts", [
    ["a status says more than the published API has", "plane.extensions && extraStatusOf", "extraStatusOf", "reasons"],
    ["a status gives no reason", "...(reason !== undefined && { reason }),", "", "reasons"],
    [
      "every end has a reason",
      "...(reason !== undefined && { reason }),",
      'reason: reason ?? ("unknown" as never),',
      "reasons",
    ],
    ["a status gives no end of life", "...(expires_at !== undefined && ", "...(expires_at === null && ", "lifetime"],
    [
      "a status gives no idle timeout",
      "...(idle_timeout_seconds !== undefined && { idle_timeout_seconds }),",
      "",
      "idle timeouts",
    ],
  ]),
  ...inFile("packages/api/src/control/logs.ts", [
    [
      "lines are of every command",
      "plane.store.readLogs(id, { ...query, exec_id }),",
      "plane.store.readLogs(id, query),",
      "log filters",
    ],
    [
      "logs have no end of their window",
      'const until = timeOf("until", filters.until, now);',
      "const until = undefined;",
      "log filters",
    ],
    [
      "logs are of every level",
      "const { exec_id, level: levels } = filters;",
      "const { exec_id } = filters;\n  const levels = undefined;",
      "log filters",
    ],
    [
      "the workload's lines are every command's",
      "exec_id === undefined || exec_id === WORKLOAD ?",
      "true ?",
      "log filters",
    ],
  ]),
  ...inFile("packages/core/src/extras/ttl.ts", [
    ["a longer life is asked of any server", 'await need(client, "lifetime", "extendTtl", whole);', "", "lifetime"],
    [
      "an idle timeout is asked of any server",
      'await need(client, "lifetime", "idle_timeout_seconds", whole);',
      "",
      "lifetime",
    ],
    [
      "a longer life leaves the client unchecked",
      "addRules({ extendSandboxTtl: ({ body }) => checkExtendTtl(body) });",
      "",
      "lifetime",
    ],
  ]),
  ...inFile("packages/core/src/errors/lifecycle-errors.ts", [
    ["memory that ran out is any end", "out_of_memory: SandboxOOMError,", "", "reasons"],
    ["an idle end is any end", "idle: SandboxExpiredError,", "", "reasons"],
  ]),
  ...inFile("packages/core/src/extras/polling.ts", [
    [
      "a wait has the limit of single calls",
      "timeoutMs: options.timeoutMs ?? Number.POSITIVE_INFINITY,",
      "timeoutMs: options.timeoutMs,",
      "waiting",
    ],
    ["a wait passes over Retry-After", "least = error.retryAfterMs ?? 0;", "", "waiting"],
  ]),
  ...inFile("packages/core/src/extras/backoff.ts", [
    ["a wait asks as often for ever", "wait = Math.min(wait * 1.6, longest);", "", "waiting"],
  ]),
  ...inFile("packages/core/src/extras/waiting.ts", [
    ["what goes wrong with progress is lost", "await onProgress?.(status);", "onProgress?.(status);", "waiting"],
    ["a wait leaves the handle as it was", "learn(sandbox, status);", "", "waiting"],
    ["what ended while waited for has no reason", "details, status);", "details, {});", "waiting", "reasons"],
    [
      "a wait for the end ends while it runs",
      "return reached(status, goal) ? status : undefined;",
      "return status;",
      "waiting",
    ],
    [
      "a fleet is asked for one by one",
      "if (missing.size > 1) await walk",
      "if (missing.size < 0) await walk",
      "fleets",
    ],
    [
      "a fleet is sought among all sandboxes",
      "query: { ...window, tag, page }",
      "query: { ...window, page }",
      "fleets",
    ],
    [
      "what a list lacks is given up",
      "const missing = new Set(waiting.keys());",
      "const missing = new Set(waiting.keys()); for (const id of missing) if (id.startsWith('no-')) { missing.delete(id); waiting.delete(id); }",
      "fleets",
    ],
    ["handles of a fleet learn nothing", "learn(handle, status);", "{}", "fleets"],
    ["an end does not say of which", "body: status, sandbox_id: id };", "body: status };", "fleets", "waiting"],
    [
      "every end is the same",
      "return reached(status, goal) ? status",
      'return reached(status, goal) ? { ...status, phase: "terminated" }',
      "waiting",
    ],
  ]),
  ...inFile("packages/core/src/extras/fleet.ts", [
    ["an empty id is asked for", '|| id === "") throw', ") throw", "fleets"],
  ]),
  ...inFile("spec/src/in-parallel.ts", [
    [
      "of many the last is left out",
      "const left = items.values();",
      "const left = items.slice(0, -1).values();",
      "fleets",
    ],
  ]),
  ...inFile("packages/core/src/extras/terminating.ts", [
    ["what is no filter is one", "!FILTERS.includes(name));", "false);", "fleets"],
    [
      "the same sandbox is ended twice",
      "[...new Set(handlesOf(client, which).map(({ id }) => id))]",
      "handlesOf(client, which).map(({ id }) => id)",
      "fleets",
    ],
    [
      "one that cannot be ended keeps the others",
      "if (options?.signal?.aborted || !isSandboxError(error)) throw error;",
      "throw error;",
      "fleets",
    ],
    ["an abort is taken for a failure", "options?.signal?.aborted || ", "", "fleets"],
    ["what fails is told as ended", "ids.filter((id) => !failures.has(id))", "ids", "fleets"],
    ["those that have ended are ended again", ": livePhases;", ": undefined;", "fleets"],
    [
      "a phase that is asked for is not heard",
      "isNarrow(filters.phase) ? filters.phase : livePhases",
      "livePhases",
      "fleets",
    ],
    ["filters that leave nothing out end all", "Object.keys(filter).length > 0", "true", "fleets"],
    ["a filter is dropped", "{ ...filters, phase }", "{ ...filters, tags: undefined, phase }", "fleets"],
    [
      "a list that broke off is taken for whole",
      "for await (const { id } of sandboxes.iterate({ ...filters, phase }, options)) ids.push(id);",
      "try {\n    for await (const { id } of sandboxes.iterate({ ...filters, phase }, options)) ids.push(id);\n  } catch {}",
      "fleets",
    ],
    ["one page is ended", "ids.push(id);", "if (ids.push(id) === 50) break;", "fleets"],
  ]),
  ...inFile("packages/core/src/extras/polling.ts", [
    ["a wait does not hear its signal", "  signal: options.signal,\n", "", "waiting"],
  ]),
  ...inFile("packages/core/src/extras/log-reading.ts", [
    [
      "following does not hear its signal",
      "[query.signal, options.signal]",
      "[undefined as AbortSignal | undefined]",
      "following logs",
    ],
    [
      "lines that were seen come again",
      "const fresh = seen ? without(lines, seen) : lines;",
      "const fresh = lines;",
      "following logs",
    ],
    ["following begins with every line", "Math.max(0, matching.length - limit) : 0;", "0 : 0;", "following logs"],
    [
      "a level that there is not leaves the client",
      "if (!LEVELS.includes(one)) throw",
      "if (LEVELS.length === 0) throw",
      "log filters",
    ],
  ]),
  ...inFile("packages/core/src/resources/handle-json.ts", [
    [
      "any kind of handle is taken for a sandbox",
      "if (json.kind !== kind)",
      "if (json.kind === null)",
      "handles as json",
    ],
    ["a form of the future is read", "if (json.version !== VERSION)", "if (json.version === null)", "handles as json"],
  ]),
  ...inFile("packages/core/src/resources/sandbox.ts", [
    [
      "a handle's name does not travel",
      'handleJson("sandbox", this.id, { name: this.name })',
      'handleJson("sandbox", this.id, { name: null })',
      "handles as json",
    ],
    [
      "a handle takes its key along",
      'handleJson("sandbox", this.id, { name: this.name })',
      'handleJson("sandbox", this.id, { name: this.name, by: this.#client.apiKey as string })',
      "handles as json",
    ],
    [
      "a longer life is news to nobody",
      "return this.#learn(await extendTtl(this.#client, this.id, ttl_seconds, options));",
      "return await extendTtl(this.#client, this.id, ttl_seconds, options);",
      "lifetime",
    ],
  ]),
];
