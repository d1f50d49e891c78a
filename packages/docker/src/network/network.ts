import { randomUUID } from "node:crypto";
import { EngineError } from "@porter-sandbox/api";
import type { Clock } from "@porter-sandbox/spec";
import type { DockerClient } from "../client.ts";
import { helperBody } from "../container-body.ts";
import { hasStatus, unless } from "../errors.ts";
import type { Images } from "../images.ts";
import type { ContainerInspection } from "../inspection.ts";
import type { Leftovers } from "../leftovers.ts";
import type { Names } from "../names.ts";
import { applyFilter, isOwnAddress, machineResolvers, ownAddresses } from "./egress.ts";
import { filterRules } from "./nft.ts";
import { createSpares } from "./spares.ts";

/**
 * The network of sandboxes: one bridge on which they cannot talk to each other. With egress enforced, each sandbox runs
 * in the network namespace of a holder, a container that does nothing else: its packet filter stands before the
 * sandbox's first instruction, and nothing in the sandbox can change it.
 */
export interface Network {
  /** Makes the network when it is not there. Answers the ranges that sandboxes' addresses come from. */
  ensure(): Promise<readonly string[]>;
  /** Starts a container on the network, which is made again when somebody removed it. */
  start(container: string): Promise<void>;
  /** A create that may need a holder is on its way, until the answer is called: the making of spare ones waits for it. */
  coming(): () => void;
  /**
   * A holder whose filter stands. `egress`: `undefined` for the public internet and DNS, else only these addresses.
   * `port`: what this machine may connect to, and nobody else; nothing when not given.
   */
  holder(wanted: HolderNeeds, signal: AbortSignal): Promise<Holder>;
  /** Puts a holder's filter up anew, for the public internet, when the machine's addresses are others now. */
  refresh(holder: string): Promise<void>;
  /** Removes a holder. Unknown ids are fine. */
  release(holder: string): Promise<void>;
  /** Whether this process made the holder and has not released it. */
  isOwn(holder: string): boolean;
  /** Removes the spare holders, and the network when no sandbox is on it. */
  close(): Promise<void>;
}

interface HolderNeeds {
  readonly egress?: readonly string[] | undefined;
  readonly port?: number | undefined;
}

export interface Holder {
  /** The container's id. */
  readonly id: string;
  /** Its address on the bridge. */
  readonly address: string;
}

interface NetworkOptions {
  readonly client: DockerClient;
  readonly names: Names;
  readonly images: Images;
  readonly helperImage: string;
  readonly leftovers: Leftovers;
  readonly clock: Clock;
  /** How many holders are kept ready: at least, and at most after a burst of creates that took as many. */
  readonly spares: { readonly least: number; readonly most: number };
  readonly subnet?: string | undefined;
  readonly resolvers?: readonly string[] | undefined;
}

interface NetworkInspection {
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
}

export function createNetwork(options: NetworkOptions): Network {
  const { client, names, images, helperImage, leftovers, resolvers } = options;
  const spares = createSpares({
    ...options.spares,
    clock: options.clock,
    make: () => makeHolder({}),
    drop: ({ id }) => void release(id).catch(() => {}),
  });
  let closed = false;
  let made: Promise<string[]> | undefined;
  const own = new Set<string>();
  /** By holder: its filter. */
  const standing = new Map<string, string>();

  /** Answers the subnets, which no sandbox may reach: the gateway, which is this machine, and each other. */
  async function make(): Promise<string[]> {
    const inspect = () => client.call<NetworkInspection>("GET", `/networks/${names.network}`);
    let found = await unless([404], inspect());
    if (found === undefined) {
      await unless(
        [409],
        client.call("POST", "/networks/create", {
          json: {
            Name: names.network,
            CheckDuplicate: true,
            Driver: "bridge",
            Labels: { ...names.labels("holder", "network") },
            Options: {
              "com.docker.network.bridge.enable_icc": "false",
              "com.docker.network.bridge.enable_ip_masquerade": "true",
            },
            ...(options.subnet && { IPAM: { Config: [{ Subnet: options.subnet }] } }),
          },
        }),
      );
      found = await inspect();
    }
    return (found.IPAM?.Config ?? []).flatMap(({ Subnet }) => (Subnet?.includes(".") ? [Subnet] : []));
  }

  function subnets(): Promise<string[]> {
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  }

  function body() {
    return helperBody({
      image: helperImage,
      command: ["cat"],
      labels: names.labels("holder", "spare"),
      rest: { OpenStdin: true, User: "65534:65534" },
      host: { NetworkMode: names.network, PidsLimit: 8, ...(resolvers && { Dns: resolvers }) },
    });
  }

  /** Puts the filter up, unless the very same one stands. What it depends on, the machine's addresses, may have changed. */
  async function filter({ Id, State, NetworkSettings }: ContainerInspection, { egress, port }: HolderNeeds) {
    const never = [...(await subnets()), ...ownAddresses()];
    const gateway = NetworkSettings?.Networks?.[names.network]?.Gateway ?? "";
    if (port !== undefined && !(await isOwnAddress(gateway))) {
      throw new EngineError(
        "engine_error",
        "networking: sandboxes cannot be reached from here, since this process does not share the machine's network",
      );
    }
    const rules = filterRules({
      allowed: egress ?? "public",
      never,
      resolvers: resolvers ?? machineResolvers(),
      ...(port !== undefined && { ingress: { gateway, port } }),
    });
    if (standing.get(Id) === rules) return;
    await applyFilter(State.Pid, Id, rules);
    standing.set(Id, rules);
  }

  async function makeHolder(needs: HolderNeeds): Promise<Holder> {
    await subnets();
    const name = names.container("holder", randomUUID());
    let id: string;
    try {
      id = await images.create(body(), name);
    } catch (error) {
      // The engine may have made it without being able to say so.
      await leftovers.remove(name);
      throw error;
    }
    own.add(id);
    try {
      await start(id);
      const found = await client.call<ContainerInspection>("GET", `/containers/${id}/json`);
      await filter(found, needs);
      return { id, address: found.NetworkSettings?.Networks?.[names.network]?.IPAddress ?? "" };
    } catch (error) {
      await release(id).catch(() => {});
      throw error;
    }
  }

  async function start(container: string): Promise<void> {
    const attempt = () => client.call("POST", `/containers/${container}/start`);
    try {
      await attempt();
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
      made = undefined;
      await subnets();
      await attempt();
    }
  }

  async function release(holder: string): Promise<void> {
    own.delete(holder);
    standing.delete(holder);
    await leftovers.remove(holder);
  }

  /** A spare can have been ended by others, or by a restart of the engine. */
  async function alive({ id }: Holder): Promise<ContainerInspection | undefined> {
    try {
      const found = await client.call<ContainerInspection>("GET", `/containers/${id}/json`);
      return found.State.Running ? found : undefined;
    } catch {
      // It is gone, or the engine is away, which the next one to ask will see. Given up in either case.
      return undefined;
    }
  }

  /** Makes a spare what is wanted now, or gives it up. */
  async function fit(spare: ContainerInspection, needs: HolderNeeds): Promise<void> {
    try {
      await filter(spare, needs);
    } catch (error) {
      await release(spare.Id).catch(() => {});
      throw error;
    }
  }

  return {
    ensure: subnets,
    start,
    coming: spares.coming,
    async holder(needs, signal) {
      signal.throwIfAborted();
      if (closed) throw new EngineError("engine_error", "the engine is closed");
      if (needs.egress !== undefined) return makeHolder(needs);
      for (let spare = spares.take(); spare !== undefined; spare = spares.take()) {
        const holder = await spare.catch(() => undefined);
        const found = holder === undefined ? undefined : await alive(holder);
        if (holder !== undefined && found !== undefined) {
          await fit(found, needs);
          return holder;
        }
        if (holder !== undefined) void release(holder.id);
      }
      return makeHolder(needs);
    },
    async refresh(holder) {
      await filter(await client.call<ContainerInspection>("GET", `/containers/${holder}/json`), {});
    },
    release,
    isOwn: (holder) => own.has(holder),
    async close() {
      closed = true;
      await Promise.allSettled((await spares.close()).map(({ id }) => release(id)));
      // 403: something is on it. The next start makes it again.
      await unless([403, 404, 409], client.call("DELETE", `/networks/${names.network}`));
    },
  };
}
