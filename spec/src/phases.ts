import type { components } from "../generated/types.ts";

/**
 * Where a sandbox is in its life. A server may come to answer others, which pass through: treat what you do not know as
 * neither live nor ended.
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

export const isLive = (phase: string): boolean => (livePhases as readonly string[]).includes(phase);
export const isEnded = (phase: string): boolean => (endedPhases as readonly string[]).includes(phase);
