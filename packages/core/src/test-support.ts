/** What the tests of this package share. Not part of what is published. */

import type { Clock } from "@porter-sandbox/spec";
import { Porter, type PorterOptions } from "./porter.ts";
import type { Volume } from "./resources/volume.ts";

/** A clock that only moves when it is told to. */
export class VirtualClock implements Clock {
  #now = Date.parse("2026-11-20T09:00:00Z");
  #timers: { at: number; run: () => void }[] = [];

  now(): number {
    return this.#now;
  }
  schedule(callback: () => void, ms: number): () => void {
    const timer = { at: this.#now + ms, run: callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }
  /** How many callbacks wait: none may be left when a call is over. */
  get pending(): number {
    return this.#timers.length;
  }
  /** Moves to the next timer and runs it; false when there is none. */
  step(): boolean {
    const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
    if (!next) return false;
    this.#timers = this.#timers.filter((one) => one !== next);
    this.#now = next.at;
    next.run();
    return true;
  }
  /** Lets everything happen that needs no time, then moves on, until the promise settles. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    promise.then(
      () => (settled = true),
      () => (settled = true),
    );
    for (let idle = 0; !settled; ) {
      await turn();
      await turn();
      if (settled) break;
      idle = this.step() ? 0 : idle + 1;
      if (idle > 50) throw new Error("nothing will ever settle this promise");
    }
    return promise;
  }
}

/** Lets all that is ready run. */
export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

type Answer = Response | Error | ((sent: Sent) => Response | Promise<Response>);

/** A `fetch` that gives prepared answers in turn, the last one for ever, and remembers what it was asked. */
export function scripted(...answers: Answer[]) {
  const sent: Sent[] = [];
  let asked = 0;
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const request: Sent = {
      method: init.method ?? "",
      url,
      headers: { ...(init.headers as Record<string, string>) },
      body: init.body,
      signal: init.signal as AbortSignal,
    };
    sent.push(request);
    const answer = answers[Math.min(++asked, answers.length) - 1];
    if (answer === undefined) throw new Error("no answer was prepared");
    if (answer instanceof Error) throw answer;
    return typeof answer === "function" ? answer(request) : answer.clone();
  };
  return { fetch, sent };
}

export const done = () => new Response(null, { status: 204 });

export const encode = (text: string) => new TextEncoder().encode(text);
export const decode = (value: Uint8Array) => new TextDecoder().decode(value);

/** A body in pieces; without an end it hangs, with an error it breaks off. */
export function body(pieces: string[], end: "close" | "hang" | Error = "close", cancel: () => void = () => {}) {
  const left = [...pieces];
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = left.shift();
        if (piece !== undefined) controller.enqueue(encode(piece));
        else if (end === "close") controller.close();
        else if (end === "hang") return new Promise(() => {});
        else controller.error(end);
        return undefined;
      },
      cancel,
    },
    { highWaterMark: 0 },
  );
}

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });

export const refusal = (status: number, code?: string, more: Record<string, unknown> = {}, headers = {}) =>
  json({ error: "the reason", ...(code && { code }), ...more }, status, headers);

/** What Node's fetch throws: the reason is in the cause. */
export const brokenConnection = (code: string) =>
  Object.assign(new TypeError("fetch failed"), { cause: Object.assign(new Error(`connect ${code}`), { code }) });

/** An answer that never comes, unless the request is cancelled. */
export const never = ({ signal }: Sent) =>
  new Promise<Response>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

export const status = (more: Record<string, unknown> = {}) => ({
  id: "sbx-1",
  name: "my-sandbox",
  image: "python:3.12-slim",
  phase: "running",
  created_at: "2026-11-20T08:00:00Z",
  host: "",
  ...more,
});

export const volumeFields = (more: Record<string, unknown> = {}) => ({
  id: "vol-1",
  name: "my-data",
  type: "disk",
  path: "sandbox-vol-vol-1",
  phase: "ready",
  attached_to: [],
  created_at: "2026-11-20T08:00:00Z",
  ...more,
});

/** A client on prepared answers and a virtual clock, without jitter. */
export function setUp(answers: Answer[], options: PorterOptions = {}) {
  const { fetch, sent } = scripted(...answers);
  const clock = new VirtualClock();
  const porter = new Porter({ fetch, clock, random: () => 0.5, ...options });
  return { porter, clock, sent };
}

/** The same, and a volume whose own request is already answered. */
export async function disk(answers: Answer[]) {
  const set = setUp([json(volumeFields()), ...answers]);
  const volume = (await set.porter.volumes.getById("vol-1")) as Volume;
  set.sent.length = 0;
  return { ...set, volume };
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not reject");
}
