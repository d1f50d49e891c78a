/** Any Sandbox API on a port, and a store that outlives the process. */
export { hashKey, type KeyHash, keyAuth, newKey, readKeyFile } from "./keys.ts";
export { defaultServeLimits, type ServeLimits } from "./limits.ts";
export type { LogSink } from "./log.ts";
export { type Servable, type ServeOptions, type Serving, serve } from "./serve.ts";
export { createSqliteStore, type SqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";
