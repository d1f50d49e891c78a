/** Brings a sandbox up: as a container that was kept ready, or as one that is made for it. */
import { EngineError, type RunningSandbox, type SandboxPlan } from "@porter-sandbox/api";
import type { Clock } from "@porter-sandbox/spec";
import { DockerUnreachable } from "../errors.ts";
import type { EventFeed } from "../events.ts";
import { orAbort } from "../images.ts";
import { inspectContainer } from "../inspection.ts";
import type { Leftovers } from "../leftovers.ts";
import type { Holder, Network } from "../network/network.ts";
import { type Exposure, type Ingress, targetOf } from "../proxy/ingress.ts";
import type { Containers } from "./containers.ts";
import { type CreateOptions, checkVolumes, createContainer } from "./create-container.ts";
import type { Pool } from "./pool.ts";

export interface BringUpOptions extends CreateOptions {
  readonly events: EventFeed;
  readonly clock: Clock;
  readonly leftovers: Leftovers;
  readonly network: Network;
  readonly ingress: Ingress;
  /** Containers that are kept ready. */
  readonly pool?: Pool | undefined;
}

/** Resolves when the main process has started; a failure, or the signal, leaves nothing behind. */
type BringUp = (plan: SandboxPlan, exposure: Exposure | undefined, signal: AbortSignal) => Promise<RunningSandbox>;

export function createBringUp(options: BringUpOptions, containers: Containers): BringUp {
  const { client, names, filtered, events, clock, leftovers, network, ingress, pool } = options;
  const { ends, track, releaseHolder } = containers;

  async function inspectStarted(container: string) {
    const found = await inspectContainer(client, container);
    if (found === undefined) throw new EngineError("engine_error", "its container was removed while it started");
    return found;
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
        const found = await inspectStarted(made.id);
        // The container is older; the sandbox begins now.
        return { ...track(plan.id, made, found.State), started_at: clock.now() };
      });
    } catch (error) {
      await leftovers.remove(made.id);
      await releaseHolder(made).catch(() => {});
      throw error;
    }
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

  /** A container that is made for this plan. */
  const fromPlan: BringUp = async (plan, exposure, signal) => {
    let container: string | undefined;
    let holder: Holder | undefined;
    const networking = networkFor(plan, signal);
    try {
      const [, net] = await Promise.all([
        orAbort(events.ready(), signal),
        networking,
        checkVolumes({ client, names }, plan),
      ]);
      holder = net.holder;
      signal.throwIfAborted();
      container = await createContainer(options, plan, net.mode, exposure);
      signal.throwIfAborted();
      await network.start(container);
      signal.throwIfAborted();
      const made = { id: container, network: holder?.id ?? container };
      return await ends.watching(made.id, async () => {
        const found = await inspectStarted(made.id);
        const host =
          exposure && found.State.Running
            ? ingress.serve(plan.id, exposure, targetOf(holder ?? found, names, exposure.port))
            : "";
        return track(plan.id, made, found.State, host);
      });
    } catch (error) {
      if (container !== undefined) await leftovers.remove(container);
      // The engine may have made it without being able to say so.
      else if (error instanceof DockerUnreachable) await leftovers.remove(names.container("sandbox", plan.id));
      // The one may have failed while the other was still at it.
      const made = await networking.catch(() => undefined);
      if (made?.holder !== undefined) await network.release(made.holder.id).catch(() => {});
      throw error;
    }
  };

  return async (plan, exposure, signal) => (await fromPool(plan, signal)) ?? fromPlan(plan, exposure, signal);
}
