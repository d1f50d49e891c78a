/** The packet filter of one sandbox, as a ruleset of nftables: pure text, so that it can be read and tested. */

/** Nothing of these is the public internet. */
export const privateRanges = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/4",
  "240.0.0.0/4",
] as const;

/**
 * Where clouds tell a machine its secrets, whatever is allowed: of most, and of Azure, Alibaba and Oracle. Azure's is a
 * public address.
 */
export const metadataAddresses = ["169.254.0.0/16", "168.63.129.16", "100.100.100.200", "192.0.0.192"] as const;

interface FilterPolicy {
  /** Where packets may go: the public internet and DNS, or only these addresses and ranges (IPv4). */
  readonly allowed: "public" | readonly string[];
  /** Never reached, whatever is allowed: the machine's own addresses and the network of the sandboxes. */
  readonly never: readonly string[];
  /** The resolvers that DNS may go to, when the public internet is allowed; they may be private, or the machine itself. */
  readonly resolvers: readonly string[];
  /** A port that the machine itself (`gateway`) may connect to. */
  readonly ingress?: { readonly gateway: string; readonly port: number } | undefined;
}

/** Docker's own resolver, inside every container of a network of its own. */
const embeddedResolver = "127.0.0.11";
const table = "inet porter_sandbox";

/**
 * The whole ruleset, applied in one transaction. Both chains drop what no rule lets through, IPv6 and its link-local
 * neighbours included.
 */
export function filterRules({ allowed, never, resolvers, ingress }: FilterPolicy): string {
  const isPublic = allowed === "public";
  const output = [
    // Docker's resolver asks from outside of this namespace when the machine's resolver is on loopback, so it is shut
    // here, where the list does not speak of DNS.
    ...(isPublic ? [] : [`ip daddr ${embeddedResolver} reject`]),
    'oifname "lo" accept',
    "ct state established,related accept",
    ...(isPublic ? dns(resolvers) : []),
    ...daddr([...metadataAddresses, ...never], "reject with icmp type admin-prohibited"),
    ...(isPublic
      ? [...daddr(privateRanges, "reject with icmp type admin-prohibited"), "meta nfproto ipv4 accept"]
      : daddr(allowed, "accept")),
    "reject with icmpx type admin-prohibited",
  ];
  const input = [
    'iifname "lo" accept',
    "ct state established,related accept",
    ...(ingress ? [`ip saddr ${ingress.gateway} tcp dport ${ingress.port} accept`] : []),
  ];
  return [
    `table ${table}`,
    `delete table ${table}`,
    `table ${table} {`,
    "  chain output {",
    "    type filter hook output priority filter; policy drop;",
    ...output.map((rule) => `    ${rule}`),
    "  }",
    "  chain input {",
    "    type filter hook input priority filter; policy drop;",
    ...input.map((rule) => `    ${rule}`),
    "  }",
    "}",
    "",
  ].join("\n");
}

const daddr = (addresses: readonly string[], verdict: string) =>
  addresses.map((address) => `ip daddr ${address} ${verdict}`);

const dns = (resolvers: readonly string[]) =>
  resolvers.flatMap((address) => [
    `ip daddr ${address} udp dport 53 accept`,
    `ip daddr ${address} tcp dport 53 accept`,
  ]);

/** Whether an entry of `egress` is an IPv4 address or range, which a packet filter can hold by itself. */
export function isIpv4(entry: string): boolean {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(entry);
  if (match === null) return false;
  const [, a, b, c, d, bits = "32"] = match;
  return [a, b, c, d].every((part) => Number(part) <= 255) && Number(bits) <= 32;
}
