import { createFakeSandboxApi } from "@porter-sandbox/testing";
import { afterEach, expect, test, vi } from "vitest";
import { Porter } from "./index.ts";

afterEach(() => vi.unstubAllGlobals());

test("a stream is sent so that the global fetch need not keep it; nothing else changes", async () => {
  const fake = createFakeSandboxApi();
  const seen: Record<string, RequestRedirect | undefined> = {};
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    seen[`${init.method} ${new URL(url).searchParams.get("path") ?? ""}`] = init.redirect;
    return fake.fetch(new Request(url, init));
  });
  const porter = new Porter({ baseUrl: "http://sandbox-api.test" });
  const volume = await porter.volumes.create({ name: "data" });
  if (volume.type !== "disk") throw new Error("the fake made another kind of volume");
  const bytes = new TextEncoder().encode("sent as it comes");
  await volume.writeFile("/bytes", bytes);
  await volume.writeFile("/stream", new Blob([bytes]).stream());
  expect(await volume.readText("/stream")).toBe("sent as it comes");
  expect(seen).toEqual({
    "POST ": undefined,
    "PUT /bytes": undefined,
    "PUT /stream": "error",
    "GET /stream": undefined,
  });
  porter.close();
  await fake.close();
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
