/** Which container is which sandbox's, and what goes with one that has ended: its names, its room, its network. */
import type { RunningSandbox, SandboxQueue } from "@porter-sandbox/api";
import type { Clock } from "@porter-sandbox/spec";
import type { DockerClient } from "../client.ts";
import type { EventFeed } from "../events.ts";
import { type ContainerState, inspectContainer, parseEngineTime } from "../inspection.ts";
import type { Names } from "../names.ts";
import type { Network } from "../network/network.ts";
import type { Ingress } from "../proxy/ingress.ts";
import { holderOf } from "./clean-up.ts";
import { createEnds, type Ends, endOf } from "./ends.ts";

export interface SandboxContainer {
  readonly id: string;
  /** The container whose network it uses; itself without a holder. */
  readonly network: string;
}

export interface Containers {
  /** The container of a sandbox; undefined when there is none. */
  find(sandbox: string): Promise<SandboxContainer | undefined>;
  isKnown(sandbox: string): boolean;
  forget(sandbox: string): void;
  /** The sandbox in a container that was just looked at; its end is waited for from now on. `host`: where its port is found. */
  track(sandbox: string, container: SandboxContainer, state: ContainerState, host?: string): RunningSandbox;
  /** The network goes with the workload; a holder that could not be removed now goes with the container. */
  releaseHolder(container: SandboxContainer): Promise<void>;
  readonly ends: Ends;
}

export interface ContainersOptions {
  readonly client: DockerClient;
  readonly names: Names;
  readonly events: EventFeed;
  readonly clock: Clock;
  readonly network: Network;
  readonly ingress: Ingress;
  /** Whose turn it is to be brought up, and what is promised to those that run. */
  readonly queue: SandboxQueue;
  /** Called for each sandbox that runs, and when it does not any more. */
  readonly onRunning: (sandbox: string, container: SandboxContainer) => void;
  readonly onEnded: (sandbox: string) => void;
}

export function createContainers(options: ContainersOptions): Containers {
  const { client, names, events, clock, network, ingress, queue, onRunning, onEnded } = options;
  const known = new Map<string, SandboxContainer>();
  const ends = createEnds({
    client,
    events,
    clock,
    onSettled(sandbox) {
      ingress.release(sandbox);
      queue.release(sandbox);
      onEnded(sandbox);
      const container = known.get(sandbox);
      if (container !== undefined) void releaseHolder(container).catch(() => {});
    },
  });

  async function releaseHolder({ id, network: holder }: SandboxContainer): Promise<void> {
    if (holder !== id) await network.release(holder);
  }

  return {
    ends,
    releaseHolder,
    isKnown: (sandbox) => known.has(sandbox),
    forget: (sandbox) => void known.delete(sandbox),

    async find(sandbox) {
      const before = known.get(sandbox);
      if (before !== undefined) return before;
      // By its name: one that was kept ready has no label that says whose it is.
      const found = await inspectContainer(client, names.container("sandbox", sandbox));
      if (found === undefined) return undefined;
      const container = { id: found.Id, network: holderOf(found) ?? found.Id };
      known.set(sandbox, container);
      return container;
    },

    track(sandbox, container, state, host = "") {
      known.set(sandbox, container);
      const started_at = parseEngineTime(state.StartedAt) ?? clock.now();
      const common = { started_at, host };
      if (!state.Running) {
        ingress.release(sandbox);
        queue.release(sandbox);
        void releaseHolder(container).catch(() => {});
        return { ...common, ended: Promise.resolve(endOf(state, clock)) };
      }
      const ended = ends.wait(container.id, sandbox);
      onRunning(sandbox, container);
      return { ...common, ended };
    },
  };
}
