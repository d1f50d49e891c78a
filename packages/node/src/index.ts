/**
 * Sandboxes from Node: everything that `@porter-sandbox/edge` has (which finds its configuration in `process.env`
 * here), and files between this machine and a volume.
 */
export * from "@porter-sandbox/edge";
export * from "./files.ts";
export { Porter } from "./porter.ts";
