/** How far a transfer is. */
export interface FileProgress {
  /** Bytes moved so far. */
  readonly bytes: number;
  /** Bytes in all; undefined while that is not known. */
  readonly total: number | undefined;
}

/** What transfers in both directions take. */
export interface TransferOptions {
  /** Cancels the transfer; it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** How long the whole transfer may take, in milliseconds. Default: no limit. */
  timeoutMs?: number | undefined;
  /** Called after each piece. What it throws ends the transfer. */
  onProgress?: ((progress: FileProgress) => void) | undefined;
}

/** What transfers of whole trees take. */
export interface TreeOptions extends TransferOptions {
  /** How many files are on their way at once. Default 4. */
  concurrency?: number | undefined;
}

/** What was transferred. */
export interface TreeResult {
  /** How many files. */
  readonly files: number;
  /** How many bytes were in them. */
  readonly bytes: number;
  /** Paths, in the volume or sandbox, of what was left out: links and devices of a download, empty directories of an upload to a volume. */
  readonly skipped: readonly string[];
}
