/** Which host name leads where. */
import { BlockList, isIPv4, isIPv6 } from "node:net";

/** Where a sandbox's port answers, seen from this machine. */
export interface Target {
  readonly address: string;
  readonly port: number;
}

export interface Route {
  readonly sandbox: string;
  /** `private` is for this machine alone. */
  readonly visibility: "public" | "private";
  /** Absent while the sandbox starts. */
  target: Target | undefined;
  /** What is open to the sandbox; it ends with the route. */
  readonly open: Set<{ destroy(): unknown }>;
}

export interface Routes {
  /** The sandbox that a host name leads to; undefined when nobody has it. */
  owner(host: string): string | undefined;
  /** Gives names to a sandbox that starts. @throws Error when another one has one of them. */
  add(sandbox: string, hosts: readonly string[], visibility: Route["visibility"]): Route;
  /** The names lead nowhere from now on, and what was open to the sandbox is cut. */
  remove(sandbox: string): void;
  find(host: string): Route | undefined;
}

export function createRoutes(): Routes {
  const byHost = new Map<string, Route>();
  return {
    owner: (host) => byHost.get(host)?.sandbox,
    add(sandbox, hosts, visibility) {
      const taken = hosts.find((host) => byHost.has(host) && byHost.get(host)?.sandbox !== sandbox);
      if (taken !== undefined) throw new Error(`${taken} leads to another sandbox`);
      this.remove(sandbox);
      const route: Route = { sandbox, visibility, target: undefined, open: new Set() };
      for (const host of hosts) byHost.set(host, route);
      return route;
    },
    remove(sandbox) {
      for (const [host, route] of byHost) {
        if (route.sandbox !== sandbox) continue;
        byHost.delete(host);
        route.target = undefined;
        for (const each of route.open) each.destroy();
      }
    },
    find: (host) => byHost.get(host),
  };
}

/** The name in a `Host` header, without its port, in lower case; undefined when it is none. */
export function hostNameOf(header: string): string | undefined {
  const match = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)\.?(:\d{1,5})?$/i.exec(header);
  return match?.[1]?.toLowerCase();
}

/** An address as IPv4 where it is one in IPv6's clothes. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "");

export const isLoopback = (address: string): boolean => address === "::1" || /^127\./.test(address);

/** Whether an address lies in one of these ranges, `10.1.0.0/16` and the like. */
export function inRanges(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = "", bits = "32"] = range.split("/");
    if (isIPv4(network)) list.addSubnet(network, Number(bits), "ipv4");
    else if (isIPv6(network)) list.addSubnet(network, Number(bits), "ipv6");
  }
  return (address) => list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}
