import { EngineError, type RunningSandbox, type SandboxPlan, type SandboxQueue } from "@porter-sandbox/api";
import type { Clock } from "@porter-sandbox/spec";
import type { DockerClient } from "../client.ts";
import { release } from "../commands/hold-still.ts";
import { type DefaultLimits, type Isolation, sandboxBody, sizeOfContainer, sizeOfPlan } from "../container-body.ts";
import { DockerUnreachable, hasStatus, toEngineError, unless } from "../errors.ts";
import type { EventFeed } from "../events.ts";
import { type Images, lacksImage, orAbort } from "../images.ts";
import { type ContainerState, inspectContainer, parseEngineTime } from "../inspection.ts";
import { type Leftovers, removeContainer, removeCreated } from "../leftovers.ts";
import { label, type Names } from "../names.ts";
import type { Holder, Network } from "../network/network.ts";
import { type Exposure, type Ingress, readExposure, targetOf } from "../proxy/ingress.ts";
import type { Target } from "../proxy/routes.ts";
import { cleanUp, holderOf } from "./clean-up.ts";
import { createEnds, endOf } from "./ends.ts";
import type { Pool } from "./pool.ts";

interface Sandboxes {
  /** Waits for its turn and for room, says that it begins, and brings it up. */
  start(plan: SandboxPlan, signal: AbortSignal, begins: () => void): Promise<RunningSandbox>;
  attach(id: string): Promise<RunningSandbox | undefined>;
  stop(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** The ids of all that were started; clears away what a crash left half made. */
  inventory(): Promise<string[]>;
  /** The container of a sandbox; undefined when there is none. */
  container(id: string): Promise<SandboxContainer | undefined>;
}

export interface SandboxContainer {
  readonly id: string;
  /** The container whose network it uses; itself without a holder. */
  readonly network: string;
}

interface SandboxesOptions {
  readonly client: DockerClient;
  readonly names: Names;
  readonly images: Images;
  readonly events: EventFeed;
  readonly clock: Clock;
  readonly limits: DefaultLimits;
  readonly isolation: Isolation;
  readonly leftovers: Leftovers;
  readonly network: Network;
  readonly ingress: Ingress;
  /** Containers that are kept ready. */
  readonly pool?: Pool | undefined;
  /** Whether sandboxes run behind a holder's packet filter. */
  readonly filtered: boolean;
  /** Whether there is a proxy for the ports of sandboxes. */
  readonly exposes: boolean;
  /** Whose turn it is to be brought up, and what is promised to those that run. */
  readonly queue: SandboxQueue;
  /** Called for each sandbox that runs, and when it does not any more. */
  readonly onRunning: (sandbox: string, container: SandboxContainer) => void;
  readonly onEnded: (sandbox: string) => void;
}

/** The image has to be pulled first; what is told when it was. */
class ImageMissing extends EngineError {
  constructor(image: string) {
    super("image_pull", `image ${image} could not be pulled: it is gone again`);
  }
}

export function createSandboxes(options: SandboxesOptions): Sandboxes {
  const {
    client,
    names,
    images,
    events,
    clock,
    limits,
    isolation,
    leftovers,
    network,
    ingress,
    pool,
    filtered,
    exposes,
    queue,
  } = options;
  const containers = new Map<string, SandboxContainer>();
  const ends = createEnds({
    client,
    events,
    clock,
    onSettled(sandbox) {
      ingress.release(sandbox);
      queue.release(sandbox);
      options.onEnded(sandbox);
      const known = containers.get(sandbox);
      if (known !== undefined) void releaseHolder(known).catch(() => {});
    },
  });

  const inspect = (container: string) => inspectContainer(client, container);

  /** The network goes with the workload; a holder that could not be removed now goes with the container. */
  async function releaseHolder({ id, network: holder }: SandboxContainer): Promise<void> {
    if (holder !== id) await network.release(holder);
  }

  function running(sandbox: string, container: SandboxContainer, state: ContainerState, host = ""): RunningSandbox {
    containers.set(sandbox, container);
    const started_at = parseEngineTime(state.StartedAt) ?? clock.now();
    const common = { started_at, host };
    if (!state.Running) {
      ingress.release(sandbox);
      queue.release(sandbox);
      void releaseHolder(container).catch(() => {});
      return { ...common, ended: Promise.resolve(endOf(state, clock)) };
    }
    const ended = ends.wait(container.id, sandbox);
    options.onRunning(sandbox, container);
    return { ...common, ended };
  }

  async function create(plan: SandboxPlan, networkMode: string, exposure: Exposure | undefined): Promise<string> {
    const image = plan.snapshot_id === undefined ? plan.image : names.snapshot(plan.snapshot_id);
    const body = sandboxBody(plan, {
      ...{ names, limits, isolation, image, network: networkMode },
      ...{ exposure, publish: !filtered },
    });
    const attempt = async () => {
      // Not given the signal: whether a create that was called off has made a container could not be known.
      const { Id } = await client.call<{ Id: string }>("POST", "/containers/create", {
        query: { name: names.container("sandbox", plan.id) },
        json: body,
      });
      return Id;
    };
    try {
      return await attempt();
    } catch (error) {
      if (lacksImage(error)) {
        if (plan.snapshot_id !== undefined)
          throw new EngineError("not_found", `snapshot ${plan.snapshot_id} does not exist`);
        throw new ImageMissing(plan.image);
      }
      if (hasStatus(error, 409) && (await removeUnstarted(plan.id))) return attempt();
      if (hasStatus(error, 400) && /invalid reference format/i.test((error as Error).message)) {
        throw new EngineError("image_pull", `image ${plan.image} could not be pulled: ${(error as Error).message}`);
      }
      throw error;
    }
  }

  /** What cannot be let go is a sandbox all the same. */
  async function letGo(container: string): Promise<void> {
    try {
      await release(client, container);
    } catch (error) {
      if (error instanceof DockerUnreachable) throw error;
    }
  }

  /** What a crash between create and start left behind stands in the way of a second try. */
  async function removeUnstarted(id: string): Promise<boolean> {
    const found = await inspect(names.container("sandbox", id));
    return found?.State.Status === "created" && removeCreated(client, found.Id);
  }

  /** A mount would make a volume that is not there, as an empty one that nobody knows. */
  async function checkVolumes({ volume_mounts }: SandboxPlan): Promise<void> {
    const check = async (id: string) => {
      const found = unless(
        [404],
        client.call("GET", `/volumes/${names.volume(id)}`).then(() => true),
      );
      if (!(await found)) throw new EngineError("not_found", `volume ${id} does not exist`);
    };
    await Promise.all(Object.values(volume_mounts).map(check));
  }

  async function networkFor(plan: SandboxPlan, signal: AbortSignal): Promise<{ mode: string; holder?: Holder }> {
    const port = plan.networking?.port;
    if (plan.egress?.length === 0 && port === undefined) return { mode: "none" };
    if (!filtered) {
      await network.ensure();
      return { mode: names.network };
    }
    const holder = await network.holder({ egress: plan.egress, port }, signal);
    return { mode: `container:${holder.id}`, holder };
  }

  async function find(id: string): Promise<SandboxContainer | undefined> {
    const known = containers.get(id);
    if (known !== undefined) return known;
    // By its name: one that was kept ready has no label that says whose it is.
    const found = await inspect(names.container("sandbox", id));
    if (found === undefined) return undefined;
    const container = { id: found.Id, network: holderOf(found) ?? found.Id };
    containers.set(id, container);
    return container;
  }

  async function bringUp(
    plan: SandboxPlan,
    exposure: Exposure | undefined,
    signal: AbortSignal,
  ): Promise<RunningSandbox> {
    let container: string | undefined;
    let holder: Holder | undefined;
    const networking = networkFor(plan, signal);
    try {
      const [, net] = await Promise.all([orAbort(events.ready(), signal), networking, checkVolumes(plan)]);
      holder = net.holder;
      signal.throwIfAborted();
      container = await create(plan, net.mode, exposure);
      signal.throwIfAborted();
      await network.start(container);
      signal.throwIfAborted();
      const made = { id: container, network: holder?.id ?? container };
      return await ends.watching(made.id, async () => {
        const found = await inspect(made.id);
        if (found === undefined) throw new EngineError("engine_error", "its container was removed while it started");
        const host =
          exposure && found.State.Running
            ? ingress.serve(plan.id, exposure, targetOf(holder ?? found, names, exposure.port))
            : "";
        return running(plan.id, made, found.State, host);
      });
    } catch (error) {
      if (container !== undefined) await leftovers.remove(container);
      // The engine may have made it without being able to say so.
      else if (error instanceof DockerUnreachable) await leftovers.remove(names.container("sandbox", plan.id));
      // The one may have failed while the other was still at it.
      const made = await networking.catch(() => undefined);
      if (made?.holder !== undefined) await releaseHolder({ id: "", network: made.holder.id }).catch(() => {});
      throw error;
    }
  }

  /** A container that was kept ready, as the sandbox of this plan; undefined when none can be it. */
  async function fromPool(plan: SandboxPlan, signal: AbortSignal): Promise<RunningSandbox | undefined> {
    signal.throwIfAborted();
    const warm = await pool?.take(plan);
    if (warm === undefined) return undefined;
    const made = { id: warm.id, network: warm.holder };
    try {
      signal.throwIfAborted();
      return await ends.watching(made.id, async () => {
        const found = await inspect(made.id);
        if (found === undefined) throw new EngineError("engine_error", "its container was removed while it started");
        // The container is older; the sandbox begins now.
        return { ...running(plan.id, made, found.State), started_at: clock.now() };
      });
    } catch (error) {
      await leftovers.remove(made.id);
      await releaseHolder(made).catch(() => {});
      throw error;
    }
  }

  async function reattach(
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
      return found && running(id, container, found.State);
    }
    return running(id, container, found.State, ingress.serve(id, exposure, target));
  }

  return {
    async start(plan, signal, begins) {
      const inTurn = async (exposure: Exposure | undefined, begins?: () => void) => {
        const started = await queue.enter(plan.id, sizeOfPlan(plan, limits), signal);
        begins?.();
        const here = network.coming();
        try {
          return (await fromPool(plan, signal)) ?? (await bringUp(plan, exposure, signal));
        } finally {
          started();
          here();
        }
      };
      try {
        const exposure = await ingress.claim(plan);
        try {
          return await inTurn(exposure, begins);
        } catch (error) {
          if (!(error instanceof ImageMissing)) throw error;
          // Not in its turn: what is there already need not wait for what has to come from far away.
          await images.pull(plan.image, signal);
          return await inTurn(exposure);
        }
      } catch (error) {
        ingress.release(plan.id);
        queue.release(plan.id);
        if (signal.aborted) throw signal.reason;
        throw toEngineError(error);
      }
    },

    async attach(id) {
      await events.ready();
      const container = await find(id);
      if (container === undefined) return undefined;
      return ends.watching(container.id, async () => {
        let found = await inspect(container.id);
        if (found?.State.Status === "created") {
          const removed = await removeCreated(client, container.id);
          if (removed) await releaseHolder(container);
          found = removed ? undefined : await inspect(container.id);
        }
        if (found === undefined) {
          containers.delete(id);
          return undefined;
        }
        // Held still for the kill of a command, by a server that went away before it let go.
        if (found.State.Status === "paused") await letGo(container.id);
        if (found.State.Running) queue.hold(id, sizeOfContainer(found.HostConfig));
        const exposure = exposes ? readExposure(found.Config.Labels?.[label.ingress]) : undefined;
        if (exposure === undefined || !found.State.Running) return running(id, container, found.State);
        return reattach(id, container, exposure);
      });
    },

    async stop(id) {
      ingress.release(id);
      const container = await find(id);
      if (container === undefined) return;
      // 409: it does not run. Everything of it that runs elsewhere, its execs, dies with its main process.
      await unless([404, 409], client.call("POST", `/containers/${container.id}/kill`, { query: { signal: "KILL" } }));
      await releaseHolder(container);
    },

    async remove(id) {
      ingress.release(id);
      const container = await find(id);
      if (container === undefined) return;
      await removeContainer(client, container.id);
      containers.delete(id);
      ends.gone(container.id);
      await releaseHolder(container);
    },

    inventory: () =>
      cleanUp({ client, names, leftovers, network, pool, isKnown: (sandbox) => containers.has(sandbox) }),

    container: find,
  };
}
