/** Ending many sandboxes together. */
import { livePhases } from "@porter-sandbox/spec";
import { inParallel } from "@porter-sandbox/spec/in-parallel";
import { isSandboxError, type SandboxError } from "../errors/sandbox-error.ts";
import { invalidRequest } from "../errors/status-errors.ts";
import type { Sandbox } from "../resources/sandbox.ts";
import type { Sandboxes } from "../resources/sandboxes.ts";
import type { Client } from "../transport/client.ts";
import { call } from "../transport/request.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { SandboxFilters, TerminateResult } from "../types.ts";
import { AT_ONCE, handlesOf } from "./fleet.ts";

/** Ends those that were given, or those that match and have not ended; one that fails keeps none of the others. */
export async function terminateAll(
  client: Client,
  sandboxes: Pick<Sandboxes, "iterate">,
  which: readonly (Sandbox | string)[] | SandboxFilters,
  options?: CallOptions,
): Promise<TerminateResult> {
  const ids = Array.isArray(which)
    ? [...new Set(handlesOf(client, which).map(({ id }) => id))]
    : await matching(sandboxes, which as SandboxFilters, options);
  const failures = new Map<string, SandboxError>();
  await inParallel(ids, AT_ONCE, options?.signal, async (id, own) => {
    try {
      await call(client, "terminateSandbox", { path: { id } }, { ...options, ...own });
    } catch (error) {
      // The caller's signal ends it all, whatever its reason.
      if (options?.signal?.aborted || !isSandboxError(error)) throw error;
      failures.set(id, error);
    }
  });
  return {
    terminated: ids.filter((id) => !failures.has(id)),
    failed: [...failures].map(([id, error]) => ({ id, error })),
  };
}

const FILTERS = ["start_time", "end_time", "search", "tags", "phase", "image"];

/** All are found before the first is ended: when the list cannot be had, nothing has happened. */
async function matching(
  sandboxes: Pick<Sandboxes, "iterate">,
  filters: SandboxFilters,
  options: CallOptions | undefined,
): Promise<string[]> {
  // A handle by itself is no filter, though it has tags.
  if (typeof filters !== "object" || filters === null || "id" in filters || !Object.values(filters).some(isNarrow))
    throw invalidRequest("sandboxes", "must be an array of sandboxes or ids, or filters of which one at least is set");
  // What is no filter would leave nothing out, and all would end.
  const stranger = Object.entries(filters).find(([name, value]) => value !== undefined && !FILTERS.includes(name));
  if (stranger) throw invalidRequest(stranger[0], `must be left out: the filters are ${FILTERS.join(", ")}`);
  const phase = isNarrow(filters.phase) ? filters.phase : livePhases;
  const ids: string[] = [];
  for await (const { id } of sandboxes.iterate({ ...filters, phase }, options)) ids.push(id);
  return ids;
}

/** Whether a filter leaves anything out: no tags, say, are the same as none asked for. */
function isNarrow(filter: unknown): boolean {
  if (typeof filter === "object" && filter !== null && !(filter instanceof Date)) return Object.keys(filter).length > 0;
  return filter !== undefined && filter !== "";
}
