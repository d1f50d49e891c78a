/** The client of a Sandbox API, on web standards alone. Adapters add what only their runtime can. */

export type { Clock } from "@porter-sandbox/spec";
export {
  type ApiKey,
  type Configuration,
  type ConnectionOptions,
  type Environment,
  resolveConfiguration,
} from "./configuration.ts";
export {
  CommandTimeoutError,
  ConfigurationError,
  ConnectionError,
  DownloadTimeoutError,
  MalformedResponseError,
  SandboxTimeoutError,
  StreamInterruptedError,
  UploadTimeoutError,
} from "./errors/client-errors.ts";
export type { JobStartError } from "./errors/job-start-error.ts";
export { SandboxExpiredError, SandboxImagePullError, SandboxOOMError } from "./errors/lifecycle-errors.ts";
export { LogGapError } from "./errors/log-gap-error.ts";
export { type Admitted, type ErrorDetails, isSandboxError, SandboxError } from "./errors/sandbox-error.ts";
export {
  AuthenticationError,
  ConflictError,
  InvalidRequestError,
  NotFoundError,
  PayloadTooLargeError,
  PaymentRequiredError,
  PermissionDeniedError,
  RateLimitError,
  SandboxNotRunningError,
  ServerError,
  UnsupportedError,
} from "./errors/status-errors.ts";
export type { FileContent } from "./extras/content.ts";
export type { ExecOptions } from "./extras/exec-options.ts";
export type { ReadOptions } from "./extras/file-content.ts";
export type {
  Job,
  JobJson,
  JobOutput,
  JobOutputOptions,
  JobStartOptions,
  JobStatus,
  JobsProgress,
  JobsWaitOptions,
  JobWaitOptions,
} from "./extras/jobs.ts";
export type { Process, ProcessExit, ProcessJson, TtySize } from "./extras/process.ts";
export type { Snapshot } from "./extras/snapshots.ts";
export type { AttachOptions, CommandOptions, SpawnOptions } from "./extras/spawn.ts";
export type { ErrorEvent, Hooks, RequestEvent, ResponseEvent, RetryEvent } from "./hooks.ts";
export { type Platform, Porter, type PorterOptions } from "./porter.ts";
export type { RawClient, RawInput, RawOutput } from "./raw.ts";
export type { FileStream } from "./resources/file-stream.ts";
export { FileSystem } from "./resources/file-system.ts";
export { type FileList, type FileType, VolumeFile } from "./resources/files.ts";
export type { Jobs, SandboxJobs } from "./resources/jobs.ts";
export type { Processes } from "./resources/processes.ts";
export { Sandbox } from "./resources/sandbox.ts";
export { type FileStat, type RemoveOptions, SandboxFiles, type WriteOptions } from "./resources/sandbox-files.ts";
export type { CreateOptions, Sandboxes, SandboxList } from "./resources/sandboxes.ts";
export type { Snapshots } from "./resources/snapshots.ts";
export { ObjectVolume, Volume, type Volumes } from "./resources/volume.ts";
export type { FetchLike } from "./transport/client.ts";
export type { CallOptions } from "./transport/scope.ts";
export * from "./types.ts";
