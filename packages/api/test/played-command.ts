import { decodeFrames, type OutputName, type StreamEvent } from "@porter-sandbox/spec/stream-frames";
import { expect } from "vitest";
import type { ExecEnd } from "../src/engine.ts";
import { type Deferred, defer } from "./engine-double.ts";
import { createHarness, type Harness } from "./harness.ts";

export const encode = (text: string) => new TextEncoder().encode(text);

/** A command that a test plays by hand. */
interface Played {
  readonly out: ReadableStreamDefaultController<Uint8Array>;
  readonly err: ReadableStreamDefaultController<Uint8Array>;
  readonly exit: Deferred<ExecEnd>;
  /** How often its standard output was asked for more. */
  pulls: number;
  /** What it was sent. */
  readonly input: string[];
  /** Set to hold its input back. */
  hold: Promise<void> | undefined;
  end(end?: ExecEnd): void;
}

function play(harness: Harness): () => Played {
  let played: Played | undefined;
  harness.engine.onExec = (_, killed, plan) => {
    const made: Partial<Played> & { pulls: number } = { pulls: 0 };
    const exit = defer<ExecEnd>();
    const stdout = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void Object.assign(made, { out: controller }),
        pull() {
          made.pulls += 1;
        },
      },
      { highWaterMark: 0 },
    );
    const stderr = new ReadableStream<Uint8Array>({
      start: (controller) => void Object.assign(made, { err: controller }),
    });
    const input: string[] = [];
    const stdin = new WritableStream<Uint8Array>({
      async write(bytes) {
        await played?.hold;
        input.push(new TextDecoder().decode(bytes));
      },
      close: () => void input.push("EOF"),
    });
    let over = false;
    const end = (how: ExecEnd = { exit_code: 0 }) => {
      if (over) return;
      over = true;
      // One that broke, or that nobody reads, cannot be closed any more.
      for (const controller of [made.out, made.err]) if (controller?.desiredSize !== null) controller?.close();
      exit.resolve(how);
    };
    void killed.then(() => end({ exit_code: 137 }));
    played = Object.assign(made, { exit, input, hold: undefined, end }) as Played;
    return { stdout, stderr, ...(plan.stdin && { stdin }), exit: exit.promise };
  };
  return () => {
    if (played === undefined) throw new Error("nothing was started");
    return played;
  };
}

/** Reads a stream of frames as it comes. */
export function follow(response: Response) {
  const text = { stdout: "", stderr: "" };
  const events: StreamEvent[] = [];
  const decoder = decodeFrames({
    output: (name: OutputName, bytes) => {
      text[name] += new TextDecoder("latin1").decode(bytes);
    },
    event: (event) => events.push(event),
  });
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("no body");
  const step = async () => {
    const { done, value } = await reader.read();
    if (value !== undefined) decoder.push(value);
    return !done;
  };
  const all = async () => {
    while (await step());
  };
  return { text, events, decoder, step, all, cancel: () => reader.cancel() };
}

/** A sandbox whose commands a test plays by hand, and how they are started and read. */
export async function setUp(options: Parameters<typeof createHarness>[0] = {}) {
  const harness = createHarness(options);
  const played = play(harness);
  const id = await harness.run();
  const path = `/v1/sandbox/${id}/processes`;
  const get = (path: string, signal?: AbortSignal) =>
    harness.api.fetch(new Request(`http://api.test${path}`, { ...(signal && { signal }) }));
  const spawn = async (body: Record<string, unknown> = {}) => {
    const response = await harness.api.fetch(
      new Request(`http://api.test/v1/sandbox/${id}/exec`, {
        method: "POST",
        headers: { accept: "application/json;q=0.5, application/vnd.sandbox.exec-stream" },
        body: JSON.stringify({ command: ["work"], ...body }),
      }),
    );
    expect(response.status).toBe(200);
    const stream = follow(response);
    await stream.step();
    const [start] = stream.events;
    if (start?.type !== "start") throw new Error("no start");
    return { ...stream, response, exec_id: start.exec_id, at: `${path}/${start.exec_id}` };
  };
  return { ...harness, id, path, get, spawn, played };
}
