import { type Admitted, isSandboxError, type SandboxError } from "../errors/sandbox-error.ts";
import { notify, type RequestEvent } from "../hooks.ts";
import { type Client, closedError } from "./client.ts";

/** What every call takes last. */
export interface CallOptions {
  /** Aborts the call, also on the wire. The call rejects with the signal's reason, as `fetch` does. */
  signal?: AbortSignal | null | undefined;
  /**
   * Milliseconds for the whole call, all attempts and waits included. Default: the client's `timeoutMs`, but none for
   * `exec` and the contents of files. `Infinity` is no limit.
   */
  timeoutMs?: number | undefined;
}

/** The time and the right to run of one call: it ends by finishing, by its deadline, by the caller, or by `close()`. */
export interface Scope {
  /** For `fetch`; aborts when the call is over before it finished. */
  readonly signal: AbortSignal;
  /** Whether the call is over; nothing may be sent any more. */
  over: boolean;
  /** Whether the server may have taken what was sent so far. */
  admitted: Admitted;
  /** What the last failed attempt failed of. */
  lastFailure: SandboxError | undefined;
  /** The attempt under way, for the hooks. */
  event: RequestEvent | undefined;
  /** Milliseconds left until the deadline. */
  left(): number;
  /** Waits; never goes on once the call is over. */
  sleep(ms: number): Promise<void>;
  /** The call is over: lets go of timers and listeners. */
  end(): void;
  /** The call is over before its end: cancels it on the wire and tells the caller why. */
  fail(reason: unknown): void;
}

/** Says why the deadline passed, as the error that fits the operation. */
export type OnTimeout = (timeoutMs: number, scope: Scope) => SandboxError;

/** Opens a scope; `onFail` hears once if it ends before `end()`. Throws at once when there is nothing to start. */
export function openScope(
  client: Client,
  options: CallOptions | undefined,
  defaultTimeoutMs: number,
  onTimeout: OnTimeout,
  onFail: (reason: unknown) => void,
): Scope {
  if (client.closed) throw closedError();
  const signal = options?.signal;
  if (signal?.aborted) throw signal.reason;
  const timeoutMs = options?.timeoutMs ?? defaultTimeoutMs;
  const { clock, underway } = client;
  const started = clock.now();
  const controller = new AbortController();
  let cancelSleep: (() => void) | undefined;
  const onAbort = () => scope.fail(signal?.reason);
  const scope: Scope = {
    signal: controller.signal,
    over: false,
    admitted: false,
    lastFailure: undefined,
    event: undefined,
    left: () => started + timeoutMs - clock.now(),
    sleep: (ms) =>
      new Promise((resolve) => {
        if (!scope.over) cancelSleep = clock.schedule(resolve, ms);
      }),
    end() {
      scope.over = true;
      underway.delete(scope);
      cancelTimer?.();
      cancelSleep?.();
      signal?.removeEventListener("abort", onAbort);
    },
    fail(reason) {
      if (scope.over) return;
      scope.end();
      onFail(reason);
      const { event } = scope;
      if (event && isSandboxError(reason)) notify(client.hooks.onError, () => ({ ...event, error: reason }));
      controller.abort(reason);
    },
  };
  const cancelTimer =
    timeoutMs < Infinity ? clock.schedule(() => scope.fail(onTimeout(timeoutMs, scope)), timeoutMs) : undefined;
  signal?.addEventListener("abort", onAbort);
  underway.add(scope);
  return scope;
}

/** Runs `work` within a scope. It settles with the work, or at once when the scope fails, whatever the work does then. */
export function withinScope<T>(
  client: Client,
  options: CallOptions | undefined,
  defaultTimeoutMs: number,
  onTimeout: OnTimeout,
  work: (scope: Scope) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const scope = openScope(client, options, defaultTimeoutMs, onTimeout, reject);
    work(scope)
      .finally(() => scope.end())
      .then(resolve, reject);
  });
}
