import { randomUUID } from "node:crypto";
import { EngineError } from "@porter-sandbox/api";
import type { DockerClient } from "./client.ts";
import { helperBody } from "./container-body.ts";
import { applyFilter, machineResolvers, ownAddresses } from "./egress.ts";
import { hasStatus, unless } from "./errors.ts";
import { type Images, lacksImage } from "./images.ts";
import type { ContainerInspection } from "./inspection.ts";
import type { Names } from "./names.ts";
import type { FilterPolicy } from "./nft.ts";

/**
 * The network of sandboxes: one bridge on which they cannot talk to each other. With egress enforced, each sandbox runs
 * in the network namespace of a holder, a container that does nothing else: its packet filter stands before the
 * sandbox's first instruction, and nothing in the sandbox can change it.
 */
export interface Network {
  /** Makes the network when it is not there. */
  ensure(): Promise<void>;
  /** A holder whose filter stands: `undefined` for the public internet and DNS, else only these addresses. */
  holder(egress: readonly string[] | undefined, signal: AbortSignal): Promise<Holder>;
  /** Removes a holder. Unknown ids are fine. */
  release(holder: string): Promise<void>;
  /** Whether this process made the holder and has not released it. */
  isOwn(holder: string): boolean;
  /** Removes the spare holders. */
  close(): Promise<void>;
}

export interface Holder {
  /** The container's id. */
  readonly id: string;
  /** Its address on the bridge. */
  readonly address: string;
}

export interface NetworkOptions {
  readonly client: DockerClient;
  readonly names: Names;
  readonly images: Images;
  readonly helperImage: string;
  /** How many holders are kept ready. */
  readonly spares: number;
  readonly subnet?: string | undefined;
  readonly resolvers?: readonly string[] | undefined;
}

interface NetworkInspection {
  readonly Labels?: Record<string, string> | null;
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string; readonly Gateway?: string }[] | null };
}

export function createNetwork(options: NetworkOptions): Network {
  const { client, names, images, helperImage, resolvers } = options;
  const spares: Promise<Holder>[] = [];
  let closed = false;
  let made: Promise<string[]> | undefined;
  const own = new Set<string>();

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

  async function makeHolder(egress: readonly string[] | undefined): Promise<Holder> {
    const never = [...(await subnets()), ...ownAddresses()];
    const create = () =>
      client.call<{ Id: string }>("POST", "/containers/create", {
        query: { name: names.container("holder", randomUUID()) },
        json: body(),
      });
    let id: string;
    try {
      id = (await create()).Id;
    } catch (error) {
      if (!lacksImage(error)) throw error;
      await images.pull(helperImage);
      id = (await create()).Id;
    }
    own.add(id);
    try {
      await client.call("POST", `/containers/${id}/start`);
      const { State, NetworkSettings } = await client.call<ContainerInspection>("GET", `/containers/${id}/json`);
      const policy: FilterPolicy = {
        allowed: egress ?? "public",
        never,
        resolvers: (resolvers ?? machineResolvers()).filter((address) => !never.includes(address)),
      };
      await applyFilter(State.Pid, id, policy);
      return { id, address: NetworkSettings?.Networks?.[names.network]?.IPAddress ?? "" };
    } catch (error) {
      await release(id).catch(() => {});
      if (hasStatus(error, 404)) made = undefined;
      throw error;
    }
  }

  async function release(holder: string): Promise<void> {
    own.delete(holder);
    await unless([404, 409], client.call("DELETE", `/containers/${holder}`, { query: { force: true, v: true } }));
  }

  function replenish(): void {
    while (!closed && spares.length < options.spares) {
      const spare = makeHolder(undefined);
      spares.push(spare);
      // One that could not be made is not kept; the next that asks makes its own and sees why.
      spare.catch(() => {
        const at = spares.indexOf(spare);
        if (at !== -1) spares.splice(at, 1);
      });
    }
  }

  /** A spare can have been ended by others, or by a restart of the engine. */
  async function isAlive({ id }: Holder): Promise<boolean> {
    const found = await unless([404], client.call<ContainerInspection>("GET", `/containers/${id}/json`));
    return found?.State.Running === true;
  }

  return {
    async ensure() {
      await subnets();
    },
    async holder(egress, signal) {
      signal.throwIfAborted();
      if (closed) throw new EngineError("engine_error", "the engine is closed");
      if (egress !== undefined) return makeHolder(egress);
      let spare = spares.shift();
      while (spare !== undefined) {
        const holder = await spare.catch(() => undefined);
        if (holder !== undefined && (await isAlive(holder))) {
          replenish();
          return holder;
        }
        spare = spares.shift();
      }
      const holder = await makeHolder(undefined);
      replenish();
      return holder;
    },
    release,
    isOwn: (holder) => own.has(holder),
    async close() {
      closed = true;
      const left = await Promise.allSettled(spares.splice(0));
      await Promise.allSettled(
        left.map((spare) => (spare.status === "fulfilled" ? release(spare.value.id) : undefined)),
      );
    },
  };
}
