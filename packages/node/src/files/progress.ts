import type { FileProgress, TransferOptions } from "./options.ts";

/** How far several files are together. */
export function sumOf(total: number, onProgress: TransferOptions["onProgress"]) {
  let bytes = 0;
  return {
    bytes: () => bytes,
    /** What one of the files tells how far it is. */
    ofOne() {
      let before = 0;
      return (now: FileProgress) => {
        bytes += now.bytes - before;
        before = now.bytes;
        onProgress?.({ bytes, total });
      };
    },
  };
}
