import { describe, expect, it } from "vitest";
import { createFileModel } from "./file-model.ts";

const write = (path: string, text: string) => ({ kind: "write", path, text }) as const;
const move = (from: string, to: string) => ({ kind: "move", from, to }) as const;

describe("what files can be", () => {
  it("is what was acknowledged last, and nothing else", () => {
    const model = createFileModel();
    expect(model.done(write("a", "1"))).toBe(true);
    expect(model.done(write("a", "2"))).toBe(true);
    expect(model.read("a", "2")).toBe(true);
    expect(model.read("a", "1")).toBe(false);
    expect(createFileModel().read("a", "1")).toBe(false);
  });

  it("is either, after an unknown change, until a reading decides", () => {
    const model = createFileModel();
    model.done(write("a", "1"));
    model.unknown(write("a", "2"));
    expect(model.describe("a")).toBe("1 or 2");
    expect(model.read("a", "2")).toBe(true);
    // It happened once; it cannot unhappen.
    expect(model.read("a", "1")).toBe(false);
  });

  it("may change late, but not after the server that was asked is gone", () => {
    const model = createFileModel();
    model.unknown(write("a", "1"));
    expect(model.read("a", undefined)).toBe(true);
    model.done(write("a", "2"));
    expect(model.read("a", "1")).toBe(true);

    const settled = createFileModel();
    settled.unknown(write("a", "1"));
    settled.settle();
    expect(settled.read("a", undefined)).toBe(true);
    expect(settled.read("a", "1")).toBe(false);
  });

  it("follows moves, which happen once and overwrite nothing", () => {
    const model = createFileModel();
    model.done(write("a", "1"));
    model.unknown(move("a", "b"));
    expect(model.refused(move("a", "c"))).toBe(true);
    expect(model.listed(["b"])).toBe(true);
    expect(model.done(move("b", "c"))).toBe(true);
    expect(model.done(move("b", "c"))).toBe(false);
    model.done(write("d", "2"));
    expect(model.refused(move("d", "c"))).toBe(true);
    expect(model.refused(move("d", "e"))).toBe(false);
  });
});
