/** A client on prepared answers. Not part of what is published. */

import { Porter, type PorterOptions } from "../src/porter.ts";
import type { Volume } from "../src/resources/volume.ts";
import { json, volumeFields } from "./answers.ts";
import { StepClock } from "./step-clock.ts";

export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

type Answer = Response | Error | ((sent: Sent) => Response | Promise<Response>);

/** A `fetch` that gives prepared answers in turn, the last one for ever, and remembers what it was asked. */
function scripted(...answers: Answer[]) {
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

/** An answer that never comes, unless the request is cancelled. */
export const never = ({ signal }: Sent) =>
  new Promise<Response>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

/** A client on prepared answers and a clock that only moves when it is told to, without jitter. */
export function setUp(answers: Answer[], options: PorterOptions = {}) {
  const { fetch, sent } = scripted(...answers);
  const clock = new StepClock();
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
