/**
 * What use callers make of a sandbox with an idle timeout. It is counted in memory, where it costs next to nothing, and
 * written down now and then, so that a server that comes back knows roughly when each was last in use.
 */
import type { SandboxRecord } from "../store.ts";
import { inBackground, type Plane } from "./plane.ts";

export interface Activity {
  /** How many commands and the like are under way. */
  busy: number;
  /** When the last one began or ended. */
  at: number;
  /** What the store knows of it. */
  kept: number;
}

/** How far what is written down may be behind, in milliseconds: nobody wants a write to the disk for each command. */
const KEPT_EVERY_MS = 30_000;

/** What a server that comes back gives callers to come back too, before a sandbox counts as idle. */
const GRACE_MS = 60_000;

/** A sandbox runs, or is taken up again by a server that came back. */
export function beginIdleWatch(plane: Plane, record: SandboxRecord): void {
  const { id, idle_timeout_seconds, started_at = 0, active_at = 0 } = record;
  if (idle_timeout_seconds === undefined) return;
  const timeout = idle_timeout_seconds * 1000;
  // For one that has just started this is now; for another nobody knows what went on while the server was away.
  const known = Math.max(started_at, active_at);
  const at = Math.max(known, plane.clock.now() + Math.min(GRACE_MS, timeout) - timeout);
  plane.activity.set(id, { busy: 0, at, kept: known });
  plane.agenda.add(at + timeout, "idle", id);
}

/** Somebody uses the sandbox, until the answer is called. For what takes no time call it at once. */
export function beginUse(plane: Plane, id: string): () => void {
  const activity = plane.activity.get(id);
  if (activity === undefined) return () => {};
  activity.busy += 1;
  note(plane, id, activity);
  let over = false;
  return () => {
    if (over) return;
    over = true;
    activity.busy -= 1;
    note(plane, id, activity);
  };
}

function note(plane: Plane, id: string, activity: Activity): void {
  activity.at = plane.clock.now();
  if (activity.at - activity.kept >= KEPT_EVERY_MS) keep(plane, id, activity);
}

/** Writes down that the sandbox was in use until now. */
export function keep(plane: Plane, id: string, activity: Activity): void {
  if (plane.activity.get(id) !== activity) return;
  activity.kept = activity.at;
  inBackground(plane, plane.store.updateSandbox(id, ["running"], { active_at: activity.at }));
}
