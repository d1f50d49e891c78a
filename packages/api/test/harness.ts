/** An API on the engine double and a clock that stands still, and short ways to ask it. */
import { createSandboxApi, type SandboxApi, type SandboxApiOptions } from "../src/api.ts";
import type { EngineFeatures } from "../src/engine.ts";
import { createEngineDouble, type EngineDouble } from "./engine-double.ts";
import { createManualClock, type ManualClock, settle } from "./manual-clock.ts";

/** What a test reads of an answer; a field that is not there is undefined. */
// biome-ignore lint/suspicious/noExplicitAny: tests assert what the fields hold.
type Body = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly text: string;
}

export interface Harness {
  readonly api: SandboxApi;
  readonly engine: EngineDouble;
  readonly clock: ManualClock;
  readonly errors: unknown[];
  /** A string or bytes are sent as they are, anything else as JSON. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Creates a sandbox and lets it come up. */
  run(spec?: Record<string, unknown>, headers?: Record<string, string>): Promise<string>;
  phase(id: string): Promise<string>;
}

/** Numbers that repeat from run to run. */
export function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function createHarness(
  options: Partial<SandboxApiOptions> & {
    features?: Partial<EngineFeatures>;
    clock?: ManualClock;
    engine?: EngineDouble;
  } = {},
): Harness {
  const { features, clock = createManualClock(), engine = createEngineDouble(clock, features), ...rest } = options;
  const errors: unknown[] = [];
  const api = createSandboxApi({
    random: seededRandom(),
    onError: (error) => errors.push(error),
    ...rest,
    engine,
    clock,
  });
  const harness: Harness = {
    api,
    engine,
    clock,
    errors,
    async ask(method, path, body, headers = {}) {
      const raw = body === undefined || typeof body === "string" || ArrayBuffer.isView(body);
      const request = new Request(`http://api.test${path}`, {
        method,
        headers: { ...(raw ? {} : { "Content-Type": "application/json" }), ...headers },
        ...(body !== undefined && { body: (raw ? body : JSON.stringify(body)) as BodyInit }),
      });
      const response = await api.fetch(request);
      const text = await response.text();
      const json = response.headers.get("Content-Type") === "application/json";
      return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : undefined };
    },
    async run(spec = {}, headers = {}) {
      const { body } = await harness.ask("POST", "/v1/sandbox/run", { image: "busybox:1", ...spec }, headers);
      await settle();
      return body.id;
    },
    phase: async (id) => (await harness.ask("GET", `/v1/sandbox/${id}`)).body.phase,
  };
  return harness;
}
