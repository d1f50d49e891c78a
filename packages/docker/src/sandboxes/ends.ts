import type { SandboxEnd } from "@porter-sandbox/api";
import type { Clock } from "@porter-sandbox/spec";
import type { DockerClient } from "../client.ts";
import type { EventFeed } from "../events.ts";
import { type ContainerState, inspectContainer, parseEngineTime } from "../inspection.ts";

/** Who waits for the end of a container. */
export interface Ends {
  /** Resolves when the container of a sandbox has ended. */
  wait(container: string, sandbox: string): Promise<SandboxEnd>;
  /** Looks at a container, and does not miss an end that is told before somebody waits for it. */
  watching<T>(container: string, look: () => Promise<T>): Promise<T>;
  /** Ends the wait for a container that was removed. */
  gone(container: string): void;
}

interface EndsOptions {
  readonly client: DockerClient;
  readonly events: EventFeed;
  readonly clock: Clock;
  /** Called for each sandbox that was waited for, before whoever waits is told. */
  readonly onSettled: (sandbox: string) => void;
}

interface Watched {
  readonly sandbox: string;
  readonly resolve: (end: SandboxEnd) => void;
}

export function createEnds({ client, events, clock, onSettled }: EndsOptions): Ends {
  /** By container: those whose end is waited for. */
  const watched = new Map<string, Watched>();
  /** By container: those that are looked at before their end is waited for, and whether there is news of them. */
  const early = new Map<string, boolean>();

  events.listen(({ action, container }) => {
    if (action === "die" && watched.has(container)) void lookAt(container);
    if (early.has(container)) early.set(container, true);
    if (action === "destroy") gone(container);
  });
  events.onResync(() => {
    for (const container of watched.keys()) void lookAt(container);
    for (const container of early.keys()) early.set(container, true);
  });

  /** Ends the wait when the container has ended. What the engine does not answer now it tells at the next resync. */
  async function lookAt(container: string): Promise<void> {
    try {
      const found = await inspectContainer(client, container);
      if (found === undefined) gone(container);
      else if (!found.State.Running) settle(container, endOf(found.State, clock));
    } catch {
      // The engine is away; the feed says when to look again.
    }
  }

  function gone(container: string): void {
    settle(container, { reason: "engine_error", message: "its container was removed", finished_at: clock.now() });
  }

  function settle(container: string, end: SandboxEnd): void {
    const watch = watched.get(container);
    if (watch === undefined) return;
    watched.delete(container);
    onSettled(watch.sandbox);
    watch.resolve(end);
  }

  return {
    wait: (container, sandbox) => new Promise((resolve) => watched.set(container, { sandbox, resolve })),
    async watching(container, look) {
      early.set(container, false);
      try {
        const result = await look();
        if (early.get(container) === true && watched.has(container)) void lookAt(container);
        return result;
      } finally {
        early.delete(container);
      }
    },
    gone,
  };
}

/** How a container ended, in the port's words. */
export function endOf(state: ContainerState, clock: Clock): SandboxEnd {
  // The engine notes the start after it has started, so that what ends at once can seem to end before that.
  const finished_at = Math.max(parseEngineTime(state.FinishedAt) ?? clock.now(), parseEngineTime(state.StartedAt) ?? 0);
  // An engine that was stopped the hard way does not know how its containers ended.
  if (state.Status === "dead" || (state.Error !== "" && state.ExitCode === 128)) {
    return { reason: "engine_error", message: state.Error || "the engine lost it", finished_at };
  }
  // A workload that outlived the killing of one of its processes, and ended well, did not end for want of memory.
  if (state.OOMKilled && state.ExitCode !== 0) {
    return { exit_code: state.ExitCode, reason: "out_of_memory", message: "it ran out of memory", finished_at };
  }
  return { exit_code: state.ExitCode, finished_at };
}
