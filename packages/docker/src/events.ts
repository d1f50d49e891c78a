import type { Clock } from "@porter-sandbox/spec";
import type { DockerClient } from "./client.ts";
import type { Names } from "./names.ts";

/** What the engine tells of a container of ours. */
export interface DockerEvent {
  /** `die`, `oom`, `destroy`, `exec_die`. */
  readonly action: string;
  /** The container's own id. */
  readonly container: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface EventFeed {
  /** Resolves when the feed is connected: what happens from here on will be told, or `resync` will be called. */
  ready(): Promise<void>;
  listen(listener: (event: DockerEvent) => void): () => void;
  /** Called whenever events may have been missed: look for yourself. */
  onResync(listener: () => void): () => void;
  close(): void;
}

interface WireEvent {
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Record<string, string> };
}

const [shortestPauseMs, longestPauseMs] = [100, 5_000];

/**
 * One stream of the engine's events about what carries our label. Nothing polls: when the stream breaks it is taken up
 * again, with growing pauses while the engine is away or cuts it at once, and listeners are told to look for themselves.
 */
export function createEventFeed(client: DockerClient, names: Names, clock: Clock): EventFeed {
  const listeners = new Set<(event: DockerEvent) => void>();
  const resyncs = new Set<() => void>();
  const stop = new AbortController();
  let connected: Promise<void> | undefined;
  let everConnected = false;
  let pauseMs = shortestPauseMs;
  let cancelRetry: (() => void) | undefined;

  const filters = { type: ["container"], event: ["die", "oom", "destroy", "exec_die"], ...names.filters() };

  async function connect(): Promise<void> {
    const body = await client.stream("GET", "/events", { query: { filters }, signal: stop.signal });
    const since = clock.now();
    if (everConnected) for (const resync of resyncs) resync();
    everConnected = true;
    let rest = "";
    body.setEncoding("utf8");
    body.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") tell(line);
    });
    // An error is followed by close, where the stream is taken up again.
    body.on("error", () => {});
    body.once("close", () => {
      connected = undefined;
      if (clock.now() - since >= longestPauseMs) pauseMs = shortestPauseMs;
      later();
    });
  }

  function tell(line: string): void {
    let event: WireEvent;
    try {
      event = JSON.parse(line) as WireEvent;
    } catch {
      return;
    }
    if (event.Action === undefined || event.Actor?.ID === undefined) return;
    const told = { action: event.Action, container: event.Actor.ID, attributes: event.Actor.Attributes ?? {} };
    for (const listener of [...listeners]) listener(told);
  }

  /** At once, for somebody who waits for it. */
  function reconnect(): Promise<void> {
    cancelRetry?.();
    cancelRetry = undefined;
    const attempt = connect();
    connected = attempt;
    attempt.catch(() => {
      connected = undefined;
      later();
    });
    return attempt;
  }

  function later(): void {
    if (stop.signal.aborted || cancelRetry !== undefined) return;
    cancelRetry = clock.schedule(() => void reconnect().catch(() => {}), pauseMs);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }

  return {
    ready: () => connected ?? reconnect(),
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onResync(listener) {
      resyncs.add(listener);
      return () => resyncs.delete(listener);
    },
    close() {
      stop.abort(new Error("the engine is closed"));
      cancelRetry?.();
      listeners.clear();
    },
  };
}
