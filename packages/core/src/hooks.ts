import type { SandboxError } from "./errors/sandbox-error.ts";

/** One attempt of a request. No headers, no query, no body: nothing in it is secret. */
export interface RequestEvent {
  /** The operation's id in the OpenAPI document, such as `createSandbox`. */
  readonly operation: string;
  /** The HTTP method. */
  readonly method: string;
  /** Without its query. */
  readonly url: string;
  /** Counted from 1. */
  readonly attempt: number;
}

/** The head of an answer. */
export interface ResponseEvent extends RequestEvent {
  /** The HTTP status. */
  readonly status: number;
  /** The server's `X-Request-Id`. */
  readonly requestId: string | undefined;
  /** Milliseconds until the head of the answer arrived. */
  readonly durationMs: number;
}

/** An attempt that failed and will be repeated. */
export interface RetryEvent extends RequestEvent {
  /** Why this attempt failed. */
  readonly error: SandboxError;
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;
}

/** A request that failed for good. */
export interface ErrorEvent extends RequestEvent {
  /** Why it failed. */
  readonly error: SandboxError;
}

/** Functions that watch what a client does, for logs, metrics and traces. What they throw, or reject with, is ignored. */
export interface Hooks {
  /** Called before each attempt is sent. */
  onRequest?: ((event: RequestEvent) => void) | undefined;
  /** Called when the head of an answer has arrived, whatever its status. */
  onResponse?: ((event: ResponseEvent) => void) | undefined;
  /** Called before the wait for the next attempt. */
  onRetry?: ((event: RetryEvent) => void) | undefined;
  /** Called when a request has failed for good. */
  onError?: ((event: ErrorEvent) => void) | undefined;
}

/** Calls a hook, if there is one; watching never breaks what is watched. */
export function notify<E>(hook: ((event: E) => unknown) | undefined, event: E): void {
  try {
    (hook?.(event) as Promise<unknown> | undefined)?.catch?.(() => {});
  } catch {}
}
