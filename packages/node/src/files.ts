/**
 * Files between this machine and a volume or a sandbox, streamed: what `porter-sandbox` adds in Node, and `porter-sandbox/files` in
 * any runtime that has Node's file system (Deno and Bun do).
 */
export { type DownloadFileOptions, downloadFile } from "./files/download.ts";
export { type DownloadOptions, download } from "./files/download-tree.ts";
export { LocalFileError } from "./files/local-file-error.ts";
export type { FileProgress, TransferOptions, TreeOptions, TreeResult } from "./files/options.ts";
export { type UploadFileOptions, uploadFile } from "./files/upload.ts";
export { type UploadOptions, upload } from "./files/upload-tree.ts";
