import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkEgress, parseEgressDestination } from "./egress.ts";

describe("parseEgressDestination", () => {
  it.each([
    ["api.example.com", { kind: "host", host: "api.example.com" }],
    ["API.Example.com", { kind: "host", host: "api.example.com" }],
    ["localhost", { kind: "host", host: "localhost" }],
    ["*.example.com", { kind: "wildcard", domain: "example.com" }],
    ["db.prod.svc.cluster.local", { kind: "service", name: "db", namespace: "prod" }],
    ["1.2.3.4", { kind: "range", address: [1, 2, 3, 4], prefix: 32 }],
    ["10.0.0.0/8", { kind: "range", address: [10, 0, 0, 0], prefix: 8 }],
    ["0.0.0.0/0", { kind: "range", address: [0, 0, 0, 0], prefix: 0 }],
    ["::/0", { kind: "range", address: new Array(16).fill(0), prefix: 0 }],
    ["::1", { kind: "range", address: [...new Array(15).fill(0), 1], prefix: 128 }],
    ["2001:db8::/32", { kind: "range", address: [0x20, 1, 0x0d, 0xb8, ...new Array(12).fill(0)], prefix: 32 }],
    ["::ffff:1.2.3.4", { kind: "range", address: [...new Array(10).fill(0), 255, 255, 1, 2, 3, 4], prefix: 128 }],
    ["1:2:3:4:5:6:7::", { kind: "range", address: [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0], prefix: 128 }],
  ])("reads %s", (text, meaning) => expect(parseEgressDestination(text)).toEqual(meaning));

  it.each([
    "",
    "*",
    "*.",
    "*.*.example.com",
    "a.*.example.com",
    "*example.com",
    "example.com.",
    ".example.com",
    "-a.example.com",
    "a_b.example.com",
    "https://example.com",
    "example.com:443",
    "example.com/path",
    "256.1.1.1",
    "1.2.3",
    "01.2.3.4",
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.1.2.3/8",
    "0x7f.0.0.1",
    "2001:db8::/129",
    "2001:db8::1/32",
    "1::2::3",
    ":::",
    "fe80::1%eth0",
    "[::1]",
    "a.b.c.svc.cluster.local",
    "db.svc.cluster.local",
    "svc.cluster.local",
    "*.prod.svc.cluster.local",
    " example.com",
    "exämple.com",
    `${"a".repeat(64)}.com`,
  ])("refuses %j", (text) => expect(parseEgressDestination(text)).toBeUndefined());

  it("reads every address that is written in full or short, in every range that it begins", () => {
    fc.assert(
      fc.property(fc.ipV4(), (ip) => {
        expect(parseEgressDestination(ip)).toEqual({ kind: "range", address: ip.split(".").map(Number), prefix: 32 });
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), (ip) => {
        expect(parseEgressDestination(ip)).toMatchObject({ kind: "range", prefix: 128 });
      }),
    );
  });

  it("takes a range exactly when no bit after its prefix is set", () => {
    const byte = fc.nat(255);
    fc.assert(
      fc.property(byte, byte, byte, byte, fc.nat(32), (a, b, c, d, prefix) => {
        const bits = [a, b, c, d].map((one) => one.toString(2).padStart(8, "0")).join("");
        const clean = !bits.slice(prefix).includes("1");
        expect(parseEgressDestination(`${a}.${b}.${c}.${d}/${prefix}`) !== undefined).toBe(clean);
      }),
    );
  });

  it("never throws on any text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[\d.:a-f/*]*$/)), (text) => {
        parseEgressDestination(text);
      }),
    );
  });
});

it("names the entry that is no destination", () => {
  expect(checkEgress("egress", { allowed_destinations: [] })).toBeUndefined();
  expect(checkEgress("egress", { allowed_destinations: ["example.com", "10.0.0.0/99"] })).toMatchObject({
    field: "egress.allowed_destinations[1]",
    value: "10.0.0.0/99",
  });
  expect(checkEgress("egress", {})).toMatchObject({ field: "egress.allowed_destinations" });
});
