import { eventFrame, type OutputName } from "@porter-sandbox/spec/stream-frames";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, json, refusal } from "../../test/answers.ts";
import {
  type Bytes,
  exit,
  framed,
  joined,
  output,
  pieces,
  readAll,
  sandboxOn,
  start,
  textOf,
} from "../../test/process-streams.ts";
import { rejection, type Sent } from "../../test/scripted-client.ts";
import { turn } from "../../test/step-clock.ts";
import type { StreamInterruptedError } from "../index.ts";
import { createOutput, KEPT_BYTES } from "./process-output.ts";
// Loaded here, so that no test has to wait for it.
import "./exec-options.ts";

describe("a stream that breaks", () => {
  const text = "out ä".repeat(3);
  const frames: readonly [name: OutputName | "event", frame: Bytes][] = [
    ["event", start()],
    ["stdout", output("stdout", text)],
    ["stderr", output("stderr", "warn\n")],
    ["event", eventFrame({ type: "keepalive" })],
    ["stdout", output("stdout", "the end")],
    ["event", exit(encode(text).length + 7, 5, { exit_code: 3 })],
  ];
  const recorded = joined(...frames.map(([, frame]) => frame));
  /** What the first `length` bytes of the recording hold of one output. */
  const framesOf = (name: OutputName, length: number): Bytes => {
    let at = 0;
    const found = frames.map(([owner, frame]) => {
      const payload = frame.subarray(8, Math.max(8, Math.min(frame.length, length - at)));
      at += frame.length;
      return owner === name ? payload : new Uint8Array(0);
    });
    return joined(...found);
  };

  it("gives an exact prefix and an error at every byte, and the exit only when all of it came", async () => {
    for (let at = 0; at < recorded.length; at++) {
      const then = at % 2 === 0 ? "end" : "fail";
      const { sandbox, clock } = sandboxOn([pieces([recorded.subarray(0, at)], then), refusal(404)]);
      const begun = await sandbox.spawn("x").then(
        (process) => ({ process }),
        (error: unknown) => ({ error }),
      );
      if ("error" in begun) {
        expect(begun.error).toMatchObject({ name: "StreamInterruptedError" });
        continue;
      }
      const { process } = begun;
      const [out, err] = await clock.settle(Promise.all([readAll(process.stdout), readAll(process.stderr)]));
      expect(out.error).toMatchObject({ name: "StreamInterruptedError", code: "stream_interrupted", admitted: true });
      expect(err.error).toBe(out.error);
      // Each output has a byte for each byte of its own frames that came.
      expect([out.bytes, err.bytes]).toEqual([framesOf("stdout", at), framesOf("stderr", at)]);
      expect(await rejection(process.exited)).toBe(out.error);
    }
  });

  it("is taken up where it stopped, wherever that is, when the server has processes", async () => {
    const stdout = encode(`${text}the end`);
    const rest = ({ url }: Sent) => {
      const query = new URL(url).searchParams;
      const [from, skip] = [Number(query.get("stdout_offset")), Number(query.get("stderr_offset"))];
      const left = joined(
        start(from, skip),
        output("stdout", stdout.subarray(from)),
        output("stderr", encode("warn\n").subarray(skip)),
        exit(stdout.length, 5, { exit_code: 3 }),
      );
      return framed(left);
    };
    const begin = start().length;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: begin, max: recorded.length - 1 }), fc.boolean(), async (at, fails) => {
        const { sandbox, clock } = sandboxOn([pieces([recorded.subarray(0, at)], fails ? "fail" : "end"), rest]);
        const process = await clock.settle(sandbox.spawn("x"));
        const [out, err] = await clock.settle(Promise.all([textOf(process.stdout), textOf(process.stderr)]));
        expect([out, err]).toEqual([`${text}the end`, "warn\n"]);
        expect(await process.exited).toMatchObject({ exit_code: 3, stdout_bytes: stdout.length });
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 150, seed: 1 },
    );
  });

  it("is given up after as many failures without a byte as there are retries", async () => {
    const { sandbox, sent, clock } = sandboxOn([pieces([start()], "fail"), () => pieces([start()], "fail")]);
    const process = await clock.settle(sandbox.spawn("x"));
    expect(await clock.settle(rejection(process.exited))).toMatchObject({ name: "StreamInterruptedError" });
    expect(sent).toHaveLength(4);
    expect(clock.pending).toBe(0);
  });

  it("is noticed when nothing comes for a minute, not even a keepalive, though nobody closes it", async () => {
    const { sandbox, clock, sent } = sandboxOn([pieces([start()], "hang"), refusal(404)]);
    const began = clock.now();
    const process = await sandbox.spawn("x");
    expect(await clock.settle(rejection(process.exited))).toMatchObject({ name: "StreamInterruptedError" });
    expect(clock.now() - began).toBe(61_250);
    expect(sent).toHaveLength(2);
  });

  it.each([
    ["no frames", encode("HTTP/1.1 what?"), /are no frame/],
    ["another part of the output", start(7), /another part/],
    ["an end that counts other bytes", joined(start(), output("stdout", "ab"), exit(3)), /other bytes/],
  ])("is refused when it is %s", async (_, body, message) => {
    const { sandbox, sent } = sandboxOn([framed(body)]);
    const error = await sandbox.spawn("x").then(
      (process) => rejection(process.exited),
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: "MalformedResponseError", message: expect.stringMatching(message) });
    expect(sent).toHaveLength(1);
  });

  it("names the sandbox's end as the reason when that is what happened", async () => {
    const { sandbox } = sandboxOn([
      pieces([start(), eventFrame({ type: "sandbox_ended", phase: "failed" })]),
      json({
        id: "sbx-1",
        name: "n",
        image: "i",
        phase: "failed",
        reason: "out_of_memory",
        exit_code: 137,
        created_at: "2026-11-20T08:00:00Z",
        host: "",
      }),
    ]);
    const process = await sandbox.spawn("x");
    expect(await rejection(process.exited)).toMatchObject({ name: "SandboxOOMError", phase: "failed", exit_code: 137 });
  });
});

describe("output that nobody reads", () => {
  const piece = new Uint8Array(KEPT_BYTES / 4).fill(97);

  it("does not hold the process up; who comes late is told what is gone", async () => {
    const frames = Array.from({ length: 6 }, () => output("stdout", piece));
    const { sandbox } = sandboxOn([pieces([start(), ...frames, exit(piece.length * 6)])]);
    const process = await sandbox.spawn("x");
    expect((await process.exited).stdout_bytes).toBe(piece.length * 6);
    const { text, error } = await readAll(process.stdout);
    expect(text).toBe("");
    expect(error).toMatchObject({ code: "output_gap", gap: { stream: "stdout", from: 0, to: expect.any(Number) } });
    expect((error as { gap: { to: number } }).gap.to).toBeGreaterThanOrEqual(piece.length * 2);
  });

  it("tells where the reader stopped, whatever comes behind it", async () => {
    const piece = (text: string) => encode(text.repeat(600 * 1024));
    const late = createOutput("stdout", 0);
    for (const text of "abc") late.push(piece(text));
    const error = (await rejection(late.source.next())) as StreamInterruptedError;
    expect(error.gap).toEqual({ stream: "stdout", from: 0, to: 1_228_800 });
    expect(late.consumed).toBe(1_228_800);
    late.push(piece("d"));
    expect([late.consumed, late.position]).toEqual([1_228_800, 2_457_600]);
    const left = createOutput("stderr", 10);
    left.push(encode("one"));
    left.push(encode("two"));
    expect(await left.source.next()).toEqual(encode("one"));
    left.source.cancel();
    left.push(encode("three"));
    expect([left.consumed, left.position]).toEqual([13, 21]);
  });

  it("waits for a reader who has begun, and loses nothing", async () => {
    const frames = Array.from({ length: 12 }, () => output("stdout", piece));
    const { sandbox } = sandboxOn([pieces([start(), ...frames, exit(piece.length * 12)])]);
    const process = await sandbox.spawn("x");
    const reader = process.stdout.getReader();
    let length = (await reader.read()).value?.length ?? 0;
    let over = false;
    void process.exited.then(() => {
      over = true;
    });
    for (let i = 0; i < 20; i++) await turn();
    expect(over).toBe(false);
    for (let { value } = await reader.read(); value; { value } = await reader.read()) length += value.length;
    expect(length).toBe(piece.length * 12);
    expect((await process.exited).stdout_bytes).toBe(length);
  });

  it("is let go of when a reader breaks off", async () => {
    const frames = Array.from({ length: 12 }, () => output("stdout", piece));
    const { sandbox } = sandboxOn([pieces([start(), ...frames, exit(piece.length * 12)])]);
    const process = await sandbox.spawn("x");
    for await (const _ of process.stdout) break;
    expect((await process.exited).stdout_bytes).toBe(piece.length * 12);
  });

  it("passes a gap of the server on as a typed error at its place", async () => {
    const { sandbox } = sandboxOn([
      pieces([
        start(),
        output("stdout", "abc"),
        eventFrame({ type: "gap", stream: "stdout", from: 3, to: 9 }),
        output("stdout", "xyz"),
        exit(12),
      ]),
    ]);
    const process = await sandbox.spawn("x");
    expect(await readAll(process.stdout)).toMatchObject({
      text: "abc",
      error: { name: "StreamInterruptedError", code: "output_gap", gap: { stream: "stdout", from: 3, to: 9 } },
    });
  });
});
