/** Log lines: the workload's own, which the engine keeps, and those of commands, which the store keeps. */
import { DEFAULT_LOG_LINES, parseSince } from "@porter-sandbox/spec";
import type { components } from "@porter-sandbox/spec/types";
import { engineErrorOf, invalid, show } from "../errors.ts";
import type { LogQuery, StoredLogLine } from "../store.ts";
import { sandboxOf } from "./lifecycle.ts";
import { levelOf } from "./log-level.ts";
import type { Plane } from "./plane.ts";
import { rfc3339 } from "./sandboxes.ts";

const HOUR_MS = 3_600_000;

/** What stands for the workload where a query names a command; no command has this id. */
const WORKLOAD = "workload";

/** The filters as they come in the query. */
export interface LogFilters {
  readonly limit?: number | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly level?: LogQuery["levels"];
  readonly exec_id?: string | undefined;
}

async function workloadLines(plane: Plane, id: string, query: LogQuery): Promise<StoredLogLine[]> {
  const { since, until, levels = [], limit } = query;
  try {
    const lines = await plane.engine.logs(id, {
      since,
      limit,
      ...(until !== undefined && { until }),
      ...(levels.length > 0 && { keep: ({ line, stream }) => levels.includes(levelOf(line, stream)) }),
    });
    return lines.map(({ timestamp, line, stream }) => ({ timestamp, line, level: levelOf(line, stream), exec_id: "" }));
  } catch (error) {
    // A sandbox that never came up is not known to the engine, and wrote nothing.
    if (engineErrorOf(error)?.code === "not_found") return [];
    throw error;
  }
}

function timeOf(field: "since" | "until", text: string | undefined, now: number): number | undefined {
  const time = text === undefined ? undefined : parseSince(text, now);
  if (text !== undefined && time === undefined) {
    const rule = "must be a Go duration such as 15m or 1h30m, or an RFC 3339 time";
    throw invalid(field, `${field}: ${rule} (got ${show(text)})`);
  }
  return time;
}

/** The newest lines, oldest first. A `limit` over the server's own counts as that one. */
export async function readLogs(
  plane: Plane,
  id: string,
  filters: LogFilters,
): Promise<components["schemas"]["LogsResponse"]> {
  const now = plane.clock.now();
  const since = timeOf("since", filters.since, now) ?? now - HOUR_MS;
  const until = timeOf("until", filters.until, now);
  await sandboxOf(plane, id);
  const limit = Math.min(filters.limit ?? DEFAULT_LOG_LINES, plane.limits.logLines);
  const { exec_id, level: levels } = filters;
  const query: LogQuery = { since, until, levels, limit };
  const [workload, commands] = await Promise.all([
    exec_id === undefined || exec_id === WORKLOAD ? workloadLines(plane, id, query) : [],
    exec_id === WORKLOAD ? [] : plane.store.readLogs(id, { ...query, exec_id }),
  ]);
  const lines = [...workload, ...commands].sort((a, b) => a.timestamp - b.timestamp);
  const logs = lines
    .slice(Math.max(0, lines.length - limit))
    .map(({ timestamp, line, level, exec_id }) => ({ timestamp: rfc3339(timestamp), line, level, exec_id }));
  return { sandbox_id: id, logs };
}
