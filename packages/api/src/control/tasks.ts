/** What the agenda runs when it is due. */
import type { Task } from "../agenda.ts";
import { attempt, goOn, reap, removeFromEngine, stopInEngine } from "./lifecycle.ts";
import { endIfIdle, expire } from "./lifetime.ts";
import { inBackground, type Plane } from "./plane.ts";
import { resume } from "./reconcile.ts";
import { removeFromEngine as removeSnapshot } from "./snapshots.ts";
import { removeFromEngine as removeVolume } from "./volumes.ts";

/** Waited for by requests: what they could see of it. */
const seen: Partial<Record<Task, (plane: Plane, id: string) => Promise<void>>> = {
  expire,
  idle: endIfIdle,
  reap,
  retry: goOn,
};

/** Retries of what the engine or the store failed. */
const unseen: Partial<Record<Task, (plane: Plane, id: string) => Promise<boolean>>> = {
  resume,
  stop: stopInEngine,
  remove_sandbox: removeFromEngine,
  remove_volume: removeVolume,
  remove_snapshot: removeSnapshot,
};

/** Never rejects. */
export async function runTask(plane: Plane, task: Task, id: string): Promise<void> {
  const retry = unseen[task];
  if (retry !== undefined) inBackground(plane, retry(plane, id));
  const work = seen[task];
  if (work !== undefined) await attempt(plane, task, id, () => work(plane, id));
}
