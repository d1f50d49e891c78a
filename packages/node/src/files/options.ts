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
