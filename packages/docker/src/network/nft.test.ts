import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { localAddresses } from "./egress.ts";
import { filterRules, isIpv4, metadataAddresses, privateRanges } from "./nft.ts";

const chain = (rules: string, name: string) => {
  const body = rules.split(`chain ${name} {`)[1]?.split("}\n")[0] ?? "";
  return body
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
};

describe("the packet filter", () => {
  it("lets the public internet and DNS through, and no private range", () => {
    const output = chain(
      filterRules({ allowed: "public", never: ["172.20.0.0/16", "198.51.100.7"], resolvers: ["10.0.0.2"] }),
      "output",
    );
    expect(output[0]).toBe("type filter hook output priority filter; policy drop;");
    const accept = output.indexOf("meta nfproto ipv4 accept");
    const dns = output.indexOf("ip daddr 10.0.0.2 udp dport 53 accept");
    for (const range of [...privateRanges, ...metadataAddresses, "172.20.0.0/16", "198.51.100.7"]) {
      const at = output.indexOf(`ip daddr ${range} reject with icmp type admin-prohibited`);
      expect(at, range).toBeGreaterThan(dns);
      expect(at, range).toBeLessThan(accept);
    }
    expect(output.at(-1)).toBe("reject with icmpx type admin-prohibited");
  });

  it("lets through what is listed, and neither DNS nor what is never reached", () => {
    const output = chain(
      filterRules({ allowed: ["0.0.0.0/0"], never: ["172.20.0.0/16"], resolvers: ["10.0.0.2"] }),
      "output",
    );
    expect(output.slice(1)).toEqual([
      "ip daddr 127.0.0.11 reject",
      'oifname "lo" accept',
      "ct state established,related accept",
      "ip daddr 169.254.0.0/16 reject with icmp type admin-prohibited",
      "ip daddr 168.63.129.16 reject with icmp type admin-prohibited",
      "ip daddr 100.100.100.200 reject with icmp type admin-prohibited",
      "ip daddr 192.0.0.192 reject with icmp type admin-prohibited",
      "ip daddr 172.20.0.0/16 reject with icmp type admin-prohibited",
      "ip daddr 0.0.0.0/0 accept",
      "reject with icmpx type admin-prohibited",
    ]);
  });

  it("lets DNS through to a resolver that is never reached otherwise, and only without a list", () => {
    for (const resolver of ["168.63.129.16", "198.51.100.7"]) {
      const policy = { never: ["198.51.100.7"], resolvers: [resolver] };
      const output = chain(filterRules({ allowed: "public", ...policy }), "output");
      const shut = output.indexOf(`ip daddr ${resolver} reject with icmp type admin-prohibited`);
      for (const protocol of ["udp", "tcp"]) {
        const open = output.indexOf(`ip daddr ${resolver} ${protocol} dport 53 accept`);
        expect(open).toBeGreaterThan(0);
        expect(open).toBeLessThan(shut);
      }
      expect(filterRules({ allowed: [resolver], ...policy })).not.toContain("dport 53");
    }
  });

  it("lets nobody in, but the machine to one port", () => {
    const rules = { allowed: "public", never: [], resolvers: [] } as const;
    const shut = chain(filterRules(rules), "input");
    expect(shut.slice(1)).toEqual(['iifname "lo" accept', "ct state established,related accept"]);
    const open = chain(filterRules({ ...rules, ingress: { gateway: "172.20.0.1", port: 8080 } }), "input");
    expect(open.at(-1)).toBe("ip saddr 172.20.0.1 tcp dport 8080 accept");
  });

  it("takes IPv4 addresses and ranges, and nothing that could be more than one", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.option(fc.integer({ min: 0, max: 32 })), (address, bits) => {
        expect(isIpv4(bits === null ? address : `${address}/${bits}`)).toBe(true);
      }),
      { seed: 3 },
    );
    for (const entry of [
      "",
      "1.2.3",
      "1.2.3.256",
      "1.2.3.4/33",
      "1.2.3.4 accept",
      "1.2.3.4\naccept",
      "::1",
      "a.b.c.d",
    ]) {
      expect(isIpv4(entry), JSON.stringify(entry)).toBe(false);
    }
  });
});

describe("the addresses of a machine", () => {
  it("are those that its kernel delivers to itself, each once for each table", () => {
    const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 192.0.2.0/24 2 0 2
        |-- 192.0.2.0
           /24 link UNICAST
Local:
  +-- 127.0.0.0/8 2 0 2
     |-- 127.0.0.0
        /8 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 192.0.2.21
        /32 host LOCAL
     |-- 192.0.2.255
        /32 link BROADCAST
     |-- 198.51.100.0
        /25 host LOCAL
`;
    expect(localAddresses(trie)).toEqual(["127.0.0.0/8", "127.0.0.1", "192.0.2.21", "198.51.100.0/25"]);
    expect(localAddresses("")).toEqual([]);
  });
});
