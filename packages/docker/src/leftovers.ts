import type { Clock } from "@porter-sandbox/spec";
import type { DockerClient } from "./client.ts";
import { unless } from "./errors.ts";
import type { EventFeed } from "./events.ts";

/** Removes containers that nobody waits for any more, however long the engine is away. */
export interface Leftovers {
  /** By id or name. Never rejects: what cannot be removed now is tried again until it is. Unknown ones are fine. */
  remove(container: string): Promise<void>;
  /** Stops trying; the next start's inventory finds what is left. */
  close(): void;
}

const pauseMs = 5_000;

/** Removes a container whatever it does, with its nameless volumes. One that is gone, or is being removed (409), is fine. */
export async function removeContainer(client: Pick<DockerClient, "call">, container: string): Promise<void> {
  await unless([404, 409], client.call("DELETE", `/containers/${container}`, { query: { force: true, v: true } }));
}

export function createLeftovers(client: DockerClient, events: Pick<EventFeed, "onResync">, clock: Clock): Leftovers {
  const left = new Set<string>();
  let cancel: (() => void) | undefined;
  let closed = false;

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
    for (const container of left) void attempt(container);
  }

  events.onResync(retry);
  return {
    remove: attempt,
    close() {
      closed = true;
      cancel?.();
    },
  };
}
