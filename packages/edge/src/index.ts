/**
 * The Sandbox API's client for Workers, Deno, Bun and browsers: all of `@porter-sandbox/core`, with a `Porter` that finds
 * its configuration where the runtime keeps it. Nothing of a runtime is touched while this module loads.
 */
export * from "@porter-sandbox/core";
export { Porter, type PorterOptions } from "./porter.ts";
