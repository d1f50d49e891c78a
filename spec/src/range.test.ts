import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatContentRange, parseRange } from "./range.ts";

describe("parseRange", () => {
  it.each([
    ["bytes=0-3", 11, { kind: "part", start: 0, length: 4 }],
    ["bytes=4-", 11, { kind: "part", start: 4, length: 7 }],
    ["bytes=-4", 11, { kind: "part", start: 7, length: 4 }],
    ["bytes=-99", 11, { kind: "part", start: 0, length: 11 }],
    ["bytes=5-99", 11, { kind: "part", start: 5, length: 6 }],
    ["Bytes = 10-10 ", 11, { kind: "part", start: 10, length: 1 }],
    ["bytes=11-", 11, { kind: "unsatisfiable" }],
    [`bytes=${"9".repeat(400)}-`, 11, { kind: "unsatisfiable" }],
    ["bytes=-0", 11, { kind: "unsatisfiable" }],
    ["bytes=5-4", 11, { kind: "whole" }],
    ["bytes=-", 11, { kind: "whole" }],
    ["bytes=0-1,3-4", 11, { kind: "whole" }],
    ["lines=0-1", 11, { kind: "whole" }],
    ["bytes=a-b", 11, { kind: "whole" }],
    ["", 11, { kind: "whole" }],
    [null, 11, { kind: "whole" }],
    ["bytes=0-", 0, { kind: "whole" }],
    ["bytes=5-", 0, { kind: "whole" }],
  ])("answers %j of %i bytes", (header, size, answer) => expect(parseRange(header, size)).toEqual(answer));

  it("never throws, and never leaves the file", () => {
    const header = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^bytes=\d{0,3}-\d{0,3}$/));
    fc.assert(
      fc.property(header, fc.nat(1000), (text, size) => {
        const answer = parseRange(text, size);
        if (answer.kind !== "part") return;
        expect(answer.length).toBeGreaterThan(0);
        expect(answer.start + answer.length).toBeLessThanOrEqual(size);
      }),
    );
  });
});

describe("Content-Range", () => {
  it("names the part and the size", () => expect(formatContentRange(11, { start: 4, length: 3 })).toBe("bytes 4-6/11"));
  it("gives the size alone when no part fits", () => expect(formatContentRange(11)).toBe("bytes */11"));
});
