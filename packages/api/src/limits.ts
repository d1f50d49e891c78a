import { MAX_FILE_BYTES, MAX_JSON_BYTES, MAX_LOG_LINES, PAGE_SIZE, WALK_BUDGET } from "@porter-sandbox/spec";

/** What bounds a server. Every bound is a default that `createSandboxApi({ limits })` can change. */
export interface Limits {
  /** Bytes of a JSON body. Default 1 MiB. */
  readonly bodyBytes: number;
  /** Bytes of a file that is written to a volume. Default 1 GiB. */
  readonly fileBytes: number;
  /** Bytes of stdout, and again of stderr, that one exec answers; what comes after them is marked as cut. Default 8 MiB. */
  readonly execOutputBytes: number;
  /** Bytes of each stream of a process that are kept to be read again. Default 1 MiB. */
  readonly replayBytes: number;
  /** How long a process can be looked at and read after its end, in milliseconds. Default 10 minutes. */
  readonly processRetentionMs: number;
  /** How many ended processes are kept, of all sandboxes together; the oldest go first. Default 128. */
  readonly endedProcesses: number;
  /** How long a process waits for a reader that takes nothing, in milliseconds. Default 30 seconds. */
  readonly readerStallMs: number;
  /** Characters of one line of a command that the logs keep; the rest of the line is dropped. Default 16,384. */
  readonly logLineChars: number;
  /** Log lines of one answer. Default 5,000. */
  readonly logLines: number;
  /** How long an ended sandbox keeps its status and logs, in milliseconds. Default 7 days. Its name is kept for ever. */
  readonly retentionMs: number;
  /** How long an idempotency key is kept, in milliseconds. Default 24 hours. */
  readonly idempotencyMs: number;
  /** Sandboxes of one page. Default 50. */
  readonly pageSize: number;
  /** Entries of one walk through a volume. Default 1,000. */
  readonly walkEntries: number;
  /** Filter values of each kind in one answer. Default 1,000. */
  readonly filterValues: number;
  /** How long `close` waits for requests under way before it kills their commands, in milliseconds. Default 10 seconds. */
  readonly drainMs: number;
}

/** The bounds that hold where `limits` says nothing else. */
export const defaultLimits: Limits = {
  bodyBytes: MAX_JSON_BYTES,
  fileBytes: MAX_FILE_BYTES,
  execOutputBytes: 8 * 1024 * 1024,
  replayBytes: 1024 * 1024,
  processRetentionMs: 10 * 60_000,
  endedProcesses: 128,
  readerStallMs: 30_000,
  logLineChars: 16_384,
  logLines: MAX_LOG_LINES,
  retentionMs: 7 * 24 * 3_600_000,
  idempotencyMs: 24 * 3_600_000,
  pageSize: PAGE_SIZE,
  walkEntries: WALK_BUDGET,
  filterValues: 1000,
  drainMs: 10_000,
};

/** The defaults with the changes that are given. Throws a TypeError that names a bound that is no bound. */
export function resolveLimits(changes: { readonly [K in keyof Limits]?: Limits[K] | undefined } = {}): Limits {
  const limits: Record<string, number> = { ...defaultLimits };
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(defaultLimits, name)) throw new TypeError(`limits.${name}: is not a limit`);
    if (value === undefined) continue;
    const least = name === "pageSize" || name === "walkEntries" || name === "logLines" ? 1 : 0;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new TypeError(`limits.${name}: must be a whole number of at least ${least} (got ${String(value)})`);
    }
    limits[name] = value;
  }
  return limits as unknown as Limits;
}
