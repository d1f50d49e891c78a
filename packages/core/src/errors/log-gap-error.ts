import { SandboxError } from "./sandbox-error.ts";

/**
 * While logs were followed, more lines came between two requests than the server answers at once, so some may be
 * missing. `code` is `log_gap`.
 */
export class LogGapError extends SandboxError {
  static {
    LogGapError.prototype.name = "LogGapError";
  }
  /** The timestamp of the last line before the gap; null when there was none. */
  declare readonly after: string | null;
  /** The timestamp of the first line after it. */
  declare readonly before: string;
}
