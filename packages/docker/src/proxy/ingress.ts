/** What sandboxes expose, and how it is reached: from `networking` in a create to a name that the proxy serves. */
import { EngineError, type SandboxPlan } from "@porter-sandbox/api";
import type { Clock } from "@porter-sandbox/spec";
import type { ContainerInspection } from "../inspection.ts";
import type { Names } from "../names.ts";
import type { Holder, Network } from "../network/network.ts";
import { createProxy } from "./proxy.ts";
import { createRoutes, inRanges, type Target } from "./routes.ts";

/** The proxy that serves the ports of sandboxes as `<name>.<domain>`. It listens when the first one exposes a port. */
export interface ProxyOptions {
  /** Where it listens. Anything but loopback lets others reach the sandboxes that are not `private`. Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** 0: any that is free, and the one that sandboxes from before a restart were told, when that is. Default 0. */
  readonly port?: number | undefined;
  /**
   * The domain under which each sandbox has a name. It and all names in it must lead to `host`, as those in `localhost`
   * do by themselves in browsers and in curl. Default `localhost`.
   */
  readonly domain?: string | undefined;
  /** How long nothing may move on a connection before it is cut, in milliseconds. Default 10 minutes. */
  readonly idleMs?: number | undefined;
}

/** What a container's label keeps of it, so that another server can take it up. */
export interface Exposure {
  readonly name: string;
  readonly port: number;
  readonly domain?: string;
  readonly visibility: "public" | "private";
  /** Where the proxy listened when the sandbox was made. */
  readonly proxy_port: number;
}

export interface Ingress {
  /** Listens, and answers the port. */
  open(wanted?: number): Promise<number>;
  refuses(plan: SandboxPlan): { field: string; rule: string } | undefined;
  /** Gives a sandbox that starts its names, which answer 503 for now. Undefined when it exposes nothing. */
  claim(plan: SandboxPlan): Promise<Exposure | undefined>;
  /** Gives the names that were promised by another server. */
  reclaim(sandbox: string, exposure: Exposure): Promise<void>;
  /** The names lead to the sandbox from now on; answers where it is found. */
  serve(sandbox: string, exposure: Exposure, target: Target): string;
  /** The names lead nowhere from now on. */
  release(sandbox: string): void;
  close(): Promise<void>;
}

interface IngressOptions {
  readonly proxy: ProxyOptions;
  readonly clock: Clock;
  readonly network: Network;
}

const defaultIdleMs = 600_000;
const domainField = "networking[0].domains[0].domain";

/** @throws Error when an option is malformed. */
export function checkProxy({ host, port = 0, domain = "localhost", idleMs = defaultIdleMs }: ProxyOptions): void {
  const got = (value: unknown) => `(got ${JSON.stringify(value)})`;
  if (host === "") throw new Error(`proxy.host: must be an address to listen on ${got(host)}`);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`proxy.port: must be a whole number from 0 to 65535 ${got(port)}`);
  }
  if (domain.length > 189 || !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(domain)) {
    throw new Error(`proxy.domain: must be a host name in lower case, 189 characters at most ${got(domain)}`);
  }
  if (!Number.isFinite(idleMs) || idleMs < 1 || idleMs > 0x3fffffff) {
    throw new Error(`proxy.idleMs: must be a positive number of milliseconds, 12 days at most ${got(idleMs)}`);
  }
}

export function createIngress({ proxy: options, clock, network }: IngressOptions): Ingress {
  const { host = "127.0.0.1", port = 0, domain = "localhost", idleMs = defaultIdleMs } = options;
  checkProxy(options);
  const routes = createRoutes();
  let listensAt = port;
  let isShutOut: (address: string) => boolean = () => false;
  const proxy = createProxy({ host, port, idleMs, clock, routes, isShutOut: (address) => isShutOut(address) });

  async function open(wanted?: number): Promise<number> {
    try {
      listensAt = await proxy.open(wanted);
      return listensAt;
    } catch (error) {
      throw new EngineError("engine_error", (error as Error).message, { cause: error });
    }
  }

  async function prepare(wanted?: number): Promise<number> {
    // A sandbox that no packet filter holds could ask the machine, and would reach others through the proxy.
    isShutOut = inRanges(await network.ensure());
    return open(wanted);
  }

  const ownName = (name: string) => `${name}.${domain}`.toLowerCase();
  const namesOf = (exposure: Pick<Exposure, "name" | "domain">) => [
    ownName(exposure.name),
    ...(exposure.domain === undefined ? [] : [exposure.domain.toLowerCase()]),
  ];

  function add(sandbox: string, exposure: Pick<Exposure, "name" | "domain" | "visibility">): void {
    try {
      routes.add(sandbox, namesOf(exposure), exposure.visibility);
    } catch (error) {
      throw new EngineError("engine_error", `networking: ${(error as Error).message}`, { cause: error });
    }
  }

  return {
    open,
    refuses({ id, networking }) {
      if (networking?.visibility === "internal") {
        return { field: "networking[0].internal", rule: "this engine connects no sandboxes with each other" };
      }
      const wanted = networking?.domain?.toLowerCase();
      if (wanted === undefined) return undefined;
      const got = `(got ${JSON.stringify(wanted)})`;
      if (wanted === domain || wanted.endsWith(`.${domain}`)) {
        return {
          field: domainField,
          rule: `must not be ${domain} or in it, where each sandbox has its own name ${got}`,
        };
      }
      const owner = routes.owner(wanted);
      return owner === undefined || owner === id
        ? undefined
        : { field: domainField, rule: `must not lead to another sandbox already ${got}` };
    },
    async claim({ id, name, networking }) {
      if (networking === undefined || networking.visibility === "internal") return undefined;
      const { port, domain, visibility } = networking;
      const exposure = { name, port, visibility, ...(domain !== undefined && { domain }) };
      const proxy_port = await prepare();
      add(id, exposure);
      return { ...exposure, proxy_port };
    },
    async reclaim(sandbox, exposure) {
      await prepare(exposure.proxy_port);
      add(sandbox, exposure);
    },
    serve(sandbox, exposure, target) {
      const [own = "", named] = namesOf(exposure);
      const route = routes.find(own);
      // It can have ended in the meantime.
      if (route?.sandbox === sandbox) route.target = target;
      return `${named ?? own}${listensAt === 80 ? "" : `:${listensAt}`}`;
    },
    release: (sandbox) => routes.remove(sandbox),
    close: () => proxy.close(),
  };
}

/** What a container's label says; undefined when it exposes nothing. */
export function readExposure(text: string | undefined): Exposure | undefined {
  if (text === undefined || text === "") return undefined;
  try {
    return JSON.parse(text) as Exposure;
  } catch {
    return undefined;
  }
}

/** Where a port of the container with the network is found: published on loopback, or at its address on the bridge. */
export function targetOf(networked: ContainerInspection | Holder, names: Names, port: number): Target {
  const settings = "address" in networked ? undefined : networked.NetworkSettings;
  const published = settings?.Ports?.[`${port}/tcp`]?.[0]?.HostPort;
  if (published) return { address: "127.0.0.1", port: Number(published) };
  const address = "address" in networked ? networked.address : settings?.Networks?.[names.network]?.IPAddress;
  if (address) return { address, port };
  throw new EngineError("engine_error", "networking: the sandbox has no address at which its port could be reached");
}
