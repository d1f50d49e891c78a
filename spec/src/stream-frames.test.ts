import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeFrames,
  type ExitEvent,
  eventFrame,
  frameHeader,
  type OutputName,
  type SandboxEndedEvent,
  type StreamEvent,
} from "./stream-frames.ts";

type Part = { readonly output: OutputName; readonly bytes: Uint8Array } | { readonly event: StreamEvent };

const concat = (pieces: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
};

const encode = (parts: readonly Part[]): Uint8Array =>
  concat(
    parts.flatMap((part) =>
      "event" in part ? [eventFrame(part.event)] : [frameHeader(part.output, part.bytes.length), part.bytes],
    ),
  );

/** What a stream says, read in these pieces. Output is joined, since how it is cut means nothing. */
function read(pieces: readonly Uint8Array[]) {
  const out = { stdout: [] as number[], stderr: [] as number[] };
  const events: StreamEvent[] = [];
  const decoder = decodeFrames({
    output: (stream, bytes) => out[stream].push(...bytes),
    event: (event) => events.push(event),
  });
  for (const piece of pieces) decoder.push(piece);
  return { ...out, events, end: decoder.end, offsets: { ...decoder.offsets } };
}

const start = (stdout_offset = 0, stderr_offset = 0): Part => ({
  event: { type: "start", exec_id: "exec-1", stdout_offset, stderr_offset },
});

/** A truthful stream: outputs, gaps and keepalives in any order, and perhaps an end. */
const streams = fc
  .record({
    from: fc.tuple(fc.nat(1000), fc.nat(1000)),
    middle: fc.array(
      fc.oneof(
        fc.record({
          output: fc.constantFrom<OutputName>("stdout", "stderr"),
          bytes: fc.uint8Array({ maxLength: 40 }),
        }),
        fc.record({ gap: fc.constantFrom<OutputName>("stdout", "stderr"), size: fc.integer({ min: 1, max: 5000 }) }),
        fc.constant({ event: { type: "keepalive" } as const }),
      ),
      { maxLength: 8 },
    ),
    last: fc.constantFrom("exit", "sandbox_ended", "none"),
  })
  .map(({ from: [stdout, stderr], middle, last }) => {
    const at = { stdout, stderr };
    const parts: Part[] = [start(stdout, stderr)];
    for (const part of middle) {
      if ("gap" in part) {
        const from = at[part.gap];
        at[part.gap] += part.size;
        parts.push({ event: { type: "gap", stream: part.gap, from, to: at[part.gap] } });
        continue;
      }
      if ("output" in part) at[part.output] += part.bytes.length;
      parts.push(part);
    }
    const exit: ExitEvent = {
      type: "exit",
      exit_code: 3,
      reason: "exited",
      stdout_bytes: at.stdout,
      stderr_bytes: at.stderr,
    };
    const ended: SandboxEndedEvent = { type: "sandbox_ended", phase: "terminated" };
    const end = last === "exit" ? exit : last === "sandbox_ended" ? ended : undefined;
    if (end !== undefined) parts.push({ event: end });
    return { parts, end, at };
  });

describe("a stream of frames", () => {
  it("is read alike however it is cut", () => {
    fc.assert(
      fc.property(streams, fc.infiniteStream(fc.integer({ min: 1, max: 30 })), ({ parts, end, at }, sizes) => {
        const bytes = encode(parts);
        const pieces: Uint8Array[] = [];
        for (let from = 0; from < bytes.length; ) {
          const size = sizes.next().value ?? 1;
          pieces.push(bytes.subarray(from, from + size));
          from += size;
        }
        const found = read(pieces);
        expect(found).toEqual(read([bytes]));
        expect(found.end).toEqual(end);
        expect(found.offsets).toEqual(at);
        expect(found.events).toEqual(parts.flatMap((part) => ("event" in part ? [part.event] : [])));
        for (const name of ["stdout", "stderr"] as const) {
          const sent = parts.flatMap((part) => ("output" in part && part.output === name ? [...part.bytes] : []));
          expect(found[name]).toEqual(sent);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("that is cut gives the exact prefix and no end, at every byte", () => {
    fc.assert(
      fc.property(streams, ({ parts }) => {
        const bytes = encode(parts);
        const whole = read([bytes]);
        for (let cut = 0; cut < bytes.length; cut += 1) {
          const { stdout, stderr, events, end } = read([bytes.subarray(0, cut)]);
          expect(end).toBeUndefined();
          expect(stdout).toEqual(whole.stdout.slice(0, stdout.length));
          expect(stderr).toEqual(whole.stderr.slice(0, stderr.length));
          expect(events).toEqual(whole.events.slice(0, events.length));
        }
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  it("never throws anything but a FrameError, and invents no end, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          expect(read([bytes]).end).toBeUndefined();
        } catch (error) {
          expect((error as Error).name).toBe("FrameError");
        }
      }),
      { seed: 3 },
    );
  });

  it("copies no output", () => {
    const bytes = encode([start(), { output: "stdout", bytes: Uint8Array.of(1, 2, 3) }]);
    let same = false;
    const decoder = decodeFrames({
      output: (_, piece) => {
        same = piece.buffer === bytes.buffer;
      },
      event: () => {},
    });
    decoder.push(bytes);
    expect(same).toBe(true);
  });

  it("may hold events and fields that this version does not know", () => {
    const later = { event: { type: "later", field: 1 } as unknown as StreamEvent };
    const exit = {
      type: "exit",
      exit_code: 0,
      reason: "later",
      signal: null,
      stdout_bytes: 0,
      stderr_bytes: 0,
      more: 1,
    };
    const { events, end } = read([encode([start(), later, { event: exit as unknown as StreamEvent }])]);
    expect(events.map(({ type }) => type)).toEqual(["start", "exit"]);
    expect(end).toMatchObject({ exit_code: 0, reason: "later", more: 1 });
    expect(end).not.toHaveProperty("signal");
  });

  const exit = (stdout_bytes: number): Part => ({
    event: { type: "exit", exit_code: 0, reason: "exited", stdout_bytes, stderr_bytes: 0 },
  });
  const bad = (event: unknown): Part => ({ event: event as StreamEvent });

  it.each<[string, Uint8Array]>([
    ["begins with something else", encode([exit(0)])],
    ["begins with output", encode([{ output: "stdout", bytes: Uint8Array.of(1) }])],
    ["starts twice", encode([start(), start()])],
    ["goes on after its end", encode([start(), exit(0), exit(0)])],
    ["goes on with output after its end", encode([start(), exit(0), { output: "stdout", bytes: Uint8Array.of(1) }])],
    ["counts bytes that did not come", encode([start(), exit(1)])],
    ["has a gap elsewhere", encode([start(), bad({ type: "gap", stream: "stdout", from: 3, to: 5 })])],
    ["has a gap of nothing", encode([start(), bad({ type: "gap", stream: "stdout", from: 0, to: 0 })])],
    [
      "ends without a code",
      encode([start(), bad({ type: "exit", reason: "exited", stdout_bytes: 0, stderr_bytes: 0 })]),
    ],
    ["has an event without a type", encode([start(), bad({})])],
    ["is of another stream", Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0)],
    ["is no frame", new TextEncoder().encode("HTTP/1.1 502 Bad Gateway")],
    ["has an event that is not JSON", concat([frameHeader("event", 3), Uint8Array.of(123, 123, 123)])],
    ["has an event without bounds", frameHeader("event", 2 ** 31)],
  ])("that %s is refused, and stays so", (_, bytes) => {
    const decoder = decodeFrames({ output: () => {}, event: () => {} });
    expect(() => decoder.push(bytes)).toThrow(expect.objectContaining({ name: "FrameError" }));
    expect(() => decoder.push(encode([start()]))).toThrow(expect.objectContaining({ name: "FrameError" }));
    expect(decoder.end).toBeUndefined();
  });
});
