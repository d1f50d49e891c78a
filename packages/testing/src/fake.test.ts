import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { FakeControl } from "./control.ts";
import { remoteControl } from "./control-http.ts";
import { createFakeSandboxApi, type FakeOptions, type FakeSandboxApi } from "./fake.ts";
import type { FetchLike } from "./gateway.ts";
import { listen } from "./node.ts";
import { createRandom } from "./random.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Way {
  fake: FakeSandboxApi;
  control: FakeControl;
  fetch: FetchLike;
  base: string;
}

/** The same fake, in process or through a port; both must look alike from outside. */
const ways: Record<string, (options?: FakeOptions) => Promise<Way>> = {
  async "in process"(options) {
    const fake = createFakeSandboxApi(options);
    closers.push(fake.close);
    return { fake, control: fake.control, fetch: fake.fetch, base: "http://sandbox-api.local" };
  },
  async "over HTTP"(options) {
    const fake = createFakeSandboxApi(options);
    const { url, close } = await listen(fake, { controlToken: "c0ntrol" });
    closers.push(close, fake.close);
    return { fake, control: remoteControl(url, { token: "c0ntrol" }), fetch: (i, o) => fetch(i, o), base: url };
  },
};

const json = (body: unknown) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

async function create({ fetch, base }: Pick<Way, "fetch" | "base">, spec: Record<string, unknown> = {}) {
  const response = await fetch(`${base}/v1/sandbox/run`, json({ image: "busybox", ...spec }));
  expect(response.status).toBe(200);
  return ((await response.json()) as { id: string }).id;
}

async function get({ fetch, base }: Pick<Way, "fetch" | "base">, path: string) {
  return (await (await fetch(base + path)).json()) as Record<string, unknown>;
}

/** Until something that happens beside the request is seen. */
async function eventually<T>(look: () => Promise<T>, ok: (value: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 15_000; ; ) {
    const value = await look();
    if (ok(value)) return value;
    if (Date.now() > deadline) throw new Error(`It did not come to that: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe.each(Object.entries(ways))("the fake %s", (name, open) => {
  it("runs commands and keeps files for real", async () => {
    const way = await open();
    const volume = await (await way.fetch(`${way.base}/v1/volume`, json({ name: "v" }))).json();
    const id = await create(way, { volume_mounts: { "/data": (volume as { id: string }).id } });
    way.fake.files({ sandbox: id }).write("/data/x.txt", "from the test");
    const exec = await way.fetch(`${way.base}/v1/sandbox/${id}/exec`, json({ command: ["cat", "/data/x.txt"] }));
    expect(await exec.json()).toMatchObject({ stdout: "from the test", stderr: "", exit_code: 0 });
    const content = await way.fetch(`${way.base}/v1/volume/${(volume as { id: string }).id}/files/content?path=/x.txt`);
    expect(await content.text()).toBe("from the test");
  });

  it("delays an answer by its clock", async () => {
    const way = await open({ start: 0 });
    await way.control.inject({ operation: "listSandboxes", fault: { kind: "delay", ms: 60_000 } });
    let over = false;
    const list = way.fetch(`${way.base}/v1/sandbox`).then((response) => {
      over = true;
      return response.status;
    });
    await eventually(way.control.requests, (requests) => requests.length === 1);
    await way.control.advance(59_999);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(over).toBe(false);
    await way.control.advance(1);
    expect(await list).toBe(200);
  });

  it.each([true, false])("answers another status, having done it: %s", async (commit) => {
    const way = await open();
    await way.control.inject({
      operation: "createSandbox",
      fault: { kind: "status", status: 503, commit, retry_after_s: 7 },
    });
    const response = await way.fetch(`${way.base}/v1/sandbox/run`, json({ image: "busybox" }));
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("7");
    // Only a server that did nothing says that it was going away.
    const code = commit ? "internal" : "shutting_down";
    expect(await response.json()).toEqual({ error: "Injected fault: status 503", code });
    expect(((await get(way, "/v1/sandbox")).sandboxes as unknown[]).length).toBe(commit ? 1 : 0);
    await create(way);
  });

  it.each([true, false])("breaks the connection, having done it: %s", async (commit) => {
    const way = await open();
    await way.control.inject({ operation: "createSandbox", fault: { kind: "reset", commit } });
    await expect(way.fetch(`${way.base}/v1/sandbox/run`, json({ image: "busybox" }))).rejects.toThrow(TypeError);
    expect(((await get(way, "/v1/sandbox")).sandboxes as unknown[]).length).toBe(commit ? 1 : 0);
    const [request] = await way.control.requests();
    expect(request).toMatchObject({ fault: "reset", finished: true, operation: "createSandbox" });
    expect(request?.status).toBeUndefined();
  });

  it("cuts a body where it is told to, having promised all of it", async () => {
    const way = await open();
    await way.control.inject({ operation: "listSandboxes", fault: { kind: "cut_body", after_bytes: 5 } });
    const whole = await (await way.fetch(`${way.base}/v1/volume`)).text();
    const response = await way.fetch(`${way.base}/v1/sandbox`);
    expect(Number(response.headers.get("content-length"))).toBeGreaterThan(5);
    const got: number[] = [];
    const read = async () => {
      for await (const chunk of response.body ?? []) got.push(...chunk);
    };
    await expect(read()).rejects.toThrow(TypeError);
    expect(got.length).toBeLessThanOrEqual(5);
    expect(whole.length).toBeGreaterThan(5);
    await eventually(way.control.leaks, (leaks) => leaks.requests.length === 0);
    expect((await way.fetch(`${way.base}/v1/sandbox`)).status).toBe(200);
  });

  it("cuts a file in the middle", async () => {
    const way = await open();
    const { id } = (await (await way.fetch(`${way.base}/v1/volume`, json({}))).json()) as { id: string };
    way.fake.files({ volume: id }).write("/big", new Uint8Array(1_000_000).fill(7));
    await way.control.inject({ operation: "readVolumeFile", fault: { kind: "cut_body", after_bytes: 400_000 } });
    const response = await way.fetch(`${way.base}/v1/volume/${id}/files/content?path=/big`);
    expect(response.headers.get("content-length")).toBe("1000000");
    await expect(response.arrayBuffer()).rejects.toThrow(TypeError);
  });

  it("answers JSON that is none", async () => {
    const way = await open();
    await way.control.inject({ operation: "getCapabilities", fault: { kind: "malformed_json" } });
    const response = await way.fetch(`${way.base}/v1/capabilities`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("json");
    const text = await response.text();
    expect(text.length).toBeGreaterThan(0);
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
  });

  it("boots slowly, not at all, or not for long", async () => {
    const way = await open({ start: 0 });
    const phase = async (id: string) => (await get(way, `/v1/sandbox/${id}`)).phase;
    await way.control.inject({ fault: { kind: "slow_boot", ms: 10_000 } });
    const slow = await create(way);
    await way.control.advance(9_999);
    expect(await phase(slow)).toBe("creating");
    await way.control.advance(1);
    expect(await phase(slow)).toBe("running");

    await way.control.inject({ fault: { kind: "failed_boot", reason: "image_pull", message: "no such tag" } });
    const failed = await create(way);
    await way.control.advance(1);
    expect(await phase(failed)).toBe("failed");

    await way.control.inject({ operation: "createSandbox", fault: { kind: "evict_after", ms: 5000 } });
    const short = await create(way);
    await way.control.advance(4_999);
    expect(await phase(short)).toBe("running");
    await way.control.advance(1);
    expect(await phase(short)).toBe("failed");
  });

  it("loses a sandbox, and a command that runs in it has no result", async () => {
    const way = await open();
    const id = await create(way);
    await eventually(
      () => get(way, `/v1/sandbox/${id}`),
      (status) => status.phase === "running",
    );
    const exec = way.fetch(`${way.base}/v1/sandbox/${id}/exec`, json({ command: ["sleep", "infinity"] }));
    await eventually(
      async () => way.fake.commands.runs().length,
      (count) => count === 1,
    );
    await way.control.evict(id);
    expect((await exec).status).toBeGreaterThanOrEqual(400);
    expect((await get(way, `/v1/sandbox/${id}`)).phase).toBe("failed");
    await expect(way.control.evict("unknown")).rejects.toThrow("No running sandbox has the id unknown");
  });

  it("notices that a client went away", async () => {
    const way = await open();
    const id = await create(way);
    await eventually(
      () => get(way, `/v1/sandbox/${id}`),
      (status) => status.phase === "running",
    );
    const abort = new AbortController();
    const exec = way.fetch(`${way.base}/v1/sandbox/${id}/exec`, {
      ...json({ command: ["sleep", "infinity"] }),
      signal: abort.signal,
    });
    await eventually(
      async () => way.fake.commands.runs().length,
      (count) => count === 1,
    );
    expect((await way.control.leaks()).requests).toEqual([`POST /v1/sandbox/${id}/exec`]);
    abort.abort();
    await expect(exec).rejects.toMatchObject({ name: "AbortError" });
    await eventually(way.control.leaks, (leaks) => leaks.requests.length === 0);
    const record = (await way.control.requests()).find((each) => each.operation === "execSandbox");
    expect(record).toMatchObject({ aborted: true, finished: true });
    expect(record?.status).toBeUndefined();
  });

  it("notices that a download was given up", async () => {
    const way = await open();
    const { id } = (await (await way.fetch(`${way.base}/v1/volume`, json({}))).json()) as { id: string };
    way.fake.files({ volume: id }).write("/big", new Uint8Array(64_000_000));
    for (const giveUp of ["abort", "cancel"]) {
      const abort = new AbortController();
      await way.control.clearRequests();
      const response = await way.fetch(`${way.base}/v1/volume/${id}/files/content?path=/big`, { signal: abort.signal });
      const reader = response.body?.getReader();
      await reader?.read();
      expect((await way.control.leaks()).requests).toHaveLength(1);
      if (giveUp === "abort") {
        abort.abort();
        // What had come before the abort may still be read.
        const rest = async () => {
          for (;;) if ((await reader?.read())?.done) return;
        };
        await expect(rest()).rejects.toMatchObject({ name: "AbortError" });
      } else {
        await reader?.cancel();
      }
      const done = await eventually(way.control.requests, ([request]) => request?.finished === true);
      expect(done[0]).toMatchObject({ aborted: true, status: 200 });
    }
  });

  it("changes nothing for an upload that was given up", async () => {
    const way = await open();
    const { id } = (await (await way.fetch(`${way.base}/v1/volume`, json({}))).json()) as { id: string };
    const abort = new AbortController();
    let cancelled: unknown;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 2));
        controller.enqueue(new Uint8Array(1000));
      },
      cancel(reason) {
        cancelled = reason;
      },
    });
    const init: RequestInit & { duplex: "half" } = { method: "PUT", body, duplex: "half", signal: abort.signal };
    const upload = way.fetch(`${way.base}/v1/volume/${id}/files/content?path=/x`, init);
    await eventually(way.control.requests, (requests) => requests.length === 2);
    abort.abort();
    await expect(upload).rejects.toMatchObject({ name: "AbortError" });
    // Node's fetch only stops reading.
    if (name === "in process") expect(cancelled).toMatchObject({ name: "AbortError" });
    await eventually(way.control.leaks, (leaks) => leaks.requests.length === 0);
    expect(way.fake.files({ volume: id }).list()).toEqual([]);
  });

  it("forgets everything but the time", async () => {
    const way = await open({ start: 1_000_000 });
    way.fake.commands.on("x", {});
    await create(way, { name: "taken" });
    await way.fetch(`${way.base}/v1/volume`, json({ name: "v" }));
    await way.control.advance(500);
    await way.control.inject({ times: "always", fault: { kind: "status", status: 500, commit: false } });
    expect(await way.control.leaks()).toMatchObject({ sandboxes: [expect.any(String)], volumes: [expect.any(String)] });
    await expect(way.fake.assertNoLeaks()).rejects.toThrow(/sandboxes: sbx-.*\n.*volumes: vol-/);
    await way.control.reset();
    expect(await way.control.leaks()).toEqual({ sandboxes: [], volumes: [], requests: [] });
    expect(await way.control.requests()).toEqual([]);
    expect(way.fake.commands.runs()).toEqual([]);
    await create(way, { name: "taken" });
    expect(way.fake.clock.now()).toBe(1_000_500);
  });

  it("lets go of what waits when it is reset", async () => {
    const way = await open({ start: 0 });
    const id = await create(way);
    await way.control.advance(1);
    const exec = way.fetch(`${way.base}/v1/sandbox/${id}/exec`, json({ command: ["sleep", "infinity"] }));
    await eventually(
      async () => way.fake.commands.runs().length,
      (count) => count === 1,
    );
    await way.control.reset();
    await (await exec).body?.cancel();
    expect((await way.fetch(`${way.base}/v1/sandbox`)).status).toBe(200);
  });
});

describe("the fake", () => {
  it("is deterministic by its seed, whatever happens at the same time", async () => {
    const play = async (seed: number, choices: number) => {
      const fake = createFakeSandboxApi({ seed, start: 0, bootDelayMs: 100 });
      const way = { fetch: fake.fetch, base: "http://x" };
      const random = createRandom(choices);
      await fake.control.inject({
        times: "always",
        probability: 0.2,
        fault: { kind: "status", status: 500, commit: true },
      });
      await fake.control.inject({ times: "always", probability: 0.2, fault: { kind: "slow_boot", ms: 50 } });
      const operations = Array.from({ length: 20 }, async () => {
        const pick = Math.floor(random() * 4);
        const request =
          pick === 0
            ? fake.fetch(`${way.base}/v1/sandbox/run`, json({ image: "busybox", tags: { n: String(pick) } }))
            : pick === 1
              ? fake.fetch(`${way.base}/v1/volume`, json({}))
              : pick === 2
                ? fake.fetch(`${way.base}/v1/sandbox`)
                : fake.fetch(
                    `${way.base}/v1/sandbox/run`,
                    json({ image: "b", command: ["echo", "x"], ttl_seconds: 1 }),
                  );
        const response = await request;
        return [response.status, await response.text()];
      });
      const answers = await Promise.all(operations);
      await fake.control.advance(2_000);
      const state = await get(way, "/v1/sandbox");
      const requests = await fake.control.requests();
      const leaks = await fake.control.leaks();
      await fake.close();
      return { answers, state, requests, leaks };
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), fc.nat(1000), async (seed, choices) => {
        expect(await play(seed, choices)).toEqual(await play(seed, choices));
      }),
      { numRuns: 5 },
    );
    expect((await play(1, 1)).answers).not.toEqual((await play(2, 1)).answers);
  });

  it("ends sandboxes on its clock", async () => {
    await using fake = createFakeSandboxApi({ start: 0 });
    const way = { fetch: fake.fetch, base: "http://x" };
    const id = await create(way, { ttl_seconds: 3600 });
    await fake.control.advance(3_599_000);
    expect((await get(way, `/v1/sandbox/${id}`)).phase).toBe("running");
    await fake.control.advance(1_000);
    expect((await get(way, `/v1/sandbox/${id}`)).phase).toBe("terminated");
    await fake.assertNoLeaks();
  });

  it("tells what went wrong in a script, on the console or to who asked for errors", async () => {
    const mistake = new Error("a script's own");
    const told: unknown[] = [];
    const printed = vi.spyOn(console, "error").mockImplementation((error) => void told.push(error));
    closers.push(async () => printed.mockRestore());
    const fail = async (options: FakeOptions) => {
      told.length = 0;
      await using fake = createFakeSandboxApi(options);
      const way = { fetch: fake.fetch, base: "http://x" };
      fake.commands.on("x", () => {
        throw mistake;
      });
      const answer = await fake.fetch(`http://x/v1/sandbox/${await create(way)}/exec`, json({ command: ["x"] }));
      expect(answer.status).toBe(500);
    };
    await fail({});
    expect(told).toEqual([mistake]);
    await fail({ onError: (error) => told.push((error as Error).cause) });
    expect(told).toEqual([mistake]);
  });

  it("takes what fetch takes", async () => {
    await using fake = createFakeSandboxApi();
    expect((await fake.fetch("http://x/healthz")).status).toBe(200);
    expect((await fake.fetch(new URL("http://x/healthz"))).status).toBe(200);
    expect((await fake.fetch(new Request("http://x/healthz"))).status).toBe(200);
    expect((await fake.fetch(new Request("http://x/v1/volume"), json({}))).status).toBe(200);
    // A request of another make, as node-fetch and other realms have them.
    const foreign = { url: "http://x/healthz", method: "GET", headers: new Headers(), body: null };
    expect((await fake.fetch(foreign as unknown as Request)).status).toBe(200);
    await expect(fake.fetch("not a url")).rejects.toThrow(TypeError);
    const reason = new Error("enough");
    await expect(fake.fetch("http://x/healthz", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("keeps no listeners on a signal that is used again and again", async () => {
    await using fake = createFakeSandboxApi();
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    for (let i = 0; i < 20; i++) await (await fake.fetch("http://x/v1/sandbox", { signal })).json();
    expect(listeners).toBe(0);
  });

  it("asks for a key where it has one", async () => {
    await using fake = createFakeSandboxApi({ auth: { keys: ["secret-key"] } });
    expect((await fake.fetch("http://x/v1/sandbox")).status).toBe(401);
    const authorized = { headers: { authorization: "Bearer secret-key" } };
    expect((await fake.fetch("http://x/v1/sandbox", authorized)).status).toBe(200);
    expect(JSON.stringify(await fake.control.requests())).not.toContain("secret-key");
  });
});
