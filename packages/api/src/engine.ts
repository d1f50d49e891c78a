/** The Engine port: what runs things. */

/** What an engine can do and enforce. What is false is refused with a 422 that names the field. */
export interface EngineFeatures {
  /** CPU and memory limits. */
  readonly resources: boolean;
  /** `egress` rules, and the default that shuts out private networks. */
  readonly egress: boolean;
  /** Ports of a sandbox reachable by `networking`. */
  readonly networking: boolean;
  /** Keeping the file system of a running sandbox, and starting others from it. */
  readonly snapshots: boolean;
  /** Measuring CPU, memory and network. */
  readonly metrics: boolean;
  /** Volumes of type `object`. */
  readonly object_volumes: boolean;
}

/** Everything needed to run a sandbox, resolved: groups merged into `env`, mounts checked, image or snapshot chosen. */
export interface SandboxPlan {
  /** Made by the control plane; safe in a URL and as a DNS label. */
  readonly id: string;
  /** Unique for ever; for host names and labels, never for look-up. */
  readonly name: string;
  /** Empty when `snapshot_id` is given. */
  readonly image: string;
  /** Start from this snapshot's file system. */
  readonly snapshot_id?: string;
  /** Replaces the image's entrypoint. Without it (and without `args`) the image's own runs, its stdin held open. */
  readonly command?: readonly string[];
  /** Arguments for the entrypoint, the image's or `command`. */
  readonly args?: readonly string[];
  /** All of its environment variables, over those of the image. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute mount path to volume id. */
  readonly volume_mounts: Readonly<Record<string, string>>;
  /** The port to expose. `internal` is for other sandboxes alone; a `domain` is the host name asked for. */
  readonly networking?: {
    readonly port: number;
    readonly domain?: string;
    readonly visibility: "public" | "private" | "internal";
  };
  /** Absent: the public internet and DNS only. Empty: nothing. */
  readonly egress?: readonly string[];
  /** Limits, in cores and bytes. Absent: the engine's own defaults. */
  readonly resources?: { readonly cpu_cores?: number; readonly memory_bytes?: number };
}

/** Why a sandbox ended, when not by its own exit. */
export type EndReason = "out_of_memory" | "image_pull" | "evicted" | "engine_error";

/** How a sandbox's main process ended. */
export interface SandboxEnd {
  /** Of the main process; absent when the engine does not know it. */
  readonly exit_code?: number;
  /** Absent when it ended by its own exit. */
  readonly reason?: EndReason;
  /** In words, for people; no secrets. */
  readonly message?: string;
  /** Milliseconds since the epoch. */
  readonly finished_at: number;
}

/** A sandbox whose main process has started. */
export interface RunningSandbox {
  /** Milliseconds since the epoch. */
  readonly started_at: number;
  /** Where its exposed port answers; empty when nothing is exposed. */
  readonly host: string;
  /** Where other sandboxes reach its port, where the engine has such an address. */
  readonly internal_address?: string;
  /** Where it runs, on an engine that has pods. */
  readonly exec_target?: { readonly namespace: string; readonly pod_name: string; readonly container_name: string };
  /** Resolves once, when the main process has ended for whatever reason. Never rejects. */
  readonly ended: Promise<SandboxEnd>;
}

/** A terminal's size. */
export interface TtySize {
  /** Lines. */
  readonly rows: number;
  /** Characters of a line. */
  readonly cols: number;
}

/** A command to start. */
export interface ExecPlan {
  /** Unique; made by the control plane. */
  readonly exec_id: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Whether its input stays open; else it is empty. */
  readonly stdin: boolean;
  /** An absolute path. Absent: the image's. */
  readonly cwd?: string;
  /** Over the sandbox's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** A name or number, perhaps with `:group`. Absent: the image's. */
  readonly user?: string;
  /** Gives it a terminal of this size; what it writes all comes as `stdout` then. */
  readonly tty?: TtySize;
  /** Whether what it started ends when it does. Absent: it may go on, as after a shell's `&`. */
  readonly whole?: boolean;
}

/** How a command ended. */
export interface ExecEnd {
  /** 128 and the signal's number when a signal ended it. */
  readonly exit_code: number;
  /** `SIGTERM`, say: only when the engine knows that a signal ended it. */
  readonly signal?: string;
}

/** A command that runs in a sandbox, on byte streams. Nothing is read ahead: when a reader stops, the command waits. */
export interface EngineExec {
  /** Standard output; with a terminal, all output. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** Standard error; empty with a terminal. */
  readonly stderr: ReadableStream<Uint8Array>;
  /** Closing it is end of file. Absent when the exec was asked for without stdin. */
  readonly stdin?: WritableStream<Uint8Array>;
  /** Resolves when the command has ended, after the last byte of both streams; rejects with an EngineError when its end cannot be known. */
  readonly exit: Promise<ExecEnd>;
  /** Kills the command with all its descendants. Safe to repeat, and after the end. */
  kill(): Promise<void>;
  /** Sends a signal (`SIGTERM`, …; not `SIGKILL`) to the command's process group. Does nothing after the end. */
  signal(name: string): Promise<void>;
  /** Changes the size of its terminal. Does nothing after the end. */
  resize(size: TtySize): Promise<void>;
}

/** One line of the workload's own output. */
export interface EngineLogLine {
  /** Milliseconds since the epoch; fractions allowed. */
  readonly timestamp: number;
  /** The text, without its line end. */
  readonly line: string;
  /** Which output it was written to. */
  readonly stream: "stdout" | "stderr";
}

/** Which lines of the workload's output. Times are milliseconds since the epoch. */
export interface EngineLogOptions {
  /** Only lines at or after this. */
  readonly since: number;
  /** How many lines at most, the newest. */
  readonly limit: number;
  /** Only lines at or before this. Absent: all that came since. */
  readonly until?: number;
  /** Only lines for which this returns true; `limit` counts those. Absent: all. */
  readonly keep?: (line: EngineLogLine) => boolean;
}

/** What a sandbox used at a moment. */
export interface EngineMetricSample {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** CPU in use, in cores. */
  readonly cpu_cores: number;
  /** Memory in use, in bytes. */
  readonly mem_bytes: number;
  /** Received from the network, in bytes a second. */
  readonly network_rx_bytes_per_second: number;
  /** Sent to the network, in bytes a second. */
  readonly network_tx_bytes_per_second: number;
}

/** A file or directory of a volume. */
export interface EngineFileInfo {
  /** The last part of its path. */
  readonly name: string;
  /** Anything else (links, devices) is not shown. */
  readonly type: "file" | "directory";
  /** 0 for a directory. */
  readonly size_bytes: number;
  /** Milliseconds since the epoch. */
  readonly modified_at: number;
}

/**
 * The files of one volume. Paths are absolute within the volume, already normalised (`/`, `/a/b`), and never escape it;
 * an engine must still not follow a symbolic link out of the volume. Refusals are EngineErrors: `not_found`,
 * `not_a_directory`, `is_a_directory`, `exists`. The root is `not_found` only when there is no such volume.
 */
export interface EngineFiles {
  /** What is at a path. */
  stat(path: string): Promise<EngineFileInfo>;
  /** The direct entries, in any order. */
  list(path: string): Promise<EngineFileInfo[]>;
  /**
   * Opens a file, and answers what it opened with the bytes that `range` wants of it. `range` is given the opened file,
   * and answers a part that lies within it and is not empty, or undefined when no bytes are wanted; it has no effects and
   * does not throw.
   *
   * `file` and `bytes` must be of one opened file, so that a reader sees the old file or the new one while a `write` puts
   * one in the place of the other. An engine must never look at the path a second time and take it for the same file; one
   * that has to open it again asks `range` again. `bytes` are `length` bytes, or the stream errors. (A file that a sandbox
   * changes in place, without replacing it, may show half of that.)
   */
  read(
    path: string,
    range: (file: EngineFileInfo) => { readonly start: number; readonly length: number } | undefined,
  ): Promise<{ readonly file: EngineFileInfo; readonly bytes?: ReadableStream<Uint8Array> }>;
  /**
   * Creates parents and replaces a file. The file shows only after the last byte: when `content` errors, nothing is
   * changed, and the error is passed on.
   */
  write(path: string, content: ReadableStream<Uint8Array>): Promise<void>;
  /** Moves a file or a directory. `to` is the full new path; its parent must exist, it itself must not. */
  move(from: string, to: string): Promise<void>;
}

/**
 * What runs sandboxes. The control plane owns every rule of the API (names, phases, TTLs, attachment, paging, idempotency,
 * limits, paths) and asks an engine only for what needs a machine. An engine owns what exists and runs: containers, volumes
 * and their bytes, snapshots, the workload's own output, exit codes.
 *
 * An engine must: keep ids as they are given, make every stop, remove and delete safe to repeat, and reject with an
 * {@link EngineError} whose code says why. It may decline what it cannot do, by saying `false` in `features`: the control
 * plane then refuses the request before anything happens. It must never: accept what it cannot enforce, invent an exit
 * code, read the system's clock where one is given, or know of names, keys, tags or phases.
 *
 * `dockerEngine()` of `@porter-sandbox/docker` and `createMemoryEngine()` of `@porter-sandbox/testing` are two.
 */
export interface Engine {
  /** For people and capabilities: `memory`, `docker`. */
  readonly name: string;
  /** What it can do and enforce. */
  readonly features: EngineFeatures;
  /**
   * Whether sandboxes are kept from what `egress` does not allow, shown to operators in `/readyz`. Not given: the engine
   * does not say.
   */
  readonly egress?: "enforced" | "unenforced" | undefined;
  /**
   * Looks at a create before anything happens: what of it this engine cannot enforce, though it has the feature as such
   * (host names in `egress`, say). The field and the rule make the 422's message. Without this it can do all of it.
   */
  refuses?(plan: SandboxPlan): { readonly field: string; readonly rule: string } | undefined;

  /**
   * All that exists of ours, by id; asked when the control plane starts, until it is answered, to reconcile it with the
   * store. It must reject rather than leave something out: a volume or snapshot that is not in it counts as lost.
   */
  inventory(): Promise<{ sandboxes: string[]; volumes: string[]; snapshots: string[] }>;

  /**
   * Brings a sandbox up; resolves when its main process has started. Rejects with an EngineError (`image_pull`,
   * `engine_error`, …) when it never will, leaving nothing behind. When `signal` aborts, it stops as soon as it can,
   * leaves nothing behind, and rejects with the signal's reason.
   *
   * An engine that lets sandboxes wait for their turn (`createSandboxQueue` helps) calls `begins` once, when it is there:
   * until then the sandbox is `queued`. One that lets nobody wait calls it at once.
   */
  startSandbox(plan: SandboxPlan, signal: AbortSignal, begins?: () => void): Promise<RunningSandbox>;
  /**
   * Takes up a sandbox that a former control plane started; undefined when the engine has none of that id. A rejection is
   * that sandbox's alone: it is asked for again later, and the others go on.
   */
  attachSandbox(id: string): Promise<RunningSandbox | undefined>;
  /** Kills what runs in it. Its output stays readable. Unknown and ended sandboxes are fine. */
  stopSandbox(id: string): Promise<void>;
  /** Forgets it with its output and its own files. Unknown ids are fine. */
  removeSandbox(id: string): Promise<void>;

  /** Starts a command. Rejects with an EngineError `not_running` when the sandbox is not running. */
  exec(id: string, exec: ExecPlan): Promise<EngineExec>;
  /** The newest `limit` lines that `options` let through, oldest first. */
  logs(id: string, options: EngineLogOptions): Promise<EngineLogLine[]>;
  /** Samples between two times (milliseconds since the epoch), oldest first; empty when there are none. */
  metrics(id: string, options: { start: number; end: number }): Promise<EngineMetricSample[]>;

  /** Makes it, unless it is there: a server that was killed meanwhile asks again, and what it holds must not be lost. */
  createVolume(volume: {
    id: string;
    type: "disk" | "object";
    object?: { bucket: string; prefix?: string; access: string };
  }): Promise<void>;
  /** Deletes it with its contents. Unknown ids are fine. */
  deleteVolume(id: string): Promise<void>;
  /** The files of a disk volume. */
  files(volumeId: string): EngineFiles;

  /** Keeps the file system of a running sandbox (volumes are not part of it); the sandbox keeps running. */
  createSnapshot(snapshot: { id: string; sandbox_id: string }): Promise<{ size_bytes: number }>;
  /** Deletes it. Unknown ids are fine. */
  deleteSnapshot(id: string): Promise<void>;

  /** Lets go of connections and timers. What runs goes on, unless the engine lives in this process. */
  close(): Promise<void>;
}

/**
 * Why an engine could not do something.
 * - `not_found`, `not_a_directory`, `is_a_directory`, `exists`: of a path in a volume, or of an id
 * - `not_running`: the sandbox does not run
 * - `image_pull`: the image could not be pulled
 * - `unsupported`: it cannot do that; the caller gets a 422 with the message
 * - `engine_error`: anything else
 */
export type EngineErrorCode =
  | "not_found"
  | "not_a_directory"
  | "is_a_directory"
  | "exists"
  | "not_running"
  | "image_pull"
  | "unsupported"
  | "engine_error";

/** What an engine rejects with. The message is shown to callers: no secrets in it. */
export class EngineError extends Error {
  /** Why, for programs. */
  readonly code: EngineErrorCode;
  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EngineError";
    this.code = code;
  }
}
