import {
  EngineError,
  type RunningSandbox,
  type SandboxEnd,
  type SandboxPlan,
  type SandboxQueue,
} from "@porter-sandbox/api";
import type { Clock } from "@porter-sandbox/spec";
import type { DockerClient } from "./client.ts";
import { type DefaultLimits, type Isolation, sandboxBody, sizeOfContainer, sizeOfPlan } from "./container-body.ts";
import { DockerUnreachable, hasStatus, toEngineError, unless } from "./errors.ts";
import type { DockerEvent, EventFeed } from "./events.ts";
import { release } from "./hold-still.ts";
import { type Images, lacksImage, orAbort } from "./images.ts";
import { type Exposure, type Ingress, readExposure, targetOf } from "./ingress.ts";
import { type ContainerInspection, type ContainerState, type ContainerSummary, parseTime } from "./inspection.ts";
import { type Leftovers, removeContainer } from "./leftovers.ts";
import { label, type Names } from "./names.ts";
import type { Holder, Network } from "./network.ts";
import type { Pool } from "./pool.ts";
import type { Target } from "./proxy-routes.ts";

export interface Sandboxes {
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

export interface SandboxesOptions {
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

interface Watched {
  readonly sandbox: string;
  readonly resolve: (end: SandboxEnd) => void;
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
  /** By container: those whose end is waited for. */
  const watched = new Map<string, Watched>();
  /** Holders of sandboxes that are being made, so that a clean-up does not take them for left-overs. */
  const holdersInUse = new Set<string>();

  /** By container: those that are looked at before their end is waited for, and whether there is news of them. */
  const early = new Map<string, boolean>();

  events.listen((event: DockerEvent) => {
    if (event.action === "die" && watched.has(event.container)) void lookAt(event.container);
    if (early.has(event.container)) early.set(event.container, true);
    if (event.action === "destroy") gone(event.container);
  });
  events.onResync(() => {
    for (const container of watched.keys()) void lookAt(container);
    for (const container of early.keys()) early.set(container, true);
  });

  const inspect = (container: string) =>
    unless([404], client.call<ContainerInspection>("GET", `/containers/${container}/json`));

  /** Ends the wait when the container has ended. What the engine does not answer now it tells at the next resync. */
  async function lookAt(container: string): Promise<void> {
    try {
      const found = await inspect(container);
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
    ingress.release(watch.sandbox);
    queue.release(watch.sandbox);
    options.onEnded(watch.sandbox);
    const known = containers.get(watch.sandbox);
    if (known !== undefined) void releaseHolder(known).catch(() => {});
    watch.resolve(end);
  }

  /** The network goes with the workload; a holder that could not be removed now goes with the container. */
  async function releaseHolder({ id, network: holder }: SandboxContainer): Promise<void> {
    if (holder === id) return;
    await network.release(holder);
    holdersInUse.delete(holder);
  }

  /** Looks at a container, and does not miss an end that is told before somebody waits for it. */
  async function watching<T>(container: string, look: () => Promise<T>): Promise<T> {
    early.set(container, false);
    try {
      const result = await look();
      if (early.get(container) === true && watched.has(container)) void lookAt(container);
      return result;
    } finally {
      early.delete(container);
    }
  }

  function running(sandbox: string, container: SandboxContainer, state: ContainerState, host = ""): RunningSandbox {
    containers.set(sandbox, container);
    const started_at = parseTime(state.StartedAt) ?? clock.now();
    const common = { started_at, host };
    if (!state.Running) {
      ingress.release(sandbox);
      queue.release(sandbox);
      void releaseHolder(container).catch(() => {});
      return { ...common, ended: Promise.resolve(endOf(state, clock)) };
    }
    const ended = new Promise<SandboxEnd>((resolve) => watched.set(container.id, { sandbox, resolve }));
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
    return found?.State.Status === "created" && removeCreated(found.Id);
  }

  /** Removes one that never ran. False when it runs: a start that a former server asked for came true late. */
  async function removeCreated(container: string): Promise<boolean> {
    try {
      await unless([404], client.call("DELETE", `/containers/${container}`, { query: { v: true } }));
      return true;
    } catch (error) {
      if (hasStatus(error, 409)) return false;
      throw error;
    }
  }

  const list = (kind: "sandbox" | "pool" | "holder" | "kill") =>
    client.call<ContainerSummary[]>("GET", "/containers/json", { query: { all: true, filters: names.filters(kind) } });

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
    holdersInUse.add(holder.id);
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
      return await watching(made.id, async () => {
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
    holdersInUse.add(warm.holder);
    const made = { id: warm.id, network: warm.holder };
    try {
      signal.throwIfAborted();
      return await watching(made.id, async () => {
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
      return watching(container.id, async () => {
        let found = await inspect(container.id);
        if (found?.State.Status === "created") {
          const removed = await removeCreated(container.id);
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
      gone(container.id);
      await releaseHolder(container);
    },

    async inventory() {
      const [made, pooled, holders, killers] = await Promise.all([
        list("sandbox"),
        list("pool"),
        list("holder"),
        list("kill"),
      ]);
      // One that was handed out is a sandbox like any other; one that waits for a server that is gone is none.
      const [given, waiting] = split(pooled, ({ Names }) => names.sandboxOf(Names) !== undefined);
      const [awaited, abandoned] = split(waiting, ({ Id }) => pool?.isOwn(Id) === true);
      const removed = new Set<ContainerSummary>();
      for (const summary of made) {
        const unstarted = summary.State === "created" && !containers.has(summary.Labels?.[label.id] ?? "");
        if (unstarted && (await removeCreated(summary.Id))) removed.add(summary);
      }
      const kept = [...made.filter((summary) => !removed.has(summary)), ...given];
      const used = new Set([...kept, ...awaited].flatMap((each) => (isOver(each) ? [] : (holderOf(each) ?? []))));
      const stray = holders.filter(({ Id }) => !used.has(Id) && !holdersInUse.has(Id) && !network.isOwn(Id));
      // After it was killed an engine can be unable to for a while; that must not keep the server from starting.
      await Promise.all([...stray, ...killers, ...abandoned].map(({ Id }) => leftovers.remove(Id)));
      return kept.flatMap(({ Labels, Names }) => names.sandboxOf(Names) ?? Labels?.[label.id] ?? []);
    },

    container: find,
  };
}

const isOver = ({ State }: ContainerSummary) => State === "exited" || State === "dead";

function split<T>(all: readonly T[], test: (one: T) => boolean): [yes: T[], no: T[]] {
  return [all.filter(test), all.filter((one) => !test(one))];
}

function holderOf({ HostConfig }: Pick<ContainerSummary, "HostConfig">): string | undefined {
  return /^container:(.+)$/.exec(HostConfig?.NetworkMode ?? "")?.[1];
}

/** How a container ended, in the port's words. */
export function endOf(state: ContainerState, clock: Clock): SandboxEnd {
  // The engine notes the start after it has started, so that what ends at once can seem to end before that.
  const finished_at = Math.max(parseTime(state.FinishedAt) ?? clock.now(), parseTime(state.StartedAt) ?? 0);
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
