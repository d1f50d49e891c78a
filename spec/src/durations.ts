/** Durations as Go writes them, and the windows that are given in them. All results are milliseconds. */

const UNITS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** The longest one that Go has, 2^63 ns. */
const LONGEST_MS = 2 ** 63 / 1e6;

/** `1h30m`, `1.5s`, `300ms`, `0`; undefined for anything else, negative ones included. */
export function parseGoDuration(text: string): number | undefined {
  if (text === "0") return 0;
  // The digits before and after the dot never compete, so no text makes this slow.
  const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
  let total = 0;
  do {
    const match = part.exec(text);
    if (!match) return undefined;
    total += Number(match[1]) * (UNITS[match[2] ?? ""] ?? Number.NaN);
  } while (part.lastIndex < text.length);
  return total <= LONGEST_MS ? total : undefined;
}

/** From the year 0000 through the year 9999. */
const [FIRST_TIME, LAST_TIME] = [-62_167_219_200_000, 253_402_300_799_999];

/** The nearest time to this one that RFC 3339 has a way to write. */
export const clampTime = (ms: number): number => Math.min(Math.max(ms, FIRST_TIME), LAST_TIME);

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * An RFC 3339 time as milliseconds since the epoch, with what is below a millisecond cut off; undefined for anything else. It is
 * stricter than `Date.parse`, and the same everywhere: the 30th of February is no time, nor is what an offset takes out of
 * the years that have four digits.
 */
export function parseTime(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const [offsetHour, offsetMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const ok = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!ok || offsetHour > 23 || offsetMinute > 59) return undefined;
  date.setUTCHours(hour, minute, second, Math.floor(Number(`0${match[7] ?? ""}`) * 1000));
  const time = date.getTime() - (match[8] === "-" ? -1 : 1) * (offsetHour * 60 + offsetMinute) * 60_000;
  return clampTime(time) === time ? time : undefined;
}

/** The `since` of logs: a Go duration back from `now`, or an RFC 3339 time. Milliseconds since the epoch, or undefined. */
export function parseSince(text: string, now: number): number | undefined {
  const back = parseGoDuration(text);
  return back === undefined ? parseTime(text) : now - back;
}

/** The `since` of a metrics summary: a Go duration from 3m to 24h. */
export function parseMetricsWindow(text: string): number | undefined {
  const window = parseGoDuration(text);
  return window !== undefined && window >= 3 * 60_000 && window <= 24 * 3_600_000 ? window : undefined;
}
