import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { argvOf, gateArchive, gateCommand, gatePath, lostByShell, openingOf } from "./gate.ts";

describe("the command line of a warm container", () => {
  const image = { Entrypoint: ["/entry"], Cmd: ["serve", "all"] };
  it.each([
    ["the image's own", {}, ["/entry", "serve", "all"]],
    ["with other arguments", { args: ["one"] }, ["/entry", "one"]],
    ["with another command, which drops the image's arguments", { command: ["sh"] }, ["sh"]],
    ["with both", { command: ["sh"], args: ["-c", "true"] }, ["sh", "-c", "true"]],
    ["with empty lists, which say nothing", { command: [], args: [] }, ["/entry", "serve", "all"]],
  ])("is what Docker would run: %s", (_, plan, argv) => {
    expect(argvOf(plan, image)).toEqual(argv);
  });

  it("is nothing when nobody says one", () => {
    expect(argvOf({}, { Cmd: null })).toEqual([]);
  });

  it("arrives word by word, whatever is in it", () => {
    const word = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("'", "\n", " ", "\\", "$", "a", '"', "`") }));
    // What the gate does to its lines, done by any shell.
    const read = `read -r n; t=$(cat; echo .); t=\${t%.}; eval "set -- $t"; for w; do printf "%s\\0" "$w"; done`;
    fc.assert(
      fc.property(fc.array(word.filter((text) => !text.includes("\0"))), (words) => {
        const opening = openingOf(words) ?? "";
        const [count = "", ...lines] = opening.split("\n");
        expect(Number(count)).toBe(lines.length - 1);
        const said = execFileSync("sh", ["-c", read], { input: opening, encoding: "utf8" });
        expect(said).toBe(words.map((each) => `${Buffer.from(each).toString("utf8")}\0`).join(""));
      }),
      { numRuns: 40 },
    );
  });

  it("is left to containers of their own when it is long", () => {
    expect(openingOf(["x".repeat(16_000)])).toBeTypeOf("string");
    expect(openingOf(["x".repeat(17_000)])).toBeUndefined();
  });
});

describe("the gate's archive", () => {
  const folder = () => mkdtempSync(join(tmpdir(), "porter-sandbox-gate-"));

  it("holds the program alone, for everyone to run", () => {
    const own = folder();
    try {
      writeFileSync(join(own, "busybox"), Buffer.concat([Buffer.from("\x7fELF", "latin1"), Buffer.alloc(5000, 7)]));
      const made = gateArchive(execFileSync("tar", ["-C", own, "-c", "busybox"]));
      const list = execFileSync("tar", ["-tv", "--numeric-owner"], { input: made, encoding: "utf8" });
      expect(list).toMatch(/^-rwxr-xr-x 0\/0\s+5004 \S+ \S+ \.porter-sandbox-gate\n$/);
      expect(execFileSync("tar", ["-xO"], { input: made }).subarray(4, 6)).toEqual(Buffer.alloc(2, 7));
    } finally {
      rmSync(own, { recursive: true });
    }
  });

  it.each([
    ["is no program", Buffer.from("#!/bin/sh\n")],
    ["needs shared libraries", Buffer.from("\x7fELF....../lib/ld-musl-x86_64.so.1", "latin1")],
  ])("is refused when the busybox %s", (why, content) => {
    const own = folder();
    try {
      writeFileSync(join(own, "busybox"), content);
      const archive = execFileSync("tar", ["-C", own, "-c", "busybox"]);
      expect(() => gateArchive(archive)).toThrow(why);
    } finally {
      rmSync(own, { recursive: true });
    }
  });
});

it("tells variables that a shell would not hand on", () => {
  expect(lostByShell(["PATH=/bin", "_A1=x", "LANG="])).toBeUndefined();
  expect(lostByShell(["PATH=/bin", "my.setting=1"])).toBe("my.setting");
  expect(lostByShell(["SHLVL=3"])).toBe("SHLVL");
});

it("starts with the path by which it is known", () => {
  expect(gateCommand[0]).toBe(gatePath);
});
