/** Takes up a sandbox that a former server started, with the names that it was promised. */
import type { RunningSandbox, SandboxQueue } from "@porter-sandbox/api";
import type { DockerClient } from "../client.ts";
import { release } from "../commands/hold-still.ts";
import { sizeOfContainer } from "../container-body.ts";
import { DockerUnreachable } from "../errors.ts";
import type { EventFeed } from "../events.ts";
import { inspectContainer } from "../inspection.ts";
import { removeCreated } from "../leftovers.ts";
import { label, type Names } from "../names.ts";
import { type Exposure, type Ingress, readExposure, targetOf } from "../proxy/ingress.ts";
import type { Target } from "../proxy/routes.ts";
import type { Containers, SandboxContainer } from "./containers.ts";

export interface AttachOptions {
  readonly client: DockerClient;
  readonly names: Names;
  readonly events: EventFeed;
  readonly ingress: Ingress;
  /** Whether there is a proxy for the ports of sandboxes. */
  readonly exposes: boolean;
  readonly queue: SandboxQueue;
}

/** Undefined when there is no such sandbox, or only what a crash left of one that never ran. */
type Attach = (id: string) => Promise<RunningSandbox | undefined>;

export function createAttach(options: AttachOptions, containers: Containers): Attach {
  const { client, names, events, ingress, exposes, queue } = options;
  const inspect = (container: string) => inspectContainer(client, container);

  /** What cannot be let go is a sandbox all the same. */
  async function letGo(container: string): Promise<void> {
    try {
      await release(client, container);
    } catch (error) {
      if (error instanceof DockerUnreachable) throw error;
    }
  }

  async function attachExposed(
    id: string,
    container: SandboxContainer,
    exposure: Exposure,
  ): Promise<RunningSandbox | undefined> {
    let target: Target | undefined;
    try {
      await ingress.reclaim(id, exposure);
      const networked = await inspect(container.network);
      // One that was killed has no address any more, though the sandbox runs on.
      if (networked?.State.Running === true) target = targetOf(networked, names, exposure.port);
    } catch (error) {
      if (error instanceof DockerUnreachable) throw error;
      // The port of the proxy, or the name, is somebody else's by now: nobody finds the sandbox, which is well otherwise.
    }
    const found = await inspect(container.id);
    if (target === undefined || found?.State.Running !== true) {
      ingress.release(id);
      return found && containers.track(id, container, found.State);
    }
    return containers.track(id, container, found.State, ingress.serve(id, exposure, target));
  }

  return async (id) => {
    await events.ready();
    const container = await containers.find(id);
    if (container === undefined) return undefined;
    return containers.ends.watching(container.id, async () => {
      let found = await inspect(container.id);
      if (found?.State.Status === "created") {
        const removed = await removeCreated(client, container.id);
        if (removed) await containers.releaseHolder(container);
        found = removed ? undefined : await inspect(container.id);
      }
      if (found === undefined) {
        containers.forget(id);
        return undefined;
      }
      // Held still for the kill of a command, by a server that went away before it let go.
      if (found.State.Status === "paused") await letGo(container.id);
      if (found.State.Running) queue.hold(id, sizeOfContainer(found.HostConfig));
      const exposure = exposes ? readExposure(found.Config.Labels?.[label.ingress]) : undefined;
      if (exposure === undefined || !found.State.Running) return containers.track(id, container, found.State);
      return attachExposed(id, container, exposure);
    });
  };
}
