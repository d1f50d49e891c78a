import type { Clock } from "@porter-sandbox/spec";
import type { DockerClient } from "./client.ts";
import { hasStatus, unless } from "./errors.ts";
import type { EventFeed } from "./events.ts";

/** Removes containers that nobody waits for any more, however long the engine is away. */
export interface Leftovers {
  /** By id or name. Never rejects: what cannot be removed now is tried again until it is. Unknown ones are fine. */
  remove(container: string): Promise<void>;
  /** Tries nothing again, and waits for what is being tried; the next start's inventory finds what is left. */
  close(): Promise<void>;
}

const pauseMs = 5_000;

/** Removes a container whatever it does, with its nameless volumes. One that is gone, or is being removed (409), is fine. */
export async function removeContainer(client: Pick<DockerClient, "call">, container: string): Promise<void> {
  await unless([404, 409], client.call("DELETE", `/containers/${container}`, { query: { force: true, v: true } }));
}

/** Removes one that never ran. False when it runs: a start that a former server asked for came true late. */
export async function removeCreated(client: Pick<DockerClient, "call">, container: string): Promise<boolean> {
  try {
    await unless([404], client.call("DELETE", `/containers/${container}`, { query: { v: true } }));
    return true;
  } catch (error) {
    if (hasStatus(error, 409)) return false;
    throw error;
  }
}

export function createLeftovers(client: DockerClient, events: Pick<EventFeed, "onResync">, clock: Clock): Leftovers {
  const left = new Set<string>();
  const underway = new Set<Promise<void>>();
  let cancel: (() => void) | undefined;
  let closed = false;

  function remove(container: string): Promise<void> {
    const trying = attempt(container).finally(() => underway.delete(trying));
    underway.add(trying);
    return trying;
  }

  async function attempt(container: string): Promise<void> {
    try {
      await removeContainer(client, container);
      left.delete(container);
    } catch {
      left.add(container);
    }
    if (left.size > 0 && !closed) cancel ??= clock.schedule(retry, pauseMs);
  }

  function retry(): void {
    cancel?.();
    cancel = undefined;
    for (const container of left) void remove(container);
  }

  events.onResync(retry);
  return {
    remove,
    async close() {
      closed = true;
      cancel?.();
      await Promise.all(underway);
    },
  };
}
