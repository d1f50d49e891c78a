import { describe, expect, it, vi } from "vitest";
// Loaded here, so that no test has to wait for it.
import "../extras/exec-options.ts";
import "../extras/log-reading.ts";
import "../extras/ttl.ts";
import { brokenConnection, json, refusal } from "../../test/answers.ts";
import { never, rejection, setUp } from "../../test/scripted-client.ts";
import { turn } from "../../test/step-clock.ts";
import { type Porter, SandboxTimeoutError } from "../index.ts";

const spec = { image: "python:3.12-slim" };
/** A fetch that does not heed its signal. */
const deaf = () => new Promise<Response>(() => {});

describe("time and cancelling", () => {
  it("ends a call after 30 s in all, and cancels it on the wire", async () => {
    const { porter, clock, sent } = setUp([never]);
    const before = clock.now();
    const error = await rejection(clock.settle(porter.sandboxes.getById("a")));
    expect(error).toBeInstanceOf(SandboxTimeoutError);
    expect(error).toMatchObject({ code: "timeout", admitted: "unknown", retryable: true });
    expect((error as Error).message).toBe("GET /v1/sandbox/{id} took longer than 30000 ms");
    expect(clock.now() - before).toBe(30_000);
    expect(sent[0]?.signal.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("ends every other call as well that is not for contents and commands", async () => {
    const { porter, clock } = setUp([never]);
    expect(await rejection(clock.settle(porter.readyz()))).toMatchObject({ code: "timeout" });
  });

  it("counts all attempts and waits together, and keeps the last failure as the cause", async () => {
    const { porter, clock, sent } = setUp([refusal(500), never]);
    const before = clock.now();
    const error = (await rejection(clock.settle(porter.healthz({ timeoutMs: 1000 })))) as SandboxTimeoutError;
    expect(clock.now() - before).toBe(1000);
    expect(sent).toHaveLength(2);
    expect(error.cause).toMatchObject({ statusCode: 500 });
  });

  it("counts all requests that a call is made of together", async () => {
    const calls: [name: string, call: (porter: Porter) => Promise<unknown>][] = [
      ["get", (porter) => porter.volumes.get("data", options)],
      ["delete", (porter) => porter.volumes.delete("data", options)],
      ["extendTtl", (porter) => porter.sandboxes.fromId("a").extendTtl(60, options)],
      ["create", (porter) => porter.sandboxes.create({ ...spec, idle_timeout_seconds: 60 }, options)],
      ["logs", (porter) => porter.sandboxes.fromId("a").logs({ level: "info" }, options)],
      ["list", (porter) => porter.sandboxes.fromId("a").processes.list(options)],
      ["attach", (porter) => porter.sandboxes.fromId("a").processes.attach("exec-1", options)],
    ];
    const options = { timeoutMs: 1000 };
    for (const [name, call] of calls) {
      const slow = (body: object) => () =>
        new Promise<Response>((resolve) => clock.schedule(() => resolve(json(body)), 700));
      const { porter, clock, sent } = setUp([
        slow({ id: "vol-1", extensions: ["lifetime", "log_filters", "processes"] }),
        slow({}),
      ]);
      const began = clock.now();
      expect(await rejection(clock.settle(call(porter))), name).toMatchObject({
        code: "timeout",
        message: expect.stringContaining("1000 ms"),
      });
      expect([name, clock.now() - began, sent.length]).toEqual([name, 1000, 2]);
    }
  });

  it("does not wait for a fetch that is deaf to its signal", async () => {
    const { porter, clock } = setUp([deaf]);
    expect(await rejection(clock.settle(porter.healthz()))).toBeInstanceOf(SandboxTimeoutError);
    const controller = new AbortController();
    const aborted = rejection(porter.healthz({ signal: controller.signal }));
    controller.abort("enough");
    expect(await aborted).toBe("enough");
  });

  it("drops the answer of a deaf fetch that comes too late", async () => {
    let answer: (response: Response) => void = () => {};
    const { porter, clock } = setUp([() => new Promise<Response>((resolve) => (answer = resolve))]);
    await rejection(clock.settle(porter.healthz()));
    const cancelled = vi.fn();
    answer(new Response(new ReadableStream({ cancel: cancelled })));
    await turn();
    expect(cancelled).toHaveBeenCalledOnce();
  });

  it("covers the body too", async () => {
    const { porter, clock } = setUp([() => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }))]);
    const error = await rejection(clock.settle(porter.sandboxes.create(spec)));
    expect(error).toMatchObject({ name: "SandboxTimeoutError", admitted: true });
  });

  it("has no limit for commands and contents of files, unless asked", async () => {
    const { porter, clock } = setUp([never]);
    void rejection(porter.sandboxes.fromId("a").exec(["sleep", "1000000"]));
    await turn();
    expect(clock.pending).toBe(0);
    porter.close();
    const asked = setUp([refusal(404), never]);
    const late = asked.porter.sandboxes.fromId("a").exec(["sleep", "9"], { timeoutMs: 5000 });
    const error = await rejection(asked.clock.settle(late));
    expect(error).toMatchObject({
      name: "CommandTimeoutError",
      killed: "unknown",
      stdout: "",
      admitted: "unknown",
      retryable: false,
    });
    expect(error).toBeInstanceOf(SandboxTimeoutError);
  });

  it("takes Infinity as no limit", async () => {
    const { porter, clock } = setUp([never], { timeoutMs: Number.POSITIVE_INFINITY });
    void rejection(porter.healthz());
    await turn();
    expect(clock.pending).toBe(0);
    porter.close();
  });

  it("rejects with the reason of the caller's signal, before and during a call", async () => {
    const { porter, sent } = setUp([never]);
    const reason = new Error("mine");
    expect(await rejection(porter.healthz({ signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(sent).toHaveLength(0);
    const controller = new AbortController();
    const call = rejection(porter.healthz({ signal: controller.signal }));
    await turn();
    controller.abort();
    expect(await call).toMatchObject({ name: "AbortError" });
    expect(sent[0]?.signal.aborted).toBe(true);
  });

  it("sends nothing more once aborted while it waits to repeat", async () => {
    const controller = new AbortController();
    const hooks = { onRetry: () => queueMicrotask(() => controller.abort("stop")) };
    const { porter, sent, clock } = setUp([refusal(500)], { hooks });
    expect(await rejection(porter.healthz({ signal: controller.signal }))).toBe("stop");
    expect(clock.pending).toBe(0);
    await turn();
    expect(sent).toHaveLength(1);
  });

  it("leaves no listener on a shared signal and no timer, however a call ends", async () => {
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, "addEventListener");
    const remove = vi.spyOn(signal, "removeEventListener");
    for (const answer of [json({ status: "ok" }), refusal(404), refusal(500), json(5), brokenConnection("x"), deaf]) {
      const { porter, clock } = setUp([answer]);
      await clock.settle(porter.healthz({ signal })).catch(() => {});
      expect(clock.pending).toBe(0);
    }
    expect(add).toHaveBeenCalledTimes(6);
    for (const [type, listener] of add.mock.calls) expect(remove).toHaveBeenCalledWith(type, listener);
  });

  it.each([0, -1, Number.NaN, "5" as unknown as number])("refuses %s as timeoutMs", async (timeoutMs) => {
    const { porter, sent } = setUp([json({ status: "ok" })]);
    expect(await rejection(porter.healthz({ timeoutMs }))).toMatchObject({
      name: "InvalidRequestError",
      field: "timeoutMs",
    });
    expect(() => setUp([], { timeoutMs })).toThrow(/^timeoutMs: /);
    expect(sent).toEqual([]);
  });
});
