import type { FakeControl, FaultRule, Leaks, RecordedRequest } from "./control.ts";

/** Where the control channel lies, beside the API's own paths. */
const CONTROL_PATH = "/__control/";

type Method = keyof FakeControl;

const methods: Record<Method, (control: FakeControl, argument: unknown) => Promise<unknown>> = {
  advance: (control, ms) => control.advance(ms as number),
  inject: (control, rule) => control.inject(rule as FaultRule),
  clearFaults: (control) => control.clearFaults(),
  evict: (control, id) => control.evict(id as string),
  requests: (control) => control.requests(),
  clearRequests: (control) => control.clearRequests(),
  leaks: (control) => control.leaks(),
  reset: (control) => control.reset(),
};

/**
 * Serves a control over HTTP, for `remoteControl`: a `POST` for each call, from any origin. Answers undefined for a
 * request that is not for the control channel, so that it can stand before any other handler.
 *
 * @param options.token When given, every call has to bring it as a bearer token.
 *
 * @example
 * ```ts
 * const fake = createFakeSandboxApi();
 * const control = controlHandler(fake.control);
 * Deno.serve(async (request) => (await control(request)) ?? fake.fetch(request));
 * ```
 */
export function controlHandler(
  control: FakeControl,
  options: { token?: string | undefined } = {},
): (request: Request) => Promise<Response | undefined> {
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith(CONTROL_PATH)) return undefined;
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: corsHeaders });
    const name = pathname.slice(CONTROL_PATH.length);
    if (!Object.hasOwn(methods, name)) return answer(404, { error: `The control has no ${name}` });
    if (request.method !== "POST") return answer(405, { error: "The control is called by POST" });
    if (options.token !== undefined && request.headers.get("authorization") !== `Bearer ${options.token}`) {
      return answer(401, { error: "The control asks for its token" });
    }
    try {
      const { argument } = (await request.json()) as { argument?: unknown };
      return answer(200, { result: (await methods[name as Method](control, argument)) ?? null });
    } catch (error) {
      return answer(400, { error: error instanceof Error ? error.message : String(error) });
    }
  };
}

const corsHeaders = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "POST",
  "access-control-allow-headers": "*, authorization, content-type",
};

function answer(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...corsHeaders },
  });
}

/**
 * The control of a fake in another process, by HTTP. Works on every runtime.
 *
 * @param url Where the fake listens, as `listen` gives it.
 * @throws Error of each call, when the control refuses it or cannot be reached.
 *
 * @example
 * ```ts
 * const control = remoteControl("http://127.0.0.1:4010");
 * await control.inject({ operation: "getSandbox", fault: { kind: "status", status: 503, commit: false } });
 * ```
 */
export function remoteControl(
  url: string,
  options: { token?: string | undefined; fetch?: typeof globalThis.fetch | undefined } = {},
): FakeControl {
  const call = async (name: Method, argument?: unknown): Promise<unknown> => {
    const fetch = options.fetch ?? globalThis.fetch;
    const response = await fetch(new URL(CONTROL_PATH + name, url), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      },
      body: JSON.stringify({ argument }),
    });
    const body = (await response.json().catch(() => ({}))) as { result?: unknown; error?: string };
    if (!response.ok) throw new Error(body.error ?? `The control answered ${response.status}`);
    return body.result;
  };
  return {
    async advance(ms) {
      await call("advance", ms);
    },
    async inject(rule) {
      await call("inject", rule);
    },
    async clearFaults() {
      await call("clearFaults");
    },
    async evict(sandboxId) {
      await call("evict", sandboxId);
    },
    requests: async () => (await call("requests")) as RecordedRequest[],
    async clearRequests() {
      await call("clearRequests");
    },
    leaks: async () => (await call("leaks")) as Leaks,
    async reset() {
      await call("reset");
    },
  };
}
