import { describe, expect, test } from "vitest";
import { createHarness } from "../../test/harness.ts";
import { createSandboxApi } from "../api.ts";

describe("keys", () => {
  test("one of the keys is needed, except for health and readiness", async () => {
    const { ask } = createHarness({ auth: { keys: ["one", "two"] } });
    expect((await ask("GET", "/healthz")).status).toBe(200);
    expect((await ask("GET", "/readyz")).status).toBe(200);
    for (const headers of [
      {},
      { Authorization: "Bearer three" },
      { Authorization: "Basic one" },
      { Authorization: "one" },
    ]) {
      const refused = await ask("GET", "/v1/sandbox", undefined, headers as Record<string, string>);
      expect(refused).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
      expect(refused.headers.get("WWW-Authenticate")).toBe("Bearer");
    }
    expect((await ask("GET", "/nothing")).status).toBe(401);
    for (const key of ["Bearer one", "bearer two"]) {
      expect((await ask("GET", "/v1/sandbox", undefined, { Authorization: key })).status).toBe(200);
    }
  });

  test("a function can decide", async () => {
    const { ask } = createHarness({ auth: { verify: async (key) => key === "good" } });
    expect((await ask("GET", "/v1/sandbox", undefined, { Authorization: "Bearer good" })).status).toBe(200);
    expect((await ask("GET", "/v1/sandbox", undefined, { Authorization: "Bearer bad" })).status).toBe(401);
  });

  test("keys that are none, and limits that are none, are refused at once", () => {
    const { engine } = createHarness();
    expect(() => createSandboxApi({ engine, auth: { keys: [] } })).toThrow("auth.keys");
    expect(() => createSandboxApi({ engine, auth: { keys: [""] } })).toThrow("auth.keys");
    expect(() => createSandboxApi({ engine, limits: { bodyBytes: -1 } })).toThrow("limits.bodyBytes");
    expect(() => createSandboxApi({ engine, limits: { pageSize: 0 } })).toThrow("limits.pageSize");
    expect(() => createSandboxApi({ engine, limits: { bodyByte: 1 } as never })).toThrow("limits.bodyByte");
  });
});
