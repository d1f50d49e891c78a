import type { FakeControl } from "../control.ts";
import type { FetchLike } from "../gateway.ts";

/**
 * What a case may need of the server it runs against, or of the way there.
 *
 * - `auth`: the target's `apiKey` is asked for, and a wrong one is refused
 * - `control`: clock and faults can be moved (`target.control`)
 * - `cors`: the server answers preflights of any origin
 * - `egress`, `networking`, `resources`, `snapshots`, `metrics`, `object_volumes`: the engine can do it
 * - `egress_names`: `egress` takes host names, wildcards, services and IPv6, beside IPv4 addresses and ranges
 * - `internal_ports`: a port can be exposed to other sandboxes alone, beside what `networking` is
 * - `refuses_unsupported`: the engine lacks at least one of those, so that a refusal can be seen
 * - `env_groups`: the target's `envGroup` exists
 * - `exit_codes`: a main process that ends by itself ends the sandbox
 * - `idempotency_keys`: repeated creates with one key run once
 * - `exec_options`, `exec_streams`, `processes`: the server has the extension of that name
 * - `lifetime`, `status_reason`, `log_filters`: the server has the extension of that name
 * - `no_extensions`: the server speaks the published API alone
 * - `shell`: the image has `sh` with pipes and redirections
 * - `sandbox_files`: the image has what `sandbox.files` takes: `sh` with `base64`, `find` and `stat`, as busybox does
 * - `many`: some sixty sandboxes at once are no burden
 * - `file_limit`: the target's `maxFileBytes` is small enough for a case to go over it
 * - `queue`: no more memory is promised than the target's `allMemoryBytes`; what goes beyond waits, or is refused
 * - `any_headers`: the way there lets a client set any header and method (browsers do not)
 * - `streamed_uploads`: the way there takes a request body that is a stream (Chromium on HTTP/1.1 does not)
 */
export const capabilities = [
  "auth",
  "control",
  "cors",
  "egress",
  "egress_names",
  "networking",
  "internal_ports",
  "resources",
  "snapshots",
  "metrics",
  "object_volumes",
  "refuses_unsupported",
  "env_groups",
  "exit_codes",
  "idempotency_keys",
  "exec_options",
  "exec_streams",
  "processes",
  "lifetime",
  "status_reason",
  "log_filters",
  "no_extensions",
  "shell",
  "sandbox_files",
  "many",
  "file_limit",
  "queue",
  "any_headers",
  "streamed_uploads",
] as const;

/** One of the {@link capabilities}. */
export type Capability = (typeof capabilities)[number];

export type { FetchLike };

/** A server to run the suite against, and the way there. */
export interface Target {
  /** What reaches the server: the global fetch, a fake's, a user's own. */
  readonly fetch: FetchLike;
  /** Default `http://sandbox-api.local`, for a fetch that is the server itself. A path in it is kept. */
  readonly baseUrl?: string | undefined;
  /** Sent as a bearer token when given. */
  readonly apiKey?: string | undefined;
  /**
   * An image that exists there and has `echo`, `cat`, `ls`, `true`, `false`, `sleep`, `printenv`, `mkdir` and
   * `touch`, as busybox does. Started without a command it stays alive until it is terminated.
   */
  readonly image: string;
  /** Clock and faults of a fake. Having it is the capability `control`. */
  readonly control?: FakeControl | undefined;
  /** What is to be expected there. Cases that need anything else are skipped, with that as the reason. */
  readonly capabilities: readonly Capability[];
  /** An environment group that exists there, and one entry of it. Needed for the capability `env_groups`. */
  readonly envGroup?: { readonly name: string; readonly key: string; readonly value: string } | undefined;
  /** The largest file that the server takes, in bytes. Needed for the capability `file_limit`. */
  readonly maxFileBytes?: number | undefined;
  /** The memory that all sandboxes together may be promised, in bytes. Needed for the capability `queue`. */
  readonly allMemoryBytes?: number | undefined;
  /** How long a sandbox may take to start, in milliseconds. Default 60 000. */
  readonly bootTimeoutMs?: number | undefined;
}

/** Whether a target has what a case needs. */
export const targetHas = ({ control, capabilities }: Target, capability: Capability): boolean =>
  capability === "control" ? control !== undefined : capabilities.includes(capability);
