import type { OperationId } from "@porter-sandbox/spec/operations";

/**
 * The control of a fake: its time, its faults, its memory. Every argument and answer is plain JSON, so the same object
 * works beside the fake (`createFakeSandboxApi().control`) and across processes (`remoteControl(url)`).
 */
export interface FakeControl {
  /**
   * Moves the fake's clock by `ms` milliseconds. What falls due on the way runs in the order of its time, each step
   * to its end, before this resolves.
   */
  advance(ms: number): Promise<void>;
  /** Adds a fault. The first rule that fits a request and has uses left applies; one rule a request. */
  inject(rule: FaultRule): Promise<void>;
  /** Forgets every fault, also those that wait for a sandbox to boot. */
  clearFaults(): Promise<void>;
  /** The engine loses a sandbox, as when its machine goes away: it ends as `failed`. Unknown ids reject. */
  evict(sandboxId: string): Promise<void>;
  /** What was requested so far, oldest first. Secrets are not in it. */
  requests(): Promise<RecordedRequest[]>;
  /** Forgets what was requested so far. */
  clearRequests(): Promise<void>;
  /** What is still there: nothing, after a test that cleaned up. */
  leaks(): Promise<Leaks>;
  /** Forgets sandboxes, volumes, snapshots, faults, scripted commands and requests. The clock stays where it is. */
  reset(): Promise<void>;
}

/** What goes wrong, for which requests and how often. */
export interface FaultRule {
  /** Only requests of this operation. Default: every operation. */
  readonly operation?: OperationId | undefined;
  /** How many requests it hits. Default 1. */
  readonly times?: number | "always" | undefined;
  /** The chance, 0 to 1, that a fitting request is hit; drawn from the fake's seed. Default 1. */
  readonly probability?: number | undefined;
  /** What goes wrong. */
  readonly fault: Fault;
}

/**
 * One way to go wrong. `commit` says whether the server does what was asked before it goes wrong (`true`), or nothing
 * happens (`false`).
 */
export type Fault =
  /** The answer comes `ms` later, by the fake's clock; the request is taken at once. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Another answer, as the API writes errors. `retry_after_s` adds a `Retry-After` header. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly commit: boolean;
      readonly retry_after_s?: number | undefined;
    }
  /** The connection breaks without an answer. */
  | { readonly kind: "reset"; readonly commit: boolean }
  /** The connection breaks `after_bytes` into the answer's body; its headers promise the whole of it. */
  | { readonly kind: "cut_body"; readonly after_bytes: number }
  /** The answer's body is JSON that ends in the middle; the status stays. */
  | { readonly kind: "malformed_json" }
  /** The sandbox that this create makes takes `ms` longer to start, by the fake's clock. */
  | { readonly kind: "slow_boot"; readonly ms: number }
  /** The sandbox that this create makes never starts. Default reason: `engine_error`. */
  | {
      readonly kind: "failed_boot";
      readonly reason?: "image_pull" | "engine_error" | undefined;
      readonly message?: string | undefined;
    }
  /** The sandbox that this create makes is lost `ms` after it started. */
  | { readonly kind: "evict_after"; readonly ms: number };

/** One request as the fake saw it. */
export interface RecordedRequest {
  /** The HTTP method. */
  readonly method: string;
  /** Without the query, still percent-encoded. */
  readonly path: string;
  /** Name and value of each parameter, in order, decoded. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Lower-case names; `authorization`, `cookie` and whatever looks like a key read `[redacted]`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Absent when the path and method are none of the API's. */
  readonly operation?: OperationId | undefined;
  /** Absent until answered, and when no answer was given. */
  readonly status?: number | undefined;
  /** The kind of the fault that hit it. */
  readonly fault?: Fault["kind"] | undefined;
  /** The client gave up before the answer's last byte. */
  readonly aborted: boolean;
  /** Nothing is left to send: answered to the last byte, broken off, or aborted. */
  readonly finished: boolean;
  /** When it came, milliseconds since the epoch by the fake's clock. */
  readonly time: number;
}

/** What a test left behind. */
export interface Leaks {
  /** Ids of sandboxes that have not ended. */
  readonly sandboxes: readonly string[];
  /** Ids of volumes that were not deleted. */
  readonly volumes: readonly string[];
  /** `METHOD /path` of requests that have not finished. */
  readonly requests: readonly string[];
}
