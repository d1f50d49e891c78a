/** Log lines: the workload's own, which the engine keeps, and those of commands, which the store keeps. */
import { parseSince } from "@porter-sandbox/spec";
import type { components } from "@porter-sandbox/spec/types";
import { engineErrorOf, invalid, show } from "../errors.ts";
import type { StoredLogLine } from "../store.ts";
import { sandboxOf } from "./lifecycle.ts";
import { levelOf } from "./log-level.ts";
import type { Plane } from "./plane.ts";
import { rfc3339 } from "./sandboxes.ts";

const HOUR_MS = 3_600_000;
const DEFAULT_LINES = 500;

async function workloadLines(
  plane: Plane,
  id: string,
  options: { since: number; limit: number },
): Promise<StoredLogLine[]> {
  try {
    const lines = await plane.engine.logs(id, options);
    return lines.map(({ timestamp, line, stream }) => ({ timestamp, line, level: levelOf(line, stream), exec_id: "" }));
  } catch (error) {
    // A sandbox that never came up is not known to the engine, and wrote nothing.
    if (engineErrorOf(error)?.code === "not_found") return [];
    throw error;
  }
}

/** The newest lines, oldest first. A `limit` over the server's own counts as that one. */
export async function readLogs(
  plane: Plane,
  id: string,
  query: { limit?: number | undefined; since?: string | undefined },
): Promise<components["schemas"]["LogsResponse"]> {
  const now = plane.clock.now();
  const since = query.since === undefined ? now - HOUR_MS : parseSince(query.since, now);
  if (since === undefined) {
    const rule = "must be a Go duration such as 15m or 1h30m, or an RFC 3339 time";
    throw invalid("since", `since: ${rule} (got ${show(query.since ?? "")})`);
  }
  await sandboxOf(plane, id);
  const limit = Math.min(query.limit ?? DEFAULT_LINES, plane.limits.logLines);
  const options = { since, limit };
  const [workload, commands] = await Promise.all([
    workloadLines(plane, id, options),
    plane.store.readLogs(id, options),
  ]);
  const lines = [...workload, ...commands].sort((a, b) => a.timestamp - b.timestamp);
  const logs = lines
    .slice(Math.max(0, lines.length - limit))
    .map(({ timestamp, line, level, exec_id }) => ({ timestamp: rfc3339(timestamp), line, level, exec_id }));
  return { sandbox_id: id, logs };
}
