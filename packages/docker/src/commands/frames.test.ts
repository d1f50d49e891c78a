import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type OutputStream, readFrames } from "./frames.ts";

const frame = (stream: number, content: Uint8Array) => {
  const bytes = Buffer.alloc(8 + content.length);
  bytes[0] = stream;
  bytes.writeUInt32BE(content.length, 4);
  bytes.set(content, 8);
  return bytes;
};

/** What comes out: whole frames, put together again from their pieces. */
function read(pieces: readonly Uint8Array[]) {
  const frames: [OutputStream, string][] = [];
  let parts: Uint8Array[] = [];
  const reader = readFrames((stream, piece, last) => {
    parts.push(piece.slice());
    if (!last) return;
    frames.push([stream, Buffer.concat(parts).toString("hex")]);
    parts = [];
  });
  for (const piece of pieces) reader.push(piece);
  reader.end();
  return frames;
}

const anyFrames = fc.array(fc.record({ stream: fc.constantFrom(1, 2), content: fc.uint8Array({ maxLength: 40 }) }), {
  maxLength: 6,
});

describe("frames", () => {
  it("come out whole, wherever the stream is cut in two", () => {
    fc.assert(
      fc.property(anyFrames, (given) => {
        const bytes = Buffer.concat(given.map(({ stream, content }) => frame(stream, content)));
        const expected = given.map(({ stream, content }) => [
          stream === 2 ? "stderr" : "stdout",
          Buffer.from(content).toString("hex"),
        ]);
        for (let cut = 0; cut <= bytes.length; cut += 1) {
          expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(expected);
        }
        expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
      }),
      { seed: 7, numRuns: 60 },
    );
  });

  it("are known to be cut off, wherever that is", () => {
    fc.assert(
      fc.property(anyFrames, (given) => {
        const whole = given.map(({ stream, content }) => frame(stream, content));
        const bytes = Buffer.concat(whole);
        const ends = new Set([0]);
        for (const { length } of whole) ends.add(Math.max(...ends) + length);
        for (let cut = 0; cut <= bytes.length; cut += 1) {
          const attempt = () => read([bytes.subarray(0, cut)]);
          if (ends.has(cut)) expect(attempt).not.toThrow();
          else expect(attempt).toThrow("inside a frame");
        }
      }),
      { seed: 7, numRuns: 60 },
    );
  });

  it("are refused when they are none", () => {
    expect(() => read([Buffer.from("HTTP/1.1 500 Oops")])).toThrow("not framed");
    expect(() => read([Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0)])).toThrow("not framed");
  });
});
