/**
 * How grave a line is. A line that names its level near its start, as loggers write it (`ERROR …`, `[warn] …`,
 * `2026-01-01 … WARNING …`, `level=info`, `"level":"error"`), has that one; any other is an error when it came on
 * stderr, and information when it came on stdout.
 */
export type LogLevel = "error" | "warning" | "info";

/** Longer lines than this name their level before it, or not at all. */
const HEAD_CHARS = 200;
const FIELD = /\b"?(?:level|severity|lvl)"?\s*[=:]\s*"?([a-z]+)/i;
/** Perhaps a time or another prefix without letters, perhaps a bracket, then the level in capitals or before a colon or bracket. */
const START = /^[^a-zA-Z]{0,40}(?:T[\d:.,+-]+Z?[^a-zA-Z]{0,4})?(?:([A-Z]{3,8})\b|([A-Za-z]{3,8})(?=[\]>:]))/;

const LEVELS: Readonly<Record<string, LogLevel>> = {
  panic: "error",
  fatal: "error",
  critical: "error",
  crit: "error",
  alert: "error",
  error: "error",
  err: "error",
  warning: "warning",
  warn: "warning",
  notice: "info",
  info: "info",
  debug: "info",
  trace: "info",
};

const named = (word: string | undefined): LogLevel | undefined => {
  const key = word?.toLowerCase() ?? "";
  return Object.hasOwn(LEVELS, key) ? LEVELS[key] : undefined;
};

export function levelOf(line: string, stream: "stdout" | "stderr"): LogLevel {
  const head = line.length > HEAD_CHARS ? line.slice(0, HEAD_CHARS) : line;
  const start = START.exec(head);
  const level = named(start?.[1] ?? start?.[2]) ?? named(FIELD.exec(head)?.[1]);
  return level ?? (stream === "stderr" ? "error" : "info");
}
