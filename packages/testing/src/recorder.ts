import type { Fault, RecordedRequest } from "./control.ts";
import { operationOf } from "./routes.ts";

/** A request while it goes on. */
export interface Entry {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly time: number;
  status?: number;
  fault?: Fault["kind"];
  aborted: boolean;
  finished: boolean;
}

export interface Recorder {
  start(request: Request): Entry;
  /** Safe to repeat; the first way it ended counts. */
  finish(entry: Entry, how?: { aborted: boolean }): void;
  list(): RecordedRequest[];
  /** `METHOD /path` of what has not finished, also of what is forgotten otherwise. */
  unfinished(): string[];
  clear(): void;
}

/** Remembers requests, the newest `kept` of them. */
export function createRecorder(now: () => number, kept: number): Recorder {
  let entries: Entry[] = [];
  let open = new Set<Entry>();
  return {
    start(request) {
      const { method, url, headers } = request;
      const entry: Entry = { method, url, headers, time: now(), aborted: false, finished: false };
      open.add(entry);
      entries.push(entry);
      if (entries.length > 2 * kept) entries = newest(entries, kept);
      return entry;
    },
    finish(entry, how) {
      if (entry.finished) return;
      entry.finished = true;
      entry.aborted = how?.aborted ?? false;
      open.delete(entry);
    },
    list: () => newest(entries, kept).map(recordOf),
    unfinished: () => [...open].map((entry) => `${entry.method} ${new URL(entry.url).pathname}`),
    clear() {
      entries = [];
      // What still runs is not what was asked for before.
      open = new Set();
    },
  };
}

const REDACTED = "[redacted]";

/** Names whose values are kept from everyone. The idempotency key is one that clients make up for each request. */
function isSecret(name: string): boolean {
  return name !== "idempotency-key" && /auth|cookie|key|token|secret|password|credential/i.test(name);
}

function newest<T>(list: readonly T[], count: number): T[] {
  return count > 0 ? list.slice(-count) : [];
}

function recordOf(entry: Entry): RecordedRequest {
  const { pathname, searchParams } = new URL(entry.url);
  const operation = operationOf(entry.method, pathname);
  const hide = ([name, value]: [string, string]): [string, string] => [name, isSecret(name) ? REDACTED : value];
  return {
    method: entry.method,
    path: pathname,
    query: [...searchParams].map(hide),
    headers: Object.fromEntries([...entry.headers].map(hide)),
    ...(operation && { operation }),
    ...(entry.status !== undefined && { status: entry.status }),
    ...(entry.fault && { fault: entry.fault }),
    aborted: entry.aborted,
    finished: entry.finished,
    time: entry.time,
  };
}
