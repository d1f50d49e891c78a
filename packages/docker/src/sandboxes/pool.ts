/**
 * Warm containers: of one image, with its own command, running already behind their packet filter. Handing one out is a
 * rename, which says for good whose it is. It serves only creates that ask for nothing else; what a container gets when it
 * is made, or not at all, is never guessed.
 */
import { randomUUID } from "node:crypto";
import type { SandboxPlan } from "@porter-sandbox/api";
import type { Clock } from "@porter-sandbox/spec";
import type { DockerClient } from "../client.ts";
import { type DefaultLimits, defaultSize, type Isolation, sandboxBody, sizeOfPlan } from "../container-body.ts";
import type { EventFeed } from "../events.ts";
import type { Images } from "../images.ts";
import { type ContainerInspection, type ImageInspection, inspectContainer } from "../inspection.ts";
import type { Leftovers } from "../leftovers.ts";
import type { Names } from "../names.ts";
import type { Network } from "../network/network.ts";

/** The containers that are kept ready: of which image, and how many. */
export interface WarmPool {
  /** As creates write it, such as `python:3.12-slim`. Pulled when it is missing. */
  readonly image: string;
  /** How many containers wait: 1 to 100. */
  readonly size: number;
}

/** A container that was handed out, under the sandbox's name. */
interface WarmContainer {
  readonly id: string;
  readonly holder: string;
}

export interface Pool {
  /** Makes a waiting container this plan's. Undefined when none waits that is what the plan asks for; then it changed nothing. */
  take(plan: SandboxPlan): Promise<WarmContainer | undefined>;
  /** Makes what is missing, in the background. */
  fill(): void;
  /** Whether this process keeps the container ready. */
  isOwn(container: string): boolean;
  /** Removes all that wait. */
  close(): Promise<void>;
}

interface PoolOptions {
  readonly client: DockerClient;
  readonly names: Names;
  readonly images: Images;
  readonly events: EventFeed;
  readonly clock: Clock;
  readonly leftovers: Leftovers;
  readonly network: Network;
  readonly limits: DefaultLimits;
  readonly isolation: Isolation;
  readonly wanted: WarmPool;
}

/** A burst of creates goes before the making of what it took away. */
const calmMs = 100;
/** How long nothing is tried after a failure. */
const restMs = 30_000;
const never = new AbortController().signal;

/** @throws Error when the option is malformed. */
export function checkPool({ image, size }: WarmPool): void {
  if (image === "") throw new Error('pool.image: must be an image (got "")');
  if (!Number.isInteger(size) || size < 1 || size > 100) {
    throw new Error(`pool.size: must be a whole number from 1 to 100 (got ${String(size)})`);
  }
}

export function createPool(options: PoolOptions): Pool {
  const { client, names, images, events, clock, leftovers, network, limits, isolation, wanted } = options;
  const ready: WarmContainer[] = [];
  /** All that this process made and has neither handed out nor removed. */
  const own = new Set<string>();
  let filling: Promise<void> | undefined;
  let cancel = () => {};
  /** Nothing is made for now. */
  let resting = false;
  let closed = false;

  const drop = ({ id, holder }: WarmContainer): Promise<unknown> => {
    own.delete(id);
    return Promise.all([leftovers.remove(id), network.release(holder)]);
  };

  events.listen(({ action, container }) => {
    if (action === "die" || action === "destroy") gone(container);
  });
  events.onResync(() => {
    for (const { id } of ready) void lookAt(id);
  });

  function gone(container: string): void {
    // One that is just being made is dropped by its maker.
    if (!own.delete(container)) return;
    const at = ready.findIndex(({ id }) => id === container);
    const [ended] = at === -1 ? [] : ready.splice(at, 1);
    if (ended !== undefined) void drop(ended);
    // Not at once: an image whose command ends would keep the engine busy with nothing.
    rest();
  }

  async function lookAt(container: string): Promise<void> {
    try {
      const found = await inspectContainer(client, container);
      if (found?.State.Running !== true) gone(container);
    } catch {
      // The engine is away; the feed says when to look again.
    }
  }

  async function make(): Promise<void> {
    const id = randomUUID();
    const holder = await network.holder({}, never);
    const name = names.container("pool", id);
    const plan: SandboxPlan = { id, name, image: wanted.image, env: {}, volume_mounts: {} };
    const body = sandboxBody(plan, {
      ...{ names, limits, isolation, image: wanted.image, network: `container:${holder.id}` },
      kind: "pool",
    });
    try {
      const Id = await images.create(body, name);
      own.add(Id);
      await client.call("POST", `/containers/${Id}/start`);
      const made = { id: Id, holder: holder.id };
      if (closed || !own.has(Id)) await drop(made);
      else ready.push(made);
    } catch (error) {
      await Promise.all([leftovers.remove(name), network.release(holder.id)]);
      throw error;
    }
  }

  async function makeAll(): Promise<void> {
    await events.ready();
    while (!closed && !resting && ready.length < wanted.size) await make();
  }

  function later(): void {
    if (closed || resting) return;
    cancel();
    cancel = clock.schedule(fill, calmMs);
  }

  function rest(): void {
    if (closed || resting) return;
    cancel();
    resting = true;
    cancel = clock.schedule(() => {
      resting = false;
      fill();
    }, restMs);
  }

  function fill(): void {
    if (closed || resting) return;
    cancel();
    if (filling !== undefined || ready.length >= wanted.size) return;
    filling = makeAll()
      // Whoever creates a sandbox sees why; here it is only tried again.
      .catch(rest)
      .finally(() => {
        filling = undefined;
      });
  }

  /** Whether a container of its own would be the same in everything that can be seen. */
  function serves(plan: SandboxPlan) {
    const { image, snapshot_id, command, args, env, volume_mounts, networking, egress } = plan;
    const usual = defaultSize(limits);
    const size = sizeOfPlan(plan, limits);
    return (
      image === wanted.image &&
      [snapshot_id, networking, egress].every((each) => each === undefined) &&
      [command ?? [], args ?? [], Object.keys(env), Object.keys(volume_mounts)].every(({ length }) => length === 0) &&
      size.cpu_cores === usual.cpu_cores &&
      size.memory_bytes === usual.memory_bytes
    );
  }

  /** It can have ended, the name of its image may lead to another by now, and the machine may have another address. */
  async function isFit({ id, holder }: WarmContainer): Promise<boolean> {
    try {
      const [found, image] = await Promise.all([
        client.call<ContainerInspection>("GET", `/containers/${id}/json`),
        client.call<ImageInspection>("GET", `/images/${wanted.image}/json`),
        network.refresh(holder),
      ]);
      return found.State.Running && found.Image === image.Id;
    } catch {
      return false;
    }
  }

  return {
    async take(plan) {
      if (closed || !serves(plan)) return undefined;
      for (let one = ready.shift(); one !== undefined; one = ready.shift()) {
        later();
        const fit = await isFit(one);
        if (fit) {
          try {
            const name = names.container("sandbox", plan.id);
            await client.call("POST", `/containers/${one.id}/rename`, { query: { name } });
            own.delete(one.id);
            return one;
          } catch {
            // The engine went away, or took the name after all without saying so. Then it must be free for the next try.
            await drop(one);
            continue;
          }
        }
        void drop(one);
      }
      return undefined;
    },
    fill,
    isOwn: (container) => own.has(container),
    async close() {
      closed = true;
      cancel();
      await filling;
      await Promise.allSettled(ready.splice(0).map(drop));
    },
  };
}
