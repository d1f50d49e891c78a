/** Where a sandbox may connect to. */

import { each, fields, text } from "./checks.ts";

/** What an entry of `allowed_destinations` means. */
export type EgressDestination =
  | { readonly kind: "host"; readonly host: string }
  /** Every name under `domain`, and not the domain itself. */
  | { readonly kind: "wildcard"; readonly domain: string }
  | { readonly kind: "service"; readonly name: string; readonly namespace: string }
  /** An address is a range of one. `address` is 4 or 16 bytes. */
  | { readonly kind: "range"; readonly address: readonly number[]; readonly prefix: number };

const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** Whether a text is a host name in lower case. One whose last part is a number would be a mistyped address. */
export const isHostName = (text: string): boolean => HOST.test(text) && !/(^|\.)\d+$/.test(text);

/** The platform knows the many ways to write an address, and answers the one that is short and plain. */
const hostOf = (host: string) => (URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined);

function parseIpv4(text: string): number[] | undefined {
  return /^[\d.]+$/.test(text) && hostOf(text) === text ? text.split(".").map(Number) : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  // Hexadecimal groups, and one `::` at most.
  const halves = /^[\da-f:.]+$/i.test(text) && hostOf(`[${text}]`)?.slice(1, -1).split("::");
  if (!halves) return undefined;
  const [head = [], tail = []] = halves.map((half) => half.split(":").filter((group) => group !== ""));
  const groups = [...head, ...new Array<string>(8 - head.length - tail.length).fill("0"), ...tail];
  return groups.map((group) => Number.parseInt(group, 16)).flatMap((group) => [group >> 8, group & 255]);
}

const parseIp = (text: string) => parseIpv4(text) ?? (text.includes(":") ? parseIpv6(text) : undefined);

/** An IP address or a CIDR range. Bits after the prefix must be zero: `10.1.2.3/8` says one thing and means another. */
function parseRange(text: string): EgressDestination | undefined {
  const [before = "", after, ...more] = text.split("/");
  const address = parseIp(before);
  if (!address || more.length > 0) return undefined;
  const bits = address.length * 8;
  if (after === undefined) return { kind: "range", address, prefix: bits };
  if (!/^(0|[1-9]\d{0,2})$/.test(after) || Number(after) > bits) return undefined;
  const prefix = Number(after);
  const clean = address.every((byte, index) => (byte & (255 >> Math.min(8, Math.max(0, prefix - index * 8)))) === 0);
  return clean ? { kind: "range", address, prefix } : undefined;
}

/**
 * Reads an entry of `allowed_destinations`; undefined when it is none. Host names may be in any case and come out in lower
 * case.
 */
export function parseEgressDestination(text: string): EgressDestination | undefined {
  const range = parseRange(text);
  if (range) return range;
  const host = text.toLowerCase();
  const domain = host.startsWith("*.") ? host.slice(2) : undefined;
  if (!isHostName(domain ?? host)) return undefined;
  if (/(^|\.)svc\.cluster\.local$/.test(host)) {
    const [name = "", namespace = "", ...rest] = host.split(".");
    return domain === undefined && rest.length === 3 ? { kind: "service", name, namespace } : undefined;
  }
  return domain === undefined ? { kind: "host", host } : { kind: "wildcard", domain };
}

/** Checks one destination of `egress`. */
export const checkEgressDestination = text(
  (entry) => parseEgressDestination(entry) !== undefined,
  "must be a host name, *.domain, an IP address, a CIDR range with no bits set after its prefix, or name.namespace.svc.cluster.local",
);

/** `egress`; an empty list denies all. */
export const checkEgress = fields({ allowed_destinations: each(checkEgressDestination) }, {});
