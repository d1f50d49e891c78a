import type { Clock } from "@porter-sandbox/spec";
import type { ApiKey } from "../configuration.ts";
import { type Admitted, SandboxError } from "../errors/sandbox-error.ts";
import type { Hooks } from "../hooks.ts";
import type { Scope } from "./scope.ts";

/** What the client asks of a `fetch`: it is called with a URL as text and a plain init, as the global one is. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** What every handle of one `Porter` shares. It holds the key, so it is never reachable from a public property. */
export interface Client {
  readonly apiKey: ApiKey | undefined;
  readonly baseUrl: string | ((key: string | undefined) => string);
  readonly fetch: FetchLike;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timeoutMs: number;
  readonly maxRetries: number;
  /** Sent with every request; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly hooks: Hooks;
  /** The calls under way, to abort them on close. */
  readonly underway: Set<Scope>;
  closed: boolean;
  /** The server's extensions, once asked for. */
  extensions?: readonly string[] | undefined;
}

/** What a call on a closed client ends with. */
export function closedError(admitted: Admitted = false): SandboxError {
  return new SandboxError("This Porter client was closed", { code: "client_closed", admitted });
}
