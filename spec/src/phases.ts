import type { components } from "../generated/types.ts";

/**
 * Where a sandbox is in its life: `queued`, `creating`, `running`, and in the end `succeeded` (exit code 0), `failed` (another exit
 * code, or it could not run) or `terminated` (by a call or a time limit). A server may come to answer others, which pass
 * through: treat what you do not know as neither live nor ended.
 */
export type StatusResponsePhase = components["schemas"]["StatusResponsePhase"];

/** The phases by name, so that `phase === StatusResponsePhase.RUNNING` reads well. */
export const StatusResponsePhase = {
  QUEUED: "queued",
  CREATING: "creating",
  RUNNING: "running",
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  TERMINATED: "terminated",
} as const satisfies Record<string, StatusResponsePhase>;

/** Waiting or running: what counts as active, holds its volumes, and can be terminated. */
export const livePhases: readonly StatusResponsePhase[] = ["queued", "creating", "running"];
/** Over for good. */
export const endedPhases: readonly StatusResponsePhase[] = ["succeeded", "failed", "terminated"];

/** Whether a sandbox in this phase waits or runs. False for unknown phases. */
export const isLive = (phase: string): boolean => (livePhases as readonly string[]).includes(phase);
/** Whether a sandbox in this phase has ended. False for unknown phases. */
export const isEnded = (phase: string): boolean => (endedPhases as readonly string[]).includes(phase);
