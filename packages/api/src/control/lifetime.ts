/** How long a sandbox lives: its time to live, longer when asked for, and its idle timeout. */
import { conflict } from "../errors.ts";
import { isLive, LIVE_PHASES, type SandboxRecord } from "../store.ts";
import { keep } from "./activity.ts";
import { end, expireAt, expiryOf, sandboxOf } from "./lifecycle.ts";
import type { Plane } from "./plane.ts";

/** Ends a sandbox whose TTL elapsed. One whose time is not over yet, or that was extended, is looked at again. */
export async function expire(plane: Plane, id: string): Promise<void> {
  const record = await plane.store.getSandbox(id);
  if (record === undefined || !isLive(record.phase)) return;
  const at = expiryOf(record);
  if (at === undefined) return;
  // An extension may be on its way to the store.
  const due = Math.max(at, plane.extended.get(id) ?? 0);
  if (due > plane.clock.now()) expireAt(plane, id, due);
  else await end(plane, id, "expired");
}

/** Ends a sandbox that nobody used for as long as its idle timeout. There is one entry for each; use only moves it on. */
export async function endIfIdle(plane: Plane, id: string): Promise<void> {
  const record = await plane.store.getSandbox(id);
  const activity = plane.activity.get(id);
  if (record?.idle_timeout_seconds === undefined || activity === undefined) return;
  const now = plane.clock.now();
  if (activity.busy > 0) {
    activity.at = now;
    keep(plane, id, activity);
  }
  const at = activity.at + record.idle_timeout_seconds * 1000;
  if (at > now) plane.agenda.add(at, "idle", id);
  else await end(plane, id, "idle");
}

/** Why a sandbox takes no part in what was asked. */
export function notRunning(plane: Plane, { id, phase, exit_code, reason, message }: SandboxRecord) {
  // The engine may know of the end before its news arrives here.
  if (phase === "running") return conflict("sandbox_not_running", `sandbox ${id} is ending and not running`);
  const end = plane.extensions && !isLive(phase) ? { exit_code, reason, message } : undefined;
  return conflict("sandbox_not_running", `sandbox ${id} is ${phase} and not running`, { phase, end });
}

/** Lets a sandbox live at least `ttl_seconds` more, from now. */
export async function extendTtl(plane: Plane, id: string, ttl_seconds: number): Promise<SandboxRecord> {
  const record = await sandboxOf(plane, id);
  const at = expiryOf(record);
  const asked = plane.clock.now() + ttl_seconds * 1000;
  if (isLive(record.phase) && (at === undefined || at >= asked)) return record;
  // Of several calls at once the one that asked for most must not be undone by another.
  const extended_to = Math.max(asked, plane.extended.get(id) ?? 0);
  if (isLive(record.phase)) plane.extended.set(id, extended_to);
  const extended = await plane.store.updateSandbox(id, LIVE_PHASES, { extended_to });
  if (extended === undefined) throw notRunning(plane, await sandboxOf(plane, id));
  return extended;
}
