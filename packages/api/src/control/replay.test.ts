import fc from "fast-check";
import { expect, test } from "vitest";
import { createReplay } from "./replay.ts";

const latin1 = new TextDecoder("latin1");
const numbered = (from: number, length: number) => Uint8Array.from({ length }, (_, index) => (from + index) % 251);

test("keeps the newest bytes at their places, whatever the sizes of the pieces", () => {
  const sizes = fc.array(fc.oneof(fc.nat(20), fc.integer({ min: 4000, max: 9000 }), fc.constant(16_384)), {
    maxLength: 15,
  });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: 30_000 }), fc.nat(), (pieces, capacity, pick) => {
      const replay = createReplay(capacity);
      let written = 0;
      let largest = 16_384;
      for (const size of pieces) {
        replay.append(numbered(written, size));
        written += size;
        largest = Math.max(largest, size);
      }
      expect(replay.end).toBe(written);
      expect(written - replay.start).toBeGreaterThanOrEqual(Math.min(written, capacity));
      expect(written - replay.start).toBeLessThanOrEqual(capacity + largest);
      const offset = replay.start + (pick % (written - replay.start + 1));
      const found = replay.from(offset).reduce((all, bytes) => all + latin1.decode(bytes), "");
      expect(found === latin1.decode(numbered(offset, written - offset))).toBe(true);
    }),
    { seed: 11, numRuns: 100 },
  );
});

test("what was handed out does not change when more is written", () => {
  const replay = createReplay(100);
  replay.append(Uint8Array.of(1, 2));
  const [piece] = replay.from(0);
  replay.append(Uint8Array.of(3));
  expect([...(piece ?? [])]).toEqual([1, 2]);
  expect(replay.from(0).flatMap((bytes) => [...bytes])).toEqual([1, 2, 3]);
});

test("large pieces are not copied, small ones are kept together", () => {
  const replay = createReplay(1_000_000);
  const large = new Uint8Array(100_000);
  replay.append(large);
  for (let i = 0; i < 1000; i += 1) replay.append(Uint8Array.of(i));
  expect(replay.from(0)[0]?.buffer).toBe(large.buffer);
  expect(replay.from(0)).toHaveLength(2);
});

test("a piece of a much larger buffer does not keep all of it", () => {
  const replay = createReplay(1_000_000);
  const buffer = numbered(0, 65_536);
  replay.append(buffer.subarray(8192, 12_288));
  replay.append(buffer.subarray(0, 65_000));
  const [part, most] = replay.from(0);
  expect([part?.buffer.byteLength, most?.buffer.byteLength]).toEqual([4096, 65_536]);
  expect(part).toEqual(numbered(8192, 4096));
});
