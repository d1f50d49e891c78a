import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkExec } from "./exec.ts";
import { checkIdempotencyKey } from "./names.ts";
import { checkSandboxSpec } from "./sandbox-spec.ts";
import { parseTagFilter } from "./tags.ts";
import { describeViolation } from "./violations.ts";
import { checkVolumeSpec } from "./volume-spec.ts";

const image = "python:3.12-slim";

describe("checkSandboxSpec", () => {
  it("takes everything that the API offers", () => {
    expect(
      checkSandboxSpec({
        image,
        name: "my-sandbox",
        tags: { workflow: "demo", empty: "", odd: "a=b" },
        command: ["sh", "-c", ""],
        args: [""],
        env: { A: "", B: "x=y" },
        env_groups: ["base"],
        volume_mounts: { "/data": "vol-1", "/data/inner/": "vol-2" },
        networking: [{ port: 8080, domains: [{ domain: "app.example.com", visibility: "private" }] }],
        egress: { allowed_destinations: ["*.example.com"] },
        resources: { cpu: "500m", memory: "512Mi" },
        ttl_seconds: 3600,
      }),
    ).toBeUndefined();
    expect(checkSandboxSpec({ image: "", snapshot_id: "snap-1" })).toBeUndefined();
    expect(checkSandboxSpec({ image, command: undefined, tags: undefined, networking: [] })).toBeUndefined();
  });

  it.each([
    "alpine",
    "python:3.12-slim",
    "ghcr.io/owner/some_name/x__y:V1.2",
    "localhost:5000/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "a/b:tag@sha256:0123456789abcdef0123456789abcdef",
  ])("takes the image %s", (one) => expect(checkSandboxSpec({ image: one })).toBeUndefined());

  it.each([
    "",
    " ",
    "Python",
    "a b",
    "a:",
    "a@sha256:zz",
    "/a",
    "a/",
    "a//b",
    "a\0",
    "http://a",
    "-a",
    "a".repeat(600),
  ])("refuses the image %j", (one) =>
    expect(checkSandboxSpec({ image: one })).toMatchObject({ field: "image", value: one }),
  );

  const bad: [string, object][] = [
    ["image", { image: undefined }],
    ["snapshot_id", { snapshot_id: "snap-1" }],
    ["snapshot_id", { image: "", snapshot_id: "" }],
    ["name", { name: "" }],
    ["name", { name: "Upper" }],
    ["name", { name: "-a" }],
    ["name", { name: "a-" }],
    ["name", { name: "a\n" }],
    ["name", { name: "a".repeat(64) }],
    ["name", { name: 7 }],
    ["tags", { tags: { "": "x" } }],
    ["tags", { tags: { "a=b": "x" } }],
    ["tags.a", { tags: { a: "\ud800" } }],
    ["tags", { tags: ["a"] }],
    ["command", { command: [] }],
    ["command", { command: [""] }],
    ["command", { command: "ls" }],
    ["command[1]", { command: ["ls", "\0"] }],
    ["args[0]", { args: [1] }],
    ["env", { env: { "": "x" } }],
    ["env", { env: { "A=B": "x" } }],
    ["env.A", { env: { A: "\0" } }],
    ["env_groups[0]", { env_groups: [""] }],
    ["volume_mounts", { volume_mounts: { data: "v" } }],
    ["volume_mounts", { volume_mounts: { "/": "v" } }],
    ["volume_mounts", { volume_mounts: { "/a/../b": "v" } }],
    ["volume_mounts", { volume_mounts: { "/a/./b": "v" } }],
    ["volume_mounts", { volume_mounts: { "/a//b": "v" } }],
    ["volume_mounts", { volume_mounts: { "/a": "v", "/a/": "w" } }],
    ['volume_mounts["/a"]', { volume_mounts: { "/a": "" } }],
    ["networking", { networking: [{ port: 8080 }, { port: 8081 }] }],
    ["networking[0].port", { networking: [{}] }],
    ["networking[0].port", { networking: [{ port: 1023 }] }],
    ["networking[0].port", { networking: [{ port: 65536 }] }],
    ["networking[0].port", { networking: [{ port: 8080.5 }] }],
    ["networking[0].domains", { networking: [{ port: 8080, domains: [{}, {}] }] }],
    ["networking[0].domains", { networking: [{ port: 8080, internal: true, domains: [{}] }] }],
    ["networking[0].domains[0].domain", { networking: [{ port: 8080, domains: [{ domain: "no spaces" }] }] }],
    ["networking[0].domains[0].visibility", { networking: [{ port: 8080, domains: [{ visibility: "secret" }] }] }],
    ["egress.allowed_destinations[0]", { egress: { allowed_destinations: ["10.0.0.0/40"] } }],
    ["resources.cpu", { resources: { cpu: "0" } }],
    ["resources.memory", { resources: { memory: "2TB" } }],
    ["ttl_seconds", { ttl_seconds: 0 }],
    ["ttl_seconds", { ttl_seconds: -5 }],
    ["ttl_seconds", { ttl_seconds: 1.5 }],
    ["ttl_seconds", { ttl_seconds: Number.NaN }],
    ["ttl_seconds", { ttl_seconds: 31_536_001 }],
  ];
  it.each(bad)("names %s in %j", (field, part) => expect(checkSandboxSpec({ image, ...part })?.field).toBe(field));

  it("says field, value and rule", () => {
    expect(describeViolation(checkSandboxSpec({ image, ttl_seconds: -5 }) ?? expect.fail())).toBe(
      "ttl_seconds: must be a whole number from 1 to 31536000 (got -5)",
    );
  });

  it("never shows what is in an environment, not even when the value stands where the name should", () => {
    for (const env of [{ A: "hunter2\0" }, { "A=hunter2": "x" }, { A: 42 }]) {
      const message = describeViolation(checkSandboxSpec({ image, env }) ?? expect.fail());
      expect(message).toMatch(/^env/);
      expect(message).not.toMatch(/hunter2|42/);
    }
  });

  it("never throws, whatever it is given", () => {
    const names = [
      "image",
      "snapshot_id",
      "name",
      "tags",
      "command",
      "env",
      "volume_mounts",
      "networking",
      "egress",
      "resources",
    ];
    const spec = fc.dictionary(fc.constantFrom(...names), fc.anything({ withBigInt: true, withNullPrototype: true }));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          spec,
          spec.map((one) => ({ ...one, image })),
        ),
        (value) => {
          for (const check of [checkSandboxSpec, checkVolumeSpec, checkExec]) {
            const found = check(value);
            if (found) expect(describeViolation(found).length).toBeLessThan(500);
          }
        },
      ),
    );
  });

  it("is quick on many mounts and on hostile texts", () => {
    const mounts = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`/${index}/`, "v"]));
    const started = performance.now();
    expect(checkSandboxSpec({ image, volume_mounts: mounts })).toBeUndefined();
    expect(checkSandboxSpec({ image: `${"a-".repeat(255)}!` })).toBeDefined();
    expect(checkSandboxSpec({ image, egress: { allowed_destinations: [`${"a-".repeat(100_000)}!`] } })).toBeDefined();
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe("checkVolumeSpec", () => {
  it("takes a disk and an object volume", () => {
    expect(checkVolumeSpec({})).toBeUndefined();
    expect(checkVolumeSpec({ name: "my-data", type: "disk" })).toBeUndefined();
    expect(
      checkVolumeSpec({ type: "object", object: { bucket: "b", prefix: "x/", access: "read_only" } }),
    ).toBeUndefined();
  });
  it.each([
    ["name", { name: "No" }],
    ["type", { type: "tape" }],
    ["object", { type: "object" }],
    ["object", { object: { bucket: "b" } }],
    ["object", { type: "disk", object: { bucket: "b" } }],
    ["object.bucket", { type: "object", object: {} }],
    ["object.bucket", { type: "object", object: { bucket: "a/b" } }],
    ["object.access", { type: "object", object: { bucket: "b", access: "all" } }],
    ["object.prefix", { type: "object", object: { bucket: "b", prefix: "\0" } }],
  ])("names %s in %j", (field, spec) => expect(checkVolumeSpec(spec)?.field).toBe(field));
});

it("wants a command that names a program", () => {
  expect(checkExec({ command: ["true"] })).toBeUndefined();
  expect(checkExec({ command: [] })).toMatchObject({ field: "command" });
  expect(checkExec({})).toMatchObject({ field: "command" });
  expect(checkExec(undefined)).toMatchObject({ field: "body" });
});

it("wants an idempotency key that fits in a header", () => {
  expect(checkIdempotencyKey("a-1")).toBeUndefined();
  for (const key of ["", "a b", "ü", "a".repeat(256)]) expect(checkIdempotencyKey(key)?.field).toBe("Idempotency-Key");
});

it("splits a tag filter at its first =", () => {
  expect(parseTagFilter("a=b=c")).toEqual(["a", "b=c"]);
  expect(parseTagFilter("a=")).toEqual(["a", ""]);
  expect(parseTagFilter("=b")).toBeUndefined();
  expect(parseTagFilter("a")).toBeUndefined();
});
