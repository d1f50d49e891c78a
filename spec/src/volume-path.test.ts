import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkFilePath, checkMoveRequest, checkVolumePath, normalizeVolumePath } from "./volume-path.ts";

describe("normalizeVolumePath", () => {
  it.each([
    ["", "/"],
    ["/", "/"],
    ["a", "/a"],
    ["/a/b/", "/a/b"],
    ["//a//b", "/a/b"],
    ["./a/./b", "/a/b"],
    ["/...", "/..."],
    ["/a b/ü\n", "/a b/ü\n"],
    ["/a\\..\\b", "/a\\..\\b"],
    [`/${"a".repeat(255)}`, `/${"a".repeat(255)}`],
  ])("writes %j as %j", (path, plain) => expect(normalizeVolumePath(path)).toBe(plain));

  it.each([
    "..",
    "/..",
    "/a/../b",
    "a/..",
    "\0",
    "/a\0b",
    "/\ud800",
    `/${"a".repeat(256)}`,
    `/${"ü".repeat(128)}`,
    "/a".repeat(2049),
  ])("refuses %j", (path) => expect(normalizeVolumePath(path)).toBeUndefined());

  it("answers a path that stays as it is, never leaves the volume, and never throws", () => {
    const piece = fc.oneof(fc.constantFrom("..", ".", "", "a", "\0"), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const plain = normalizeVolumePath(pieces.join("/"));
        if (plain === undefined) return;
        expect(normalizeVolumePath(plain)).toBe(plain);
        expect(plain.startsWith("/")).toBe(true);
        expect(plain.split("/")).not.toContain("..");
        expect(decodeURIComponent(encodeURIComponent(plain))).toBe(plain);
      }),
    );
  });
});

it("lets only a listing name the root", () => {
  expect(checkVolumePath("path", "/")).toBeUndefined();
  expect(checkFilePath("path", "/")).toMatchObject({ field: "path", rule: "must not be the root" });
  expect(checkFilePath("path", 7)).toMatchObject({ rule: "must be a string" });
});

it("refuses a move of the root, into what is moved, or out of the volume", () => {
  expect(checkMoveRequest({ from: "/a", to: "/b" })).toBeUndefined();
  expect(checkMoveRequest({ from: "/a", to: "/ab" })).toBeUndefined();
  expect(checkMoveRequest({ from: "/", to: "/b" })).toMatchObject({ field: "from" });
  expect(checkMoveRequest({ from: "/a", to: "//" })).toMatchObject({ field: "to" });
  expect(checkMoveRequest({ from: "/a/", to: "a//b" })).toMatchObject({
    field: "to",
    rule: "must not lie within what is moved",
  });
  expect(checkMoveRequest({ from: "/a", to: "../b" })).toMatchObject({ field: "to" });
  expect(checkMoveRequest({ from: "/a" })).toMatchObject({ field: "to" });
  expect(checkMoveRequest(null)).toMatchObject({ field: "body" });
});
