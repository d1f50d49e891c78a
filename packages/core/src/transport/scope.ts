import { type Admitted, isSandboxError, type SandboxError } from "../errors/sandbox-error.ts";
import { notify, type RequestEvent } from "../hooks.ts";
import { type Client, closedError } from "./client.ts";

/** What every call takes last. */
export interface CallOptions {
  /** Aborts the call, also on the wire. The call rejects with the signal's reason, as `fetch` does. */
  signal?: AbortSignal | null | undefined;
  /**
   * Milliseconds for the whole call, all attempts and waits included. Default: the client's `timeoutMs`, but none for
   * `exec`, the contents of files and the input and output of processes. `Infinity` is no limit.
   */
  timeoutMs?: number | undefined;
}

interface Shared extends CallOptions {
  /** By the clock, in place of `timeoutMs` from now. */
  readonly endsAt?: number | undefined;
}

/** For the requests that one call is made of: its time is that of all of them together. */
export function shared(client: Client, options: CallOptions | undefined): CallOptions {
  const { timeoutMs = client.timeoutMs } = options ?? {};
  const whole: Shared = { endsAt: client.clock.now() + timeoutMs, ...options, timeoutMs };
  return whole;
}

/** Says why the deadline passed, as the error that fits the operation. */
export type OnTimeout = (timeoutMs: number, scope: Scope) => SandboxError;

/** The time and the right to run of one call: it ends by finishing, by its deadline, by the caller, or by `close()`. */
export class Scope {
  /** Whether the call is over; nothing may be sent any more. */
  over = false;
  /** Whether the server may have taken what was sent so far. */
  admitted: Admitted = false;
  /** What the last failed attempt failed of. */
  lastFailure: SandboxError | undefined;
  /** The attempt under way, for the hooks. */
  event: RequestEvent | undefined;
  /** For `fetch`; aborts when the call is over before it finished. */
  readonly signal: AbortSignal;
  /** The error that fits it, once its time is up. */
  readonly late: () => SandboxError;
  readonly #client: Client;
  readonly #abort: AbortController;
  readonly #deadline: number;
  readonly #onFail: (reason: unknown) => void;
  #cancelTimer: (() => void) | undefined;
  #cancelSleep: (() => void) | undefined;
  #unlisten: (() => void) | undefined;

  /** Throws at once when there is nothing to start. `onFail` hears once if the scope ends before `end()`. */
  constructor(
    client: Client,
    options: CallOptions | undefined,
    defaultTimeoutMs: number,
    onTimeout: OnTimeout,
    onFail: (reason: unknown) => void,
  ) {
    if (client.closed) throw closedError();
    const signal = options?.signal;
    if (signal?.aborted) throw signal.reason;
    const { clock, underway } = client;
    const timeoutMs = options?.timeoutMs ?? defaultTimeoutMs;
    this.#client = client;
    this.#abort = new AbortController();
    this.signal = this.#abort.signal;
    this.#deadline = (options as Shared | undefined)?.endsAt ?? clock.now() + timeoutMs;
    this.#onFail = onFail;
    this.late = () => onTimeout(timeoutMs, this);
    if (timeoutMs < Infinity) this.#cancelTimer = clock.schedule(() => this.fail(this.late()), this.left());
    if (signal) {
      const onAbort = () => this.fail(signal.reason);
      signal.addEventListener("abort", onAbort);
      this.#unlisten = () => signal.removeEventListener("abort", onAbort);
    }
    underway.add(this);
  }

  /** Milliseconds left until the deadline. */
  left(): number {
    return this.#deadline - this.#client.clock.now();
  }

  /** Waits; never goes on once the call is over. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (!this.over) this.#cancelSleep = this.#client.clock.schedule(resolve, ms);
    });
  }

  /** The call is over: lets go of timers and listeners. */
  end(): void {
    this.over = true;
    this.#client.underway.delete(this);
    this.#cancelTimer?.();
    this.#cancelSleep?.();
    this.#unlisten?.();
  }

  /** The call is over before its end: cancels it on the wire and tells the caller why. */
  fail(reason: unknown): void {
    if (this.over) return;
    this.end();
    this.#onFail(reason);
    const { event } = this;
    if (event && isSandboxError(reason)) notify(this.#client.hooks.onError, { ...event, error: reason });
    this.#abort.abort(reason);
  }
}
