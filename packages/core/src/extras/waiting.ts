/** Waiting for sandboxes to run, or to end: by asking again and again, since that works on every server. */
import { isEnded } from "@porter-sandbox/spec";
import { notRunningError } from "../errors/lifecycle-errors.ts";
import { invalidRequest } from "../errors/status-errors.ts";
import { learn, type Sandbox } from "../resources/sandbox.ts";
import type { Client } from "../transport/client.ts";
import { readJson } from "../transport/readers.ts";
import { perform, withinScope } from "../transport/request.ts";
import type { Scope } from "../transport/scope.ts";
import type { FleetProgress, FleetWaitOptions, Pagination, StatusResponse, WaitOptions } from "../types.ts";
import { handlesOf } from "./fleet.ts";
import { lateError, poll, unlimited } from "./polling.ts";

/** Between two questions about a sandbox that is to run, and about one that is to end. */
const LONGEST_WAIT_MS = { running: 2000, ended: 5000 };
/** Pages beside those that the sandboxes waited for would fill by themselves, before each is asked for by its id. */
const SPARE_PAGES = 2;
/** How far the created-time window of a list reaches beyond what it is for: servers differ in what they round. */
const WINDOW_SLACK_MS = 1000;

/** Waits until a sandbox runs, or until it has ended; the handle learns what is heard of it. */
export function waitFor(
  client: Client,
  sandbox: Sandbox,
  goal: "running" | "ended",
  options: WaitOptions = {},
): Promise<StatusResponse> {
  const { onProgress } = options;
  checkProgress(onProgress);
  const parts = { path: { id: sandbox.id } };
  let phase: string | undefined;
  const timedOut = (timeoutMs: number, { lastFailure }: Scope) =>
    lateError(`Sandbox ${sandbox.id} ${goal === "running" ? "did not run" : "had not ended"}`, timeoutMs, {
      cause: lastFailure,
      where: phase && `it is ${phase}`,
    });
  return withinScope(client, "getSandbox", parts, unlimited(options), timedOut, (scope) =>
    poll(client, scope, LONGEST_WAIT_MS[goal], async () => {
      const status = (await perform(client, scope, "getSandbox", parts, readJson)) as StatusResponse;
      if (scope.over) return undefined;
      learn(sandbox, status);
      if (status.phase !== phase) {
        phase = status.phase;
        await onProgress?.(status);
      }
      return reached(status, goal) ? status : undefined;
    }),
  );
}

/** Throws for a sandbox that will never run. A phase that is not known is neither running nor ended. */
function reached(status: StatusResponse, goal: "running" | "ended"): boolean {
  if (!isEnded(status.phase)) return goal === "running" && status.phase === "running";
  if (goal === "ended") return true;
  const { id, phase, exit_code, message } = status;
  const why = message ?? (exit_code === undefined ? undefined : `exit code ${exit_code}`);
  const details = { code: "sandbox_not_running", body: status, sandbox_id: id };
  throw notRunningError(`Sandbox ${id} is ${phase}${why ? `: ${why}` : ""}`, details, status);
}

/**
 * Waits until each of many sandboxes has run. Each round is one walk through the pages that hold those still waited for;
 * only what is not found there is asked for by its id.
 */
export async function waitForFleet(
  client: Client,
  given: readonly (Sandbox | string)[],
  options: FleetWaitOptions = {},
): Promise<Sandbox[]> {
  const { onProgress } = options;
  checkProgress(onProgress);
  const sandboxes = handlesOf(client, given);
  const handles = new Map<string, Sandbox[]>();
  for (const sandbox of sandboxes) handles.set(sandbox.id, [...(handles.get(sandbox.id) ?? []), sandbox]);
  const total = handles.size;
  const waiting = new Map<string, StatusResponse | undefined>([...handles.keys()].map((id) => [id, undefined]));
  const tag = commonTags(sandboxes);

  const timedOut = (timeoutMs: number, { lastFailure }: Scope) => {
    const [first, status] = [...waiting][0] ?? [];
    return lateError(`${waiting.size} of ${total} sandboxes did not run`, timeoutMs, {
      cause: lastFailure,
      where: first && `${first} is ${status?.phase ?? "not yet heard of"}`,
    });
  };
  await withinScope(client, "listSandboxes", {}, unlimited(options), timedOut, (scope) =>
    poll(client, scope, LONGEST_WAIT_MS.running, async () => {
      const changed: StatusResponse[] = [];
      const hear = (status: StatusResponse) => {
        if (waiting.get(status.id)?.phase !== status.phase) changed.push(status);
        for (const handle of handles.get(status.id) ?? []) learn(handle, status);
        if (reached(status, "running")) waiting.delete(status.id);
        else waiting.set(status.id, status);
      };
      const missing = new Set(waiting.keys());
      // For one of them a list has nothing to save.
      if (missing.size > 1) await walk(client, scope, tag, waiting, missing, hear);
      for (const id of missing) {
        const status = await perform(client, scope, "getSandbox", { path: { id } }, readJson);
        if (scope.over) return undefined;
        hear(status as StatusResponse);
      }
      if (changed.length > 0 && !scope.over) {
        const progress: FleetProgress = { total, running: total - waiting.size, changed };
        await onProgress?.(progress);
      }
      return waiting.size === 0 ? true : undefined;
    }),
  );
  return sandboxes;
}

/** Lists those that are waited for, and takes each that it finds out of `missing`. */
async function walk(
  client: Client,
  scope: Scope,
  tag: readonly string[],
  waiting: ReadonlyMap<string, StatusResponse | undefined>,
  missing: Set<string>,
  hear: (status: StatusResponse) => void,
): Promise<void> {
  const window = createdWindow([...waiting.values()]);
  const sought = missing.size;
  for (let page = 1, listed = 0; missing.size > 0; page++) {
    const parts = { query: { ...window, tag, page } };
    const answer = (await perform(client, scope, "listSandboxes", parts, readJson)) as {
      sandboxes: StatusResponse[];
      pagination: Pagination;
    };
    if (scope.over) return;
    listed += answer.sandboxes.length;
    for (const status of answer.sandboxes) if (missing.delete(status.id)) hear(status);
    const fitting = Math.ceil(sought / Math.max(1, listed / page));
    if (!answer.pagination.has_next_page || answer.sandboxes.length === 0 || page >= fitting + SPARE_PAGES) return;
  }
}

/** When all of them were created, once that is known; by the server's own clock. */
function createdWindow(statuses: readonly (StatusResponse | undefined)[]) {
  const times = statuses.map((status) => Date.parse(status?.created_at ?? ""));
  if (times.some(Number.isNaN)) return {};
  const at = (ms: number) => new Date(ms).toISOString();
  return {
    start_time: at(Math.min(...times) - WINDOW_SLACK_MS),
    end_time: at(Math.max(...times) + WINDOW_SLACK_MS),
  };
}

/** The tags that all handles are known to have, as a list's filter. */
function commonTags(sandboxes: readonly Sandbox[]): string[] {
  const [first, ...others] = sandboxes.map(({ tags }) =>
    Object.entries(tags ?? {}).map(([key, value]) => `${key}=${value}`),
  );
  return first?.filter((tag) => others.every((tags) => tags.includes(tag))) ?? [];
}

function checkProgress(onProgress: unknown): void {
  if (onProgress !== undefined && typeof onProgress !== "function")
    throw invalidRequest("onProgress", "must be a function");
}
