import { SandboxError } from "@porter-sandbox/core";

/** Why, in words, for what the file system says most. */
const reasons: Record<string, string> = {
  ENOENT: "does not exist",
  EACCES: "may not be opened (permission denied)",
  EPERM: "may not be opened (not permitted)",
  EISDIR: "is a directory",
  ENOTDIR: "lies below something that is no directory",
  EROFS: "is on a read-only file system",
  ENOSPC: "does not fit on its disk",
  EMFILE: "could not be opened: too many files are open",
};

/** A file of this machine could not be read or written. `cause` holds the file system's own error, when there is one. */
export class LocalFileError extends SandboxError {
  static {
    LocalFileError.prototype.name = "LocalFileError";
  }
  /** The local path. */
  readonly path: string;

  constructor(path: string, reason: string, cause?: unknown) {
    super(`localPath: ${JSON.stringify(path)} ${reason}`, { code: "local_file", cause });
    this.path = path;
  }
}

/** The error for something the file system refused. */
export function localFileError(path: string, cause: unknown): LocalFileError {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "";
  return new LocalFileError(path, reasons[code] ?? `could not be used (${code || String(cause)})`, cause);
}

/** The error for something that could not be put into its folder: where that is missing, it is not the thing itself. */
export function folderError(path: string, cause: unknown): LocalFileError {
  const missing = (cause as { code?: unknown } | null)?.code === "ENOENT";
  return missing
    ? new LocalFileError(path, "lies in a folder that does not exist", cause)
    : localFileError(path, cause);
}

/** Does `work` on a file of this machine; what the file system refuses comes out as a LocalFileError. */
export async function onLocal<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw localFileError(path, error);
  }
}
