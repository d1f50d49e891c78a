import { describe, expect, it, vi } from "vitest";
import { json, refusal, status } from "../test/answers.ts";
import { never, rejection, setUp } from "../test/scripted-client.ts";
import { turn } from "../test/step-clock.ts";

describe("hooks", () => {
  it("hear of requests, answers, repeats and failures, without secrets", async () => {
    const heard: unknown[] = [];
    const hear = (name: string) => (event: object) => heard.push([name, event]);
    const { porter, clock } = setUp(
      [refusal(500), json({ points: [], granularity_ms: 1 }, 200, { "x-request-id": "r" }), refusal(404)],
      {
        apiKey: "sk-secret",
        hooks: {
          onRequest: hear("request"),
          onResponse: hear("response"),
          onRetry: hear("retry"),
          onError: hear("error"),
        },
      },
    );
    await clock.settle(porter.sandboxes.counts({ search: "private" }));
    await rejection(porter.healthz());
    const counts = { operation: "countSandboxes", method: "GET", url: "http://sandbox-api.local/v1/sandbox/counts" };
    const health = { operation: "healthz", method: "GET", url: "http://sandbox-api.local/healthz", attempt: 1 };
    expect(heard).toMatchObject([
      ["request", { ...counts, attempt: 1 }],
      ["response", { status: 500 }],
      ["retry", { ...counts, attempt: 1, delayMs: 250, error: { statusCode: 500 } }],
      ["request", { ...counts, attempt: 2 }],
      ["response", { status: 200, requestId: "r" }],
      ["request", health],
      ["response", { status: 404 }],
      ["error", { ...health, error: { statusCode: 404 } }],
    ]);
    expect(JSON.stringify(heard)).not.toMatch(/sk-secret|private/);
  });

  it("cannot break what they watch", async () => {
    const fail = () => {
      throw new Error("hook");
    };
    const reject = async () => fail();
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    for (const hook of [fail, reject]) {
      const { porter } = setUp([json({ status: "ok" })], { hooks: { onRequest: hook, onResponse: hook } });
      expect(await porter.healthz()).toEqual({ status: "ok" });
    }
    await turn();
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it("hear of timeouts", async () => {
    const onError = vi.fn();
    const { porter, clock } = setUp([never], { hooks: { onError } });
    await rejection(clock.settle(porter.healthz()));
    expect(onError).toHaveBeenCalledOnce();
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ operation: "healthz", error: { code: "timeout" } });
    // A wait whose requests were all answered has no request that failed.
    const answered = setUp([json(status())], { hooks: { onError } });
    await rejection(answered.clock.settle(answered.porter.sandboxes.fromId("sbx-1").wait({ timeoutMs: 5000 })));
    expect(onError).toHaveBeenCalledOnce();
  });
});
