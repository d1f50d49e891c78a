import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createFakeSandboxApi } from "@porter-sandbox/testing";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Porter } from "./index.ts";

afterEach(() => vi.unstubAllGlobals());

test("the global fetch keeps no copy of what it may not send twice, nor of what the client can send again", async () => {
  const fake = createFakeSandboxApi();
  const seen: Record<string, RequestRedirect | undefined> = {};
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    const { pathname, searchParams } = new URL(url);
    seen[`${init.method} ${searchParams.get("path") ?? pathname.split("/").at(-1)}`] = init.redirect;
    return fake.fetch(new Request(url, init));
  });
  const porter = new Porter({ baseUrl: "http://sandbox-api.test" });
  const volume = await porter.volumes.create({ name: "data" });
  if (volume.type !== "disk") throw new Error("the fake made another kind of volume");
  const bytes = new TextEncoder().encode("sent as it comes");
  await volume.writeFile("/bytes", bytes);
  await volume.writeFile("/stream", new Blob([bytes]).stream());
  expect(await volume.readText("/stream")).toBe("sent as it comes");
  await volume.moveFile("/stream", "/moved");
  await porter.sandboxes.create({ image: "alpine" });
  expect(seen).toEqual({
    "POST volume": "follow",
    "POST run": "error",
    "PUT /bytes": "error",
    "PUT /stream": "error",
    "GET /stream": "error",
    "POST move": "follow",
  });
  porter.close();
  await fake.close();
});

describe("a redirect is followed", () => {
  /** A server that moves everything from /old to /new, and says what came. */
  async function moved(status: number) {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      const { method, url = "" } = request;
      let body = "";
      request.on("data", (piece) => {
        body += piece;
      });
      request.on("end", () => {
        requests.push(`${method} ${url} ${body}`);
        if (url.startsWith("/old")) response.writeHead(status, { location: url.replace("old", "new") }).end();
        else if (url.includes("/files")) response.writeHead(204).end();
        else if (url.endsWith("/exec"))
          response.end(JSON.stringify({ exec_id: "e", exit_code: 0, stdout: "", stderr: "" }));
        else response.end(JSON.stringify({ id: "sb-1", name: "a", status: "ok" }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const porter = new Porter({ baseUrl: `http://127.0.0.1:${port}/old`, maxRetries: 0 });
    onTestFinished(async () => {
      porter.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return { porter, requests };
  }

  test.each([301, 302, 303, 307, 308])("of a request without a body, by a %d", async (status) => {
    const { porter, requests } = await moved(status);
    expect(await porter.healthz()).toMatchObject({ status: "ok" });
    // The first was asked not to follow any.
    expect(requests.splice(0)).toEqual(["GET /old/healthz ", "GET /old/healthz ", "GET /new/healthz "]);
    await porter.healthz();
    expect(requests).toEqual(["GET /old/healthz ", "GET /new/healthz "]);
  });

  test("of a create, with its body and its key", async () => {
    const { porter, requests } = await moved(307);
    expect(await porter.sandboxes.create({ image: "alpine" })).toMatchObject({ id: "sb-1" });
    expect(requests.at(-1)).toBe('POST /new/v1/sandbox/run {"image":"alpine"}');
  });

  test("of a command, which is asked for once", async () => {
    const { porter, requests } = await moved(307);
    expect(await porter.sandboxes.fromId("sb-1").exec(["true"])).toMatchObject({ exit_code: 0 });
    expect(requests.map((request) => request.split(" ", 2).join(" "))).toEqual([
      "POST /old/v1/sandbox/sb-1/exec",
      "POST /new/v1/sandbox/sb-1/exec",
    ]);
  });

  test("of bytes for a file", async () => {
    const { porter, requests } = await moved(308);
    await porter.raw.writeVolumeFile({
      path: { id: "vol-1" },
      query: { path: "/a" },
      body: new Uint8Array([104, 105]),
    });
    expect(requests.at(-1)).toMatch(/^PUT \/new\/\S+ hi$/);
  });

  test("but not of a stream, which cannot be sent again", async () => {
    const { porter, requests } = await moved(307);
    const body = new Blob(["x"]).stream();
    await expect(
      porter.raw.writeVolumeFile({ path: { id: "vol-1" }, query: { path: "/a" }, body }),
    ).rejects.toMatchObject({
      code: "stream_redirected",
      retryable: false,
      admitted: false,
      message: expect.stringMatching(/\/files\/content was redirected, and a stream cannot be sent twice/),
    });
    expect(requests.every((request) => request.includes(" /old/"))).toBe(true);
  });
});

test("nothing but the client's own limits ends a quiet request, whatever carries it", async () => {
  const server = createServer((_, response) =>
    response.end(JSON.stringify({ exit_code: 0, stdout: "", stderr: "", status: "ok" })),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const places = globalThis as unknown as Record<symbol, { dispatch(options: object, handler: object): boolean }>;
  const place = Symbol.for("undici.globalDispatcher.1");
  // Where undici keeps it, once it is loaded.
  void Headers;
  const before = places[place];
  const seen: object[] = [];
  places[place] = {
    dispatch(options, handler) {
      seen.push(options);
      return (before as NonNullable<typeof before>).dispatch(options, handler);
    },
  };
  const porter = new Porter({ baseUrl: `http://127.0.0.1:${port}`, maxRetries: 0 });
  onTestFinished(async () => {
    places[place] = before as NonNullable<typeof before>;
    porter.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  await porter.sandboxes.fromId("sb-1").exec(["make"]);
  await porter.volumes.create().catch(() => {});
  expect(seen).toMatchObject([
    { path: "/v1/sandbox/sb-1/exec", headersTimeout: 0, bodyTimeout: 0 },
    { path: "/v1/volume", headersTimeout: 0, bodyTimeout: 0 },
  ]);
});

test("a global fetch that somebody replaced may answer without a promise", async () => {
  vi.stubGlobal("fetch", () => Response.json({ status: "ok" }));
  const porter = new Porter({ baseUrl: "http://sandbox-api.test" });
  expect(await porter.healthz()).toEqual({ status: "ok" });
});

test("a fetch of the caller's is used as it is", async () => {
  const inits: RequestInit[] = [];
  const fake = createFakeSandboxApi();
  const porter = new Porter({
    fetch: (url, init) => {
      inits.push(init);
      return fake.fetch(new Request(url, init));
    },
  });
  const volume = await porter.volumes.create({ name: "data" });
  if (volume.type !== "disk") throw new Error("the fake made another kind of volume");
  await volume.writeFile("/stream", new Blob(["x"]).stream());
  expect(inits.map(({ redirect }) => redirect)).toEqual([undefined, undefined]);
  porter.close();
  await fake.close();
});
