import { getResponse } from "msw";
import { setupServer } from "msw/node";
import { describe, expect, it } from "vitest";
import { createFakeSandboxApi } from "./fake.ts";
import { fakeHandlers } from "./msw.ts";

const baseUrl = "https://sandbox.example/api/v2/clusters/7/";

describe("the fake as MSW handlers", () => {
  it("answers the global fetch under its base URL, and nothing else", async () => {
    await using fake = createFakeSandboxApi();
    const server = setupServer(...fakeHandlers(fake, { baseUrl }));
    server.listen();
    try {
      const created = await fetch(`${baseUrl}v1/sandbox/run`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ image: "busybox", tags: { a: "1" } }),
      });
      const { id } = (await created.json()) as { id: string };
      const listed = await fetch(`${baseUrl}v1/sandbox?tag=a%3D1`);
      expect(await listed.json()).toMatchObject({ sandboxes: [{ id }] });
      expect((await fake.control.requests()).map((request) => request.path)).toEqual([
        "/v1/sandbox/run",
        "/v1/sandbox",
      ]);
      await fake.control.inject({ fault: { kind: "reset", commit: false } });
      await expect(fetch(`${baseUrl}healthz`)).rejects.toThrow(TypeError);
    } finally {
      server.close();
    }
  });

  it("works without a worker or a server, on any runtime", async () => {
    await using fake = createFakeSandboxApi();
    const handlers = fakeHandlers(fake, { baseUrl: "http://local" });
    const response = await getResponse(handlers, new Request("http://local/healthz"));
    expect(response?.status).toBe(200);
  });
});
