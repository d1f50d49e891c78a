import { SandboxError } from "./sandbox-error.ts";

/** The client was configured wrongly, or not at all. Nothing was sent. */
export class ConfigurationError extends SandboxError {
  static {
    ConfigurationError.prototype.name = "ConfigurationError";
  }
  constructor(message: string) {
    super(message, { code: "configuration" });
  }
}

/** No answer came: the server could not be reached, or the connection broke. `cause` holds the runtime's own error. */
export class ConnectionError extends SandboxError {
  static {
    ConnectionError.prototype.name = "ConnectionError";
  }
}

/** The request took longer than its `timeoutMs`, over all attempts. It was cancelled. */
export class SandboxTimeoutError extends SandboxError {
  static {
    SandboxTimeoutError.prototype.name = "SandboxTimeoutError";
  }
}

/** A command took longer than the `timeoutMs` of its `exec`. */
export class CommandTimeoutError extends SandboxTimeoutError {
  static {
    CommandTimeoutError.prototype.name = "CommandTimeoutError";
  }
  /** Standard output so far; empty where the server answers only when a command has ended, and where it was read as it came. */
  declare readonly stdout: string;
  /** Standard error so far, in the same way. */
  declare readonly stderr: string;
  /** Whether the command was killed: `false` when it never started, or goes on; `"unknown"` when the server does not say. */
  declare readonly killed: boolean | "unknown";
}

/** Writing a file took longer than its `timeoutMs`. The file is as it was before, since writes are atomic. */
export class UploadTimeoutError extends SandboxTimeoutError {
  static {
    UploadTimeoutError.prototype.name = "UploadTimeoutError";
  }
}

/** Reading a file took longer than its `timeoutMs`. */
export class DownloadTimeoutError extends SandboxTimeoutError {
  static {
    DownloadTimeoutError.prototype.name = "DownloadTimeoutError";
  }
}

/** The server's answer is not what the API says. `field` names the first place that is wrong. */
export class MalformedResponseError extends SandboxError {
  static {
    MalformedResponseError.prototype.name = "MalformedResponseError";
  }
  /** Where it is wrong, such as `sandboxes[0].phase`; empty when the body as a whole is. */
  declare readonly field: string;
}

/** Bytes of a file or of a command's output stopped before their end, or some of them are lost. */
export class StreamInterruptedError extends SandboxError {
  static {
    StreamInterruptedError.prototype.name = "StreamInterruptedError";
  }
  /** How many bytes came through before. */
  declare readonly bytesReceived: number;
  /** Which bytes of a process's output are lost (`code` is `output_gap`); what follows begins at `to`. */
  declare readonly gap:
    | { readonly stream: "stdout" | "stderr"; readonly from: number; readonly to: number }
    | undefined;
  /** Of `exec`: the standard output before. */
  declare readonly stdout: string | undefined;
  /** Of `exec`: the standard error before. */
  declare readonly stderr: string | undefined;
}
