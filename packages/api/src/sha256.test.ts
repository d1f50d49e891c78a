import fc from "fast-check";
import { expect, test } from "vitest";
import { sha256, toHex } from "./sha256.ts";

test("digests the examples of the standard", () => {
  const hex = (text: string) => toHex(sha256(new TextEncoder().encode(text)));
  expect(hex("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("agrees with the runtime's own for messages of every length around a block", async () => {
  const digest = async (bytes: Uint8Array<ArrayBuffer>) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  for (let length = 0; length <= 200; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
    expect(toHex(sha256(bytes))).toBe(toHex(await digest(bytes)));
  }
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (bytes) => {
      expect(toHex(sha256(bytes))).toBe(toHex(await digest(Uint8Array.from(bytes))));
    }),
    { numRuns: 50, seed: 1 },
  );
});
