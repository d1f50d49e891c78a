/** What the tests of processes share. Not part of what is published. */

import {
  EXEC_STREAM_TYPE,
  type ExitEvent,
  eventFrame,
  frameHeader,
  type OutputName,
} from "@porter-sandbox/spec/stream-frames";
import type { Sandbox } from "../src/index.ts";
import { encode, json } from "./answers.ts";
import { setUp } from "./scripted-client.ts";

export type Bytes = Uint8Array<ArrayBuffer>;
export const joined = (...parts: readonly Uint8Array[]): Bytes => {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};
export const output = (stream: OutputName, text: string | Uint8Array) => {
  const bytes = typeof text === "string" ? encode(text) : text;
  return joined(frameHeader(stream, bytes.length), bytes);
};
export const start = (stdout_offset = 0, stderr_offset = 0) =>
  eventFrame({ type: "start", exec_id: "exec-1", stdout_offset, stderr_offset });
export const exit = (stdout_bytes: number, stderr_bytes = 0, more: Partial<ExitEvent> = {}) =>
  eventFrame({ type: "exit", exit_code: 0, reason: "exited", stdout_bytes, stderr_bytes, ...more });

export const framed = (body: Bytes | ReadableStream<Uint8Array>) =>
  new Response(body, { headers: { "content-type": EXEC_STREAM_TYPE } });
/** A body that comes in these pieces, and then ends, fails, or neither. */
export const pieces = (parts: readonly Uint8Array[], then: "end" | "fail" | "hang" = "end") => {
  const left = [...parts];
  return framed(
    new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = left.shift();
        if (next) return controller.enqueue(next);
        if (then === "end") controller.close();
        else if (then === "fail") controller.error(new TypeError("terminated"));
        else return new Promise(() => {});
      },
    }),
  );
};
export const all = ["exec_streams", "exec_options", "processes"];
export const capabilities = (...extensions: string[]) => json({ extensions });

export type Answer = Parameters<typeof setUp>[0][number];
export function sandboxOn(answers: Answer[], options = {}) {
  // A clone of a body that fails loses what came before.
  const once = answers.map((answer) =>
    answer instanceof Response && answer.headers.get("content-type") === EXEC_STREAM_TYPE ? () => answer : answer,
  );
  const made = setUp(once, options);
  return { ...made, sandbox: made.porter.sandboxes.fromId("sbx-1") as Sandbox };
}
export const textOf = async (stream: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return new TextDecoder().decode(joined(...parts));
};
/** Everything that came before the end, and what the end was. */
export async function readAll(stream: AsyncIterable<Uint8Array>) {
  const parts: Uint8Array[] = [];
  let error: unknown;
  try {
    for await (const part of stream) parts.push(part);
  } catch (reason) {
    error = reason;
  }
  const bytes = joined(...parts);
  return { bytes, text: new TextDecoder().decode(bytes), error };
}
