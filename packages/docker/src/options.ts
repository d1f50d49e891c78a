import type { QueueOptions } from "@porter-sandbox/api";
import { type Clock, parseEgressDestination } from "@porter-sandbox/spec";
import { checkIsolation, type DefaultLimits, type Isolation } from "./container-body.ts";
import type { ImageOptions } from "./images.ts";
import { checkProxy, type ProxyOptions } from "./proxy/ingress.ts";
import { checkPool, type WarmPool } from "./sandboxes/pool.ts";

/**
 * The options of `dockerEngine`; each may be left out. One that is malformed makes `dockerEngine` throw an Error whose
 * message names it.
 */
export interface DockerEngineOptions extends ImageOptions {
  /** `unix:///path`, `tcp://host:port`, `http://…`, `https://…`. Default: `DOCKER_HOST`, else `/var/run/docker.sock`. */
  readonly host?: string | undefined;
  /**
   * Tells what this engine made from everything else on the machine: 1 to 40 lowercase letters, digits and hyphens.
   * Give each server of its own a name of its own; two that share one would clear away each other's sandboxes.
   * Default `default`.
   */
  readonly installation?: string | undefined;
  /**
   * What runs beside sandboxes, never in them: for the files of volumes, for networks, to end commands. An image with
   * the applets of busybox. Pulled when it is missing. Default `busybox:1`.
   */
  readonly helperImage?: string | undefined;
  /** What a sandbox may use when it does not say: 1 core, 1 GiB, 1024 processes, 16 MiB of output. */
  readonly limits?: DefaultLimits | undefined;
  /**
   * How sandboxes are isolated beyond what always holds. Default: the engine's own runtime and seccomp profile, and
   * `defaultCapabilities`.
   */
  readonly isolation?: Isolation | undefined;
  /**
   * `enforced` (default): every sandbox runs behind a packet filter that leaves it the public internet and DNS, or what
   * its `egress` lists. That needs root on the engine's own Linux machine, with `nft` and `nsenter`; elsewhere creating
   * the engine throws. `unenforced`: no filter, sandboxes reach whatever the machine reaches, and one that asks for
   * `egress` is refused.
   */
  readonly egress?: "enforced" | "unenforced" | undefined;
  /** Resolvers for sandboxes, as IPv4 addresses. Default: the machine's own. */
  readonly resolvers?: readonly string[] | undefined;
  /** The range that sandboxes' addresses come from, such as `10.77.0.0/16`. Default: one that Docker picks. */
  readonly subnet?: string | undefined;
  /**
   * The proxy through which `networking` is served: loopback by default. `false`: there is none, and `networking` is
   * refused. So it is on an engine on another machine, since the ports of its sandboxes cannot be reached from here.
   */
  readonly proxy?: ProxyOptions | false | undefined;
  /**
   * Containers that run already and are handed out to creates that ask for just that: the same image and nothing of
   * `command`, `args`, `env`, volumes, `networking`, `egress`, a snapshot or other resources. Default none.
   * Needs the packet filter: without it a sandbox has a host name of its own, which a container cannot be given later.
   */
  readonly pool?: WarmPool | undefined;
  /**
   * How many network namespaces are kept ready behind their filter, 0 to 100, which saves each create about 150 ms. What a burst of
   * creates takes is made anew when it is over; creates beyond it make their own. Default: as many as the largest burst of the
   * last ten minutes took, at least 2 and at most 20, nor more than an eighth of a `subnet` of fewer addresses.
   */
  readonly spareNetworks?: number | undefined;
  /**
   * How many sandboxes are brought up at once; others wait their turn. Many at once make each other slow and none
   * faster. Default twice the cores of this machine, at least 4.
   */
  readonly concurrentStarts?: number | undefined;
  /**
   * What may be promised to all running sandboxes together: cores and bytes of memory. A create that would go beyond waits
   * as `queued`, first come first served; one that could never fit is refused with a 422. Default: no bounds.
   */
  readonly capacity?: Pick<QueueOptions, "cpu_cores" | "memory_bytes"> | undefined;
  /** How often running sandboxes are measured, in milliseconds. Default 30 000. */
  readonly metricsIntervalMs?: number | undefined;
  /** How long a volume's helper stays after its last file operation, in milliseconds. Default 30 000. */
  readonly helperIdleMs?: number | undefined;
  /**
   * How long a volume's helper may be silent when it is asked something, in milliseconds; then it is replaced and the
   * operation fails. Default 30 000.
   */
  readonly helperSilenceMs?: number | undefined;
  /** What tells the time and runs timers; a test can give one that it moves itself. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /**
   * Where `DOCKER_HOST` and the TLS variables (`DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`) are looked up. Default:
   * `process.env`.
   */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** The least and the most that a whole number may be. */
type Bounds = readonly [least: number, most?: number];

const whole: Readonly<Partial<Record<keyof DockerEngineOptions, Bounds>>> = {
  spareNetworks: [0, 100],
  concurrentStarts: [1],
  metricsIntervalMs: [1],
  helperIdleMs: [0],
  helperSilenceMs: [1],
};

/** @throws Error for the first option that is malformed: it names the option, what it is and what it may be. */
export function checkOptions(options: DockerEngineOptions): void {
  const { egress, isolation, limits, capacity, pool, proxy, subnet, resolvers } = options;
  // Whatever else it were taken for, a typing error would open the filter, or shut a server up.
  if (egress !== undefined && egress !== "enforced" && egress !== "unenforced")
    refuse("egress", egress, 'must be "enforced" or "unenforced"');
  for (const [name, bounds] of Object.entries(whole)) checkWhole(name, options[name as keyof typeof whole], bounds);
  for (const [name, value] of Object.entries(limits ?? {})) checkPositive(`limits.${name}`, value);
  for (const [name, value] of Object.entries(capacity ?? {})) checkPositive(`capacity.${name}`, value);
  if (subnet !== undefined && !(prefixOf(subnet) <= 30))
    refuse("subnet", subnet, "must be an IPv4 range of at least 4 addresses, such as 10.77.0.0/16");
  for (const [index, resolver] of (resolvers ?? []).entries())
    if (prefixOf(resolver) !== 32 || resolver.includes("/"))
      refuse(`resolvers[${index}]`, resolver, "must be an IPv4 address");
  if (isolation) checkIsolation(isolation);
  if (proxy) checkProxy(proxy);
  if (pool) checkPool(pool);
  if (pool && egress === "unenforced") throw new Error('pool: goes only with egress: "enforced"');
}

/** How many networks are kept ready. Each takes an address of the subnet, and the sandboxes need them too. */
export function sparesOf({ spareNetworks, subnet }: DockerEngineOptions): { least: number; most: number } {
  if (spareNetworks !== undefined) return { least: spareNetworks, most: spareNetworks };
  const addresses = subnet === undefined ? Infinity : 2 ** (32 - prefixOf(subnet));
  return { least: 2, most: Math.max(2, Math.min(20, addresses / 8)) };
}

/** The prefix of an IPv4 range, 32 for an address; NaN for anything else. */
function prefixOf(text: string): number {
  const range = parseEgressDestination(text);
  return range?.kind === "range" && range.address.length === 4 ? range.prefix : Number.NaN;
}

function checkWhole(name: string, value: unknown, [least, most = Number.MAX_SAFE_INTEGER]: Bounds): void {
  if (value === undefined || (Number.isInteger(value) && (value as number) >= least && (value as number) <= most))
    return;
  const range = most === Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`;
  refuse(name, value, `must be a whole number${range}`);
}

function checkPositive(name: string, value: unknown): void {
  if (value !== undefined && !(typeof value === "number" && value > 0)) refuse(name, value, "must be a number above 0");
}

function refuse(name: string, value: unknown, rule: string): never {
  throw new Error(`${name}: ${rule} (got ${typeof value === "string" ? JSON.stringify(value) : String(value)})`);
}
