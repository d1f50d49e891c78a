/** The server side of the Sandbox API: `createSandboxApi`, and the ports that an engine and a store fill. */
export { createSandboxApi, type SandboxApi, type SandboxApiOptions } from "./api.ts";
export type { EnvGroups } from "./control/plane.ts";
export {
  type EndReason,
  type Engine,
  EngineError,
  type EngineErrorCode,
  type EngineExec,
  type EngineFeatures,
  type EngineFileInfo,
  type EngineFiles,
  type EngineLogLine,
  type EngineLogOptions,
  type EngineMetricSample,
  type ExecEnd,
  type ExecPlan,
  type RunningSandbox,
  type SandboxEnd,
  type SandboxPlan,
  type TtySize,
} from "./engine.ts";
export type { Auth } from "./http/auth.ts";
export type { Cors } from "./http/cors.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export { createMemoryStore, type MemoryStoreOptions } from "./memory-store.ts";
export { createSandboxQueue, type QueueOptions, type SandboxQueue, type SandboxSize, sizeOf } from "./queue.ts";
export {
  type FilterValues,
  type InsertAnswer,
  type InsertKey,
  type InsertOutcome,
  isLive,
  LIVE_PHASES,
  type LogQuery,
  PHASES,
  type Phase,
  type SandboxChange,
  type SandboxLaunch,
  type SandboxQuery,
  type SandboxRecord,
  type SnapshotRecord,
  type Store,
  type StoredLogLine,
  type VolumePhase,
  type VolumeRecord,
} from "./store.ts";
