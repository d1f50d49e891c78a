import { InvalidRequestError } from "@porter-sandbox/core";

/** @throws {InvalidRequestError} when what a transfer was asked for cannot be, before anything happens. */
export function checkTransfer(path: unknown, { onProgress }: { readonly onProgress?: unknown }): void {
  if (typeof path !== "string") throw invalid("path", `must be a string (got ${String(path)})`);
  if (onProgress !== undefined && typeof onProgress !== "function") throw invalid("onProgress", "must be a function");
}

/** @throws {InvalidRequestError} for a number of files at once that is none. */
export function checkConcurrency(concurrency: number): void {
  if (!(Number.isInteger(concurrency) && concurrency >= 1))
    throw invalid("concurrency", `must be a whole number of at least 1 (got ${String(concurrency)})`);
}

/** The error for an argument that breaks a rule. */
export const invalid = (field: string, rule: string) =>
  new InvalidRequestError(`${field}: ${rule}`, { code: "invalid_request", field });
