import { decodeFrames, EXEC_STREAM_TYPE, type OutputName, type StreamEvent } from "@porter-sandbox/spec/stream-frames";
import { operationOf } from "../routes.ts";
import { equal, fail, includes, show } from "./assert.ts";
import type { Context } from "./context.ts";
import { defaultBaseUrl } from "./http.ts";

/** A stream of frames as a case reads it. */
interface Frames {
  readonly exec_id: string;
  /** What came so far, as text. */
  readonly text: Readonly<Record<OutputName, string>>;
  readonly events: readonly StreamEvent[];
  /** Reads until this holds, or the stream is over. */
  until(holds: () => boolean): Promise<void>;
  /** Reads to the end. Answers the last event, or undefined when the stream was cut. */
  end(): Promise<StreamEvent | undefined>;
  /** Leaves, as a client does that goes away. */
  leave(): Promise<void>;
}

/** Asks for a stream of frames and reads its start. The wire without the client, and without ky, which knows no streams. */
export async function frames(c: Context, method: string, path: string, body?: unknown): Promise<Frames> {
  const { target } = c;
  const gone = new AbortController();
  const response = await target.fetch(`${target.baseUrl ?? defaultBaseUrl}${path}`, {
    method,
    signal: gone.signal,
    headers: {
      accept: EXEC_STREAM_TYPE,
      ...(target.apiKey === undefined ? {} : { authorization: `Bearer ${target.apiKey}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.status !== 200) {
    return fail(`${method} ${path}: expected status 200, got ${response.status} ${show(await response.text())}`);
  }
  includes(response.headers.get("content-type"), EXEC_STREAM_TYPE, "content-type");
  const operation = operationOf(method, path.split("?")[0] ?? path);
  if (operation !== undefined) c.examined(operation, 200);

  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const text = { stdout: "", stderr: "" };
  const events: StreamEvent[] = [];
  const decoder = decodeFrames({
    output(stream, bytes) {
      text[stream] += decoders[stream].decode(bytes, { stream: true });
    },
    event: (event) => events.push(event),
  });
  const reader = response.body?.getReader() ?? fail(`${method} ${path}: expected a body`);
  let left = false;
  const leave = async () => {
    if (left) return;
    left = true;
    gone.abort();
    await reader.cancel().catch(() => {});
  };
  c.cleanup(leave);
  let over = false;
  const until = async (holds: () => boolean) => {
    while (!over && !holds()) {
      const { done, value } = await reader.read();
      over = done;
      if (value !== undefined) decoder.push(value);
    }
  };
  await until(() => events.length > 0);
  const [start] = events;
  if (start?.type !== "start") return fail(`${method} ${path}: expected a start, got ${show(start)}`);
  return {
    exec_id: start.exec_id,
    text,
    events,
    until,
    async end() {
      await until(() => false);
      equal(events.filter((event) => event === decoder.end).length, decoder.end === undefined ? 0 : 1, "ends");
      return decoder.end;
    },
    leave,
  };
}

/** Starts a command whose output is streamed. */
export const spawn = (c: Context, id: string, command: readonly string[], options: Record<string, unknown> = {}) =>
  frames(c, "POST", `/v1/sandbox/${id}/exec`, { command, ...options });
