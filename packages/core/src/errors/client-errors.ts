import { type ErrorDetails, SandboxError } from "./sandbox-error.ts";

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
  /** The output so far; empty where the server answers only when a command has ended. */
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the command was killed: `false` when it never started, `"unknown"` when the server does not say. */
  readonly killed: boolean | "unknown";

  constructor(message: string, details: ErrorDetails & { killed: boolean | "unknown" }) {
    super(message, details);
    this.stdout = "";
    this.stderr = "";
    this.killed = details.killed;
  }
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
  readonly field: string;

  constructor(message: string, details: ErrorDetails & { field: string }) {
    super(message, details);
    this.field = details.field;
  }
}

/** A file's bytes stopped before their end. */
export class StreamInterruptedError extends SandboxError {
  static {
    StreamInterruptedError.prototype.name = "StreamInterruptedError";
  }
  /** How many bytes came through before. */
  readonly bytesReceived: number;

  constructor(message: string, details: ErrorDetails & { bytesReceived: number }) {
    super(message, details);
    this.bytesReceived = details.bytesReceived;
  }
}
