import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fold, parseListing } from "./script.ts";

describe("an argument of the helper", () => {
  // It starts a shell for each; a busy machine takes its time.
  it("holds no white space, and is undone by printf", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 30 }), (text) => {
        fc.pre(!text.includes("\0"));
        const folded = fold(text);
        expect(folded).toMatch(/^[!-~]+$/);
        const undone = execFileSync("sh", ["-c", 'printf "%b" "$1"', "sh", folded]);
        expect(undone.toString("utf8")).toBe(Buffer.from(text, "utf8").toString("utf8"));
      }),
      { seed: 11, numRuns: 40 },
    );
  });
});

describe("a listing", () => {
  const name = fc.string({
    unit: fc.constantFrom("a", "\n", " ", ".", "8", "1", "\t", "é"),
    minLength: 1,
    maxLength: 12,
  });
  it("is read as it was written, whatever the names hold", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.nat(), fc.nat()), { maxLength: 8 }), (entries) => {
        const text = entries.map(([name, size, time]) => `81a4 ${size} ${time} ./${name}\n`).join("");
        expect(parseListing(text)).toEqual(
          entries.map(([name, size, modifiedSeconds]) => ({ name, size, modifiedSeconds, mode: 0o100644 })),
        );
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});
