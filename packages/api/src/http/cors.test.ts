import { describe, expect, test } from "vitest";
import { createHarness } from "../../test/harness.ts";
import { settle } from "../../test/manual-clock.ts";

describe("pages in browsers", () => {
  const cors = { origins: ["https://app.test"] };
  const preflight = {
    Origin: "https://app.test",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "x-own",
  };

  test("a preflight of an allowed origin is answered without a key", async () => {
    const { ask } = createHarness({ cors, auth: { keys: ["k"] } });
    const { status, headers } = await ask("OPTIONS", "/v1/sandbox/run", undefined, preflight);
    expect(status).toBe(204);
    expect(headers.get("Access-Control-Allow-Origin")).toBe("https://app.test");
    expect(headers.get("Access-Control-Allow-Headers")).toMatch(/Authorization.*Idempotency-Key.*x-own/);
    expect(headers.get("Access-Control-Allow-Methods")).toContain("PUT");
    expect(headers.get("Vary")).toBe("Origin");
    expect(headers.get("X-Request-Id")).not.toBeNull();
  });

  test("other origins get no permission", async () => {
    const { ask } = createHarness({ cors });
    const refused = await ask("OPTIONS", "/v1/sandbox/run", undefined, { ...preflight, Origin: "https://evil.test" });
    expect(refused.headers.get("Access-Control-Allow-Origin")).toBeNull();
    const without = await createHarness().ask("OPTIONS", "/v1/sandbox/run", undefined, preflight);
    expect(without.status).toBe(405);
  });

  test("answers and errors can be read, with the headers that clients need", async () => {
    const { ask } = createHarness({ cors: { origins: "*" } });
    for (const path of ["/healthz", "/nothing"]) {
      const { headers } = await ask("GET", path, undefined, { Origin: "https://any.test" });
      expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
      expect(headers.get("Access-Control-Expose-Headers")).toMatch(/X-Request-Id.*Content-Range.*Retry-After/);
    }
  });

  test("a page cannot send what a browser does not ask about first", async () => {
    const { ask, engine } = createHarness();
    const body = JSON.stringify({ image: "busybox:1" });
    const simple = await ask("POST", "/v1/sandbox/run", body, {
      Origin: "https://evil.test",
      "Content-Type": "text/plain",
    });
    expect(simple).toMatchObject({ status: 400, body: { field: "Content-Type" } });
    await settle();
    expect(engine.plans).toHaveLength(0);
  });
});
