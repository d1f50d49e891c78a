/**
 * Files between this machine and a volume, streamed: what `porter-sandbox` adds in Node, and `porter-sandbox/files` in
 * any runtime that has Node's file system (Deno and Bun do).
 */
export { type DownloadFileOptions, downloadFile } from "./files/download.ts";
export { LocalFileError } from "./files/local-file-error.ts";
export type { FileProgress, TransferOptions } from "./files/options.ts";
export { type UploadFileOptions, uploadFile } from "./files/upload.ts";
