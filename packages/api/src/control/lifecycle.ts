/** The life of a sandbox: queued, creating, running, and how it ends. */
import type { Task } from "../agenda.ts";
import { EngineError, type RunningSandbox, type SandboxEnd } from "../engine.ts";
import { engineErrorOf, unknownId } from "../errors.ts";
import { isLive, LIVE_PHASES, type SandboxRecord } from "../store.ts";
import { beginIdleWatch } from "./activity.ts";
import { planOf } from "./plan.ts";
import { inBackground, type Plane } from "./plane.ts";

/** How long until what an engine failed is tried again. */
export const RETRY_MS = 5000;

export async function sandboxOf(plane: Plane, id: string): Promise<SandboxRecord> {
  const record = await plane.store.getSandbox(id);
  if (record === undefined) throw unknownId("sandbox", id);
  return record;
}

/** When the TTL ends: it counts from the start, and from the creation while the sandbox waits, unless it was extended beyond. */
export const expiryOf = ({
  ttl_seconds,
  started_at,
  created_at,
  extended_to = 0,
}: SandboxRecord): number | undefined =>
  ttl_seconds === undefined ? undefined : Math.max((started_at ?? created_at) + ttl_seconds * 1000, extended_to);

/** How long what the agenda holds of a sandbox outlives it: most end long before their time does. */
const LOOK_AGAIN_MS = 3_600_000;

/** Has it looked at when its time ends, and now and then before. */
export const expireAt = (plane: Plane, id: string, at: number): void =>
  plane.agenda.add(Math.min(at, plane.clock.now() + LOOK_AGAIN_MS), "expire", id);

/** Sees to it that a live sandbox expires, and that an ended one is forgotten after its retention. */
export function schedule(plane: Plane, record: SandboxRecord): void {
  if (isLive(record.phase)) {
    const at = expiryOf(record);
    if (at !== undefined) expireAt(plane, record.id, at);
  } else {
    plane.agenda.add((record.finished_at ?? record.created_at) + plane.limits.retentionMs, "reap", record.id);
  }
}

/** Brings a sandbox up without anyone waiting for it. */
export function launch(plane: Plane, record: SandboxRecord): void {
  const controller = new AbortController();
  plane.starting.set(record.id, controller);
  inBackground(
    plane,
    start(plane, record, controller.signal).finally(() => plane.starting.delete(record.id)),
  );
}

async function start(plane: Plane, record: SandboxRecord, signal: AbortSignal): Promise<void> {
  let running: RunningSandbox;
  try {
    if (record.volume_mounts !== undefined || record.snapshot_id !== undefined) await waitForParts(plane, record);
    // Broken off by the end of a former server: it waits for its turn again.
    if (record.phase === "creating") {
      await insist(plane, () => plane.store.updateSandbox(record.id, ["creating"], { phase: "queued" }));
    }
    if (signal.aborted) return;
    running = await plane.engine.startSandbox(planOf(record), signal, () => begin(plane, record.id));
  } catch (error) {
    // Whoever called the start off says what became of the sandbox.
    if (signal.aborted) return;
    const refusal = engineErrorOf(error);
    if (refusal === undefined) plane.report(error);
    const reason = refusal?.code === "image_pull" ? "image_pull" : "engine_error";
    const message = refusal?.message ?? "the engine failed to start it";
    const end = { reason, message, finished_at: plane.clock.now() } as const;
    await insist(plane, () => finish(plane, record.id, end));
    return;
  }
  await insist(plane, () => adopt(plane, record.id, running));
}

/** Its turn has come. The engine need not wait for this to be written: what comes later does not go back to it. */
function begin(plane: Plane, id: string): void {
  const write = () => plane.store.updateSandbox(id, ["queued"], { phase: "creating" });
  inBackground(plane, insist(plane, write));
}

/** Volumes and snapshots are made without anyone waiting either; a sandbox that uses them does the waiting. */
async function waitForParts(plane: Plane, record: SandboxRecord): Promise<void> {
  for (const volume_id of Object.values(record.volume_mounts ?? {})) {
    await plane.settling.get(volume_id);
    const volume = await insist(plane, () => plane.store.getVolume(volume_id));
    if (volume?.phase !== "ready")
      throw new EngineError("engine_error", `volume ${volume_id} could not be made or is lost`);
  }
  const { snapshot_id } = record;
  if (snapshot_id === undefined) return;
  await plane.settling.get(snapshot_id);
  const snapshot = await insist(plane, () => plane.store.getSnapshot(snapshot_id));
  if (snapshot?.status !== "ready") {
    throw new EngineError(
      "engine_error",
      `snapshot ${snapshot_id} ${snapshot ? "could not be made or is lost" : "was deleted"}`,
    );
  }
}

/** Takes charge of a sandbox whose main process runs. */
export async function adopt(plane: Plane, id: string, running: RunningSandbox): Promise<void> {
  const { started_at, host, internal_address, exec_target } = running;
  const record = await plane.store.updateSandbox(id, LIVE_PHASES, {
    phase: "running",
    started_at,
    host: host === "" ? undefined : host,
    internal_address,
    exec_target,
    launch: undefined,
  });
  if (record === undefined) {
    // It was terminated in the very moment in which it came up.
    await stop(plane, id);
    return;
  }
  beginIdleWatch(plane, record);
  void running.ended.then((end) => {
    if (plane.closed) return;
    inBackground(
      plane,
      insist(plane, () => finish(plane, id, end)),
    );
  });
}

/** Records how a sandbox ended by itself, or that it never came up. */
export async function finish(
  plane: Plane,
  id: string,
  end: Omit<SandboxEnd, "reason"> & { reason?: SandboxRecord["reason"] },
): Promise<void> {
  const { exit_code, reason, message, finished_at } = end;
  const succeeded = reason === undefined && exit_code === 0;
  const record = await plane.store.updateSandbox(id, LIVE_PHASES, {
    phase: succeeded ? "succeeded" : "failed",
    finished_at,
    exit_code,
    reason,
    message,
    launch: undefined,
  });
  if (record === undefined) return;
  endCommands(plane, id);
  schedule(plane, record);
}

function endCommands(plane: Plane, id: string): void {
  plane.activity.delete(id);
  plane.extended.delete(id);
  for (const end of plane.commands.get(id) ?? []) end();
}

const ENDED_BY = {
  terminated: "it was terminated by a call",
  expired: "its time to live was over",
  idle: "nobody used it for as long as its idle timeout",
} as const;

/** True when this call ended it, false when it had ended. The engine's part goes on in the background: see `stopped`. */
export async function end(plane: Plane, id: string, reason: keyof typeof ENDED_BY): Promise<boolean> {
  const record = await plane.store.updateSandbox(id, LIVE_PHASES, {
    phase: "terminated",
    finished_at: plane.clock.now(),
    reason,
    message: ENDED_BY[reason],
    launch: undefined,
  });
  if (record === undefined) return false;
  plane.starting.get(id)?.abort(new Error(`sandbox ${id} was terminated`));
  endCommands(plane, id);
  schedule(plane, record);
  inBackground(plane, stop(plane, id));
  return true;
}

/** Ends a sandbox that waits or runs; one that has ended stays as it is. Waits until it does not run any more. */
export async function terminate(plane: Plane, id: string): Promise<void> {
  const ended = await end(plane, id, "terminated");
  if (!ended) await sandboxOf(plane, id);
  if ((await plane.stopping.get(id)) === false) throw new Error(`the engine failed to stop ${id}`);
}

/** True when the engine stopped it; otherwise it is tried again later, and until then known as one that may still run. */
function stop(plane: Plane, id: string): Promise<boolean> {
  const stopped = attempt(plane, "stop", id, () => plane.engine.stopSandbox(id)).then((done) => {
    if (done && plane.stopping.get(id) === stopped) plane.stopping.delete(id);
    return done;
  });
  plane.stopping.set(id, stopped);
  return stopped;
}

/** Does something that is safe to repeat, and repeats it later when it fails. */
export async function attempt(plane: Plane, task: Task, id: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    plane.report(error);
    plane.agenda.add(plane.clock.now() + RETRY_MS, task, id);
    return false;
  }
}

/**
 * Asks the store until it does not fail: what has happened must come to be known, and a full disk is no matter of whom
 * it happened to. Once the server closes there is one last try.
 */
export async function insist<T>(plane: Plane, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (plane.closed) throw error;
      plane.report(error);
    }
    const { id } = plane.ids.next("try");
    await new Promise<void>((resolve) => {
      plane.retries.set(id, resolve);
      plane.agenda.add(plane.clock.now() + RETRY_MS, "retry", id);
    });
  }
}

/** Lets what {@link insist} waits with try again. */
export async function goOn(plane: Plane, id: string): Promise<void> {
  plane.retries.get(id)?.();
  plane.retries.delete(id);
}

/** Forgets an ended sandbox whose retention is over; the name stays taken. */
export async function reap(plane: Plane, id: string): Promise<void> {
  await plane.store.removeSandbox(id);
  inBackground(plane, removeFromEngine(plane, id));
}

export const removeFromEngine = (plane: Plane, id: string): Promise<boolean> =>
  attempt(plane, "remove_sandbox", id, () => plane.engine.removeSandbox(id));

export { stop as stopInEngine };
