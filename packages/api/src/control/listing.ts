/** Finding sandboxes: pages, filters, counts over time. */
import { COUNT_BUCKETS, clampTime, parseTagFilter } from "@porter-sandbox/spec";
import type { components } from "@porter-sandbox/spec/types";
import { invalid, notFound, show } from "../errors.ts";
import type { Phase, SandboxQuery } from "../store.ts";
import type { Plane } from "./plane.ts";
import { rfc3339, statusOf } from "./sandboxes.ts";

/** The filters as they come in the query; times are milliseconds. */
export interface ListFilters {
  readonly start_time?: number | undefined;
  readonly end_time?: number | undefined;
  readonly search?: string | undefined;
  readonly tag?: readonly string[] | undefined;
  readonly phase?: readonly Phase[] | undefined;
  readonly image?: string | undefined;
}

function tagOf(text: string): readonly [key: string, value: string] {
  const tag = parseTagFilter(text);
  if (tag === undefined) throw invalid("tag", `tag: must be key=value (got ${show(text)})`);
  return tag;
}

function queryOf(filters: ListFilters): SandboxQuery {
  const { start_time, end_time } = filters;
  if (start_time !== undefined && end_time !== undefined && start_time > end_time) {
    throw invalid("start_time", `start_time: must not be after end_time (got ${show(rfc3339(start_time))})`);
  }
  return {
    created_from: start_time,
    created_to: end_time,
    name_prefix: filters.search || undefined,
    tags: filters.tag?.map(tagOf),
    phases: filters.phase,
    image: filters.image,
  };
}

/** One page, newest first; a page past the end is empty. */
export async function listSandboxes(
  plane: Plane,
  filters: ListFilters,
  options: { page: number; include_filter_values: boolean },
): Promise<components["schemas"]["StatusList"]> {
  const { page, include_filter_values } = options;
  const limit = plane.limits.pageSize;
  const query = queryOf(filters);
  const { sandboxes, total } = await plane.store.pageSandboxes(query, { offset: (page - 1) * limit, limit });
  const total_pages = Math.ceil(total / limit);
  return {
    sandboxes: sandboxes.map((record) => statusOf(plane, record)),
    pagination: { current_page: page, total_pages, has_next_page: page < total_pages },
    ...(include_filter_values && { filter_values: await plane.store.filterValues(query, plane.limits.filterValues) }),
  };
}

const DAY_MS = 24 * 3_600_000;

/**
 * Sixty buckets of equal width from the start of the window. The width is a whole number of milliseconds, so the last
 * bucket may reach past the window's end; what was created there does not count.
 */
export async function countSandboxes(
  plane: Plane,
  filters: ListFilters,
): Promise<components["schemas"]["CountsResponse"]> {
  const end = filters.end_time ?? Math.max(plane.clock.now(), filters.start_time ?? 0);
  const start = filters.start_time ?? clampTime(end - DAY_MS);
  const query = queryOf({ ...filters, start_time: start, end_time: end });
  const width_ms = Math.max(1, Math.ceil((end - start) / COUNT_BUCKETS));
  const counts = await plane.store.countSandboxes(query, { start, width_ms, count: COUNT_BUCKETS });
  const points = counts.map((count, i) => ({ timestamp: rfc3339(clampTime(start + i * width_ms)), count }));
  return { points, granularity_ms: width_ms };
}

export async function lookupSandbox(plane: Plane, name: string): Promise<{ id: string }> {
  const id = await plane.store.lookupSandbox(name);
  if (id === undefined) throw notFound(`no sandbox has the name ${show(name)}`, "name");
  return { id };
}
