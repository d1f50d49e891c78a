import { describe, expect, it } from "vitest";
import { remoteControl } from "./control-http.ts";
import { createFakeSandboxApi } from "./fake.ts";
import { listen } from "./node.ts";

describe("a fake on a port", () => {
  it("serves browsers: preflights, exposed headers, control and faults", async () => {
    await using fake = createFakeSandboxApi();
    await using server = await listen(fake);
    const headers = { origin: "http://page.example", "access-control-request-method": "POST" };
    for (const path of ["/v1/sandbox/run", "/__control/reset"]) {
      const preflight = await fetch(server.url + path, { method: "OPTIONS", headers });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get("access-control-allow-origin")).toMatch(/^(\*|http:\/\/page\.example)$/);
    }
    expect(await fake.control.requests()).toEqual([]);
    await remoteControl(server.url).inject({ fault: { kind: "status", status: 429, commit: false, retry_after_s: 1 } });
    const refused = await fetch(`${server.url}/v1/sandbox`, { headers: { origin: "http://page.example" } });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("access-control-allow-origin")).toBe("http://page.example");
    await refused.body?.cancel();
  });

  it("keeps its control for those who have the token", async () => {
    await using fake = createFakeSandboxApi();
    await using server = await listen(fake, { controlToken: "right" });
    await expect(remoteControl(server.url, { token: "wrong" }).reset()).rejects.toThrow("token");
    await expect(remoteControl(server.url).reset()).rejects.toThrow("token");
    await remoteControl(server.url, { token: "right" }).reset();
  });

  it("offers no control to other machines without a token", async () => {
    await using fake = createFakeSandboxApi();
    await using server = await listen(fake, { host: "0.0.0.0" });
    const local = server.url.replace("0.0.0.0", "127.0.0.1");
    await expect(remoteControl(local).reset()).rejects.toThrow();
    expect((await fetch(`${local}/healthz`)).status).toBe(200);
  });

  it("passes on what the control refuses", async () => {
    await using fake = createFakeSandboxApi();
    await using server = await listen(fake);
    await expect(remoteControl(server.url).advance(-1)).rejects.toThrow("ms: must be a finite number");
    expect((await fetch(`${server.url}/__control/explode`, { method: "POST" })).status).toBe(404);
    expect((await fetch(`${server.url}/__control/reset`)).status).toBe(405);
  });

  it("serves anything with a fetch, and says when the port is taken", async () => {
    await using server = await listen({ fetch: (request: Request) => new Response(request.method) });
    expect(await (await fetch(server.url, { method: "PUT", body: "x" })).text()).toBe("PUT");
    const port = Number(new URL(server.url).port);
    await expect(listen({ fetch: () => new Response() }, { port })).rejects.toThrow(
      /^port: \d+ on 127\.0\.0\.1 is taken/,
    );
    await expect(listen({ fetch: () => new Response() }, { host: "127.no-such-host.invalid" })).rejects.toThrow(
      'host: must be an address or a name of this machine (got "127.no-such-host.invalid")',
    );
  });

  it("leaves the global classes alone", async () => {
    const { Request: before, Response: beforeToo } = globalThis;
    await using _server = await listen({ fetch: () => new Response() });
    expect(globalThis.Request).toBe(before);
    expect(globalThis.Response).toBe(beforeToo);
  });
});
