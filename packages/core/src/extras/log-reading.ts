/** Reading logs beyond what one request of the published API gives: filters, and lines as they come. */

import { DEFAULT_LOG_LINES, isEnded, MAX_LOG_LINES } from "@porter-sandbox/spec";
import { parseGoDuration, parseSince } from "@porter-sandbox/spec/durations";
import { sleep } from "@porter-sandbox/spec/sleep";
import { invalidValue } from "../errors/invalid-value.ts";
import { LogGapError } from "../errors/log-gap-error.ts";
import { invalidRequest, RateLimitError, UnsupportedError } from "../errors/status-errors.ts";
import type { Client } from "../transport/client.ts";
import { call, checkCall } from "../transport/request.ts";
import { type CallOptions, shared } from "../transport/scope.ts";
import type { FollowQuery, LogFilters, LogLine, LogsQuery, StatusResponse } from "../types.ts";
import { createBackoff } from "./backoff.ts";
import { has } from "./capabilities.ts";

/** How far back logs go when the caller does not say. */
const HOUR_MS = 3_600_000;

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 2000;
/** Lines may show up a little later than others that were written after them. So far back is looked for such ones. */
const LATE_MS = 5000;
/** For how long there must be nothing new once the sandbox has ended. */
const SETTLE_MS = 500;

const LEVELS: readonly string[] = ["error", "warning", "info"] satisfies LogLine["level"][];

type Passes = (line: LogLine) => boolean;
type Read = (query: object) => Promise<LogLine[]>;

const isFiltered = ({ until, level, exec_id }: LogFilters): boolean =>
  until !== undefined || level !== undefined || exec_id !== undefined;

/** The filters as the extension has them; the workload's own lines have no exec id, and an empty one cannot be sent. */
function wireFilters({ until, level, exec_id }: LogFilters) {
  const ids = exec_id === "" ? "workload" : exec_id;
  return { until, level: level === undefined ? undefined : [level].flat(), exec_id: ids };
}

/** The same as a predicate. */
function passesOf({ until, level, exec_id }: LogFilters, now: number): { passes: Passes; untilMs: number } {
  const untilMs = until === undefined ? Number.POSITIVE_INFINITY : parseSince(until, now);
  if (untilMs === undefined)
    throw invalidValue("until", until, "must be a duration such as 15m or 1h30m, or an RFC 3339 time");
  const levels: readonly string[] | undefined = level === undefined ? undefined : [level].flat();
  for (const one of levels ?? [])
    if (!LEVELS.includes(one)) throw invalidValue("level", one, `must be of ${LEVELS.join(", ")}`);
  const passes: Passes = (line) =>
    (!levels || levels.includes(line.level)) &&
    (exec_id === undefined || line.exec_id === exec_id) &&
    !(Date.parse(line.timestamp) > untilMs);
  return { passes, untilMs };
}

const reader =
  (client: Client, id: string, options: CallOptions): Read =>
  async (query) =>
    (await call<{ logs: LogLine[] }>(client, "getSandboxLogs", { path: { id }, query }, options)).logs;

/**
 * The newest `limit` lines that match. A server without filters is asked for all the lines that it answers at once, and
 * they are filtered here.
 */
export async function filteredLogs(
  client: Client,
  id: string,
  query: LogsQuery,
  options: CallOptions = {},
): Promise<LogLine[]> {
  const { since, limit = DEFAULT_LOG_LINES } = query;
  const filters = wireFilters(query);
  const { passes } = passesOf(query, client.clock.now());
  checkCall("getSandboxLogs", { path: { id }, query: { since, limit, ...filters } }, options);
  const whole = shared(client, options);
  const read = reader(client, id, whole);
  if (await has(client, "log_filters", whole)) return read({ since, limit, ...filters });
  const all = await read({ since, limit: MAX_LOG_LINES });
  const found = all.filter(passes);
  // What the answer has no room for may well match.
  if (found.length < limit && all.length >= MAX_LOG_LINES)
    throw new UnsupportedError(
      `logs: the server cannot filter, and there are more than ${MAX_LOG_LINES} lines to look through; a later "since" helps`,
      { code: "unsupported", field: "since" },
    );
  return found.slice(Math.max(0, found.length - limit));
}

/** How many lines of each kind there are. */
type Counts = Map<string, number>;

const keyOf = ({ timestamp, level, exec_id, line }: LogLine) => `${timestamp} ${level} ${exec_id} ${line}`;

function countsOf(lines: readonly LogLine[]): Counts {
  const counts: Counts = new Map();
  for (const line of lines) {
    const key = keyOf(line);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** The lines that are not among those counted; of equal ones as many as there are more. */
function without(lines: readonly LogLine[], counted: Counts): LogLine[] {
  const left = new Map(counted);
  return lines.filter((line) => {
    const key = keyOf(line);
    const count = left.get(key) ?? 0;
    if (count > 0) left.set(key, count - 1);
    return count === 0;
  });
}

/**
 * Whether an answer may lack lines that came since the one before. Each reaches back to the newest line before it, whose
 * time is `last`: when nothing is there that was seen, older lines had to go. So had some when the first one is new, is
 * of that very time, and there was no room for more.
 */
function mayLack(lines: readonly LogLine[], fresh: readonly LogLine[], last: string | null, page: number): boolean {
  const full = lines.length >= page && fresh[0] === lines[0];
  return last === null ? full : fresh.length === lines.length || (full && lines[0]?.timestamp === last);
}

/**
 * Where the next answer is to begin. Before there is any line it is what the caller asked for; a duration back from now
 * grows with the time that passes, so that the beginning stays where it was. Then it is the newest line, or a little
 * before it while others may still come late. It never moves back: what lies before it was handed out and forgotten.
 */
function windowStart(client: Client, since: string | undefined) {
  const { clock } = client;
  const began = clock.now();
  const duration = since === undefined ? HOUR_MS : parseGoDuration(since);
  let oldest = Number.POSITIVE_INFINITY;
  let newest = Number.NEGATIVE_INFINITY;
  let heard = 0;
  let start = Number.NEGATIVE_INFINITY;
  return {
    text(): string | undefined {
      if (start > Number.NEGATIVE_INFINITY) return new Date(start).toISOString();
      return duration === undefined ? since : `${Math.ceil(duration + clock.now() - began)}ms`;
    },
    /** Takes note of the lines of an answer. */
    move(lines: readonly LogLine[]): void {
      const now = clock.now();
      for (const { timestamp } of lines) {
        const at = Date.parse(timestamp);
        oldest = Math.min(oldest, at);
        if (at > newest) {
          newest = at;
          heard = now;
        }
      }
      const reach = newest - (now - heard > LATE_MS ? 0 : LATE_MS);
      // Before the oldest line may lie what the caller did not ask for.
      if (reach > start && reach >= oldest) start = reach;
    },
  };
}

/**
 * The lines that match, and then others as they come, until the sandbox has ended and all of its lines are out. What is
 * kept in memory are the lines of two answers.
 */
export async function* followLogs(
  client: Client,
  id: string,
  query: FollowQuery,
  options: CallOptions = {},
  page = MAX_LOG_LINES,
): AsyncGenerator<LogLine, void, undefined> {
  const { since, limit, onGap } = query;
  const { clock, random } = client;
  const signals = [query.signal, options.signal].filter((one) => one != null);
  const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
  const filters = wireFilters(query);
  const { passes, untilMs } = passesOf(query, clock.now());
  const own = { ...options, signal };
  checkCall("getSandboxLogs", { path: { id }, query: { since, limit, ...filters } }, own);
  if (onGap !== undefined && typeof onGap !== "function") throw invalidRequest("onGap", "must be a function");
  const read = reader(client, id, own);
  // `until` stays here: whether later lines came tells when to stop.
  const sent = isFiltered({ ...query, until: undefined }) && (await has(client, "log_filters", own));
  const narrowed = sent ? { level: filters.level, exec_id: filters.exec_id } : {};
  const start = windowStart(client, since);

  let seen: Counts | undefined;
  let last: string | null = null;
  let ended: number | undefined;
  const backoff = createBackoff(random, FIRST_WAIT_MS, LONGEST_WAIT_MS);
  for (;;) {
    const asked = clock.now();
    let lines: LogLine[];
    try {
      lines = await read({ ...narrowed, since: start.text(), limit: page });
    } catch (error) {
      if (!(error instanceof RateLimitError)) throw error;
      backoff.slower();
      await sleep(clock, Math.max(error.retryAfterMs ?? 0, backoff.next()), signal);
      continue;
    }
    const fresh = seen ? without(lines, seen) : lines;
    const [oldest] = lines;
    if (seen && oldest && mayLack(lines, fresh, last, page)) {
      const gap = { after: last, before: oldest.timestamp };
      if (!onGap)
        throw new LogGapError("Lines may be lost: more came at once than the server answers", {
          code: "log_gap",
          ...gap,
        });
      onGap(gap);
    }
    const matching = fresh.filter(passes);
    const beginning = seen === undefined && limit !== undefined ? Math.max(0, matching.length - limit) : 0;
    seen = countsOf(lines);
    start.move(lines);
    last = lines[lines.length - 1]?.timestamp ?? last;
    for (const line of matching.slice(beginning)) yield line;

    if (fresh.some(({ timestamp }) => Date.parse(timestamp) > untilMs + LATE_MS)) return;
    if (fresh.length > 0) {
      // There may well be more by now.
      backoff.restart();
      if (fresh.length >= page / 2) continue;
    } else if (ended !== undefined ? asked - ended >= SETTLE_MS : asked > untilMs + LATE_MS) return;
    else if (ended === undefined) {
      const { phase } = await call<StatusResponse>(client, "getSandbox", { path: { id } }, own);
      if (isEnded(phase)) ended = clock.now();
    }
    await sleep(clock, ended === undefined ? backoff.next() : SETTLE_MS, signal);
  }
}
