import { describe, expect, test } from "vitest";
import { defer } from "../../test/engine-double.ts";
import { createHarness, type Harness } from "../../test/harness.ts";
import { settle } from "../../test/manual-clock.ts";

const newVolume = async ({ ask }: Harness, spec?: object): Promise<string> => {
  const { body } = await ask("POST", "/v1/volume", spec);
  await settle();
  return body.id;
};

describe("volumes", () => {
  test("a volume is pending, becomes ready, and what mounts it waits", async () => {
    const harness = createHarness();
    const { ask, run, phase, engine } = harness;
    const gate = defer<void>();
    engine.beforeVolume = () => gate.promise;
    const { status, body } = await ask("POST", "/v1/volume", { name: "data" });
    expect(status).toBe(200);
    expect(body).toEqual({
      id: body.id,
      name: "data",
      type: "disk",
      path: `sandbox-vol-${body.id}`,
      phase: "pending",
      attached_to: [],
      created_at: "2026-01-02T03:04:05.000Z",
    });
    const id = await run({ volume_mounts: { "/data": body.id } });
    expect(await phase(id)).toBe("queued");
    gate.resolve();
    await settle();
    expect(await phase(id)).toBe("running");
    expect(engine.plans[0]?.volume_mounts).toEqual({ "/data": body.id });
    expect((await ask("GET", `/v1/volume/${body.id}`)).body).toMatchObject({ phase: "ready", attached_to: [id] });
    expect((await ask("GET", `/v1/sandbox/${id}`)).body.volume_mounts).toEqual({ "/data": body.id });
  });

  test("an upload whose caller went away ends: nothing is written, and nothing waits for the rest", async () => {
    const harness = createHarness();
    const volume = await newVolume(harness);
    const caller = new AbortController();
    let cancelled: unknown;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel: (reason) => {
        cancelled = reason;
      },
    });
    const url = `http://sandbox-api.test/v1/volume/${volume}/files/content?path=/part`;
    const init: RequestInit & { duplex: "half" } = { method: "PUT", body, duplex: "half", signal: caller.signal };
    const sent = harness.api.fetch(url, init);
    await settle();
    caller.abort(new Error("gone"));
    await expect(sent).rejects.toThrow("gone");
    await settle();
    expect(cancelled).toMatchObject({ message: "gone" });
    expect((await harness.ask("GET", `/v1/volume/${volume}/files`)).body.entries).toEqual([]);
    await harness.api.close();
  });

  test("one that cannot be made fails, and so does what mounts it", async () => {
    const harness = createHarness();
    harness.engine.beforeVolume = async () => Promise.reject(new Error("no space"));
    const volume = await newVolume(harness);
    const id = await harness.run({ volume_mounts: { "/data": volume } });
    expect(await harness.phase(id)).toBe("failed");
    expect((await harness.ask("GET", `/v1/volume/${volume}`)).body.phase).toBe("failed");
    expect((await harness.ask("GET", `/v1/volume/${volume}/files`)).status).toBe(422);
    expect((await harness.ask("DELETE", `/v1/volume/${volume}`)).status).toBe(204);
  });

  test("one that is attached cannot be deleted; its name is free again once it was", async () => {
    const harness = createHarness();
    const { ask, run, engine } = harness;
    const volume = await newVolume(harness, { name: "data" });
    const id = await run({ volume_mounts: { "/data": volume } });
    expect(await ask("POST", "/v1/volume", { name: "data" })).toMatchObject({
      status: 409,
      body: { code: "name_taken" },
    });
    const refused = await ask("DELETE", `/v1/volume/${volume}`);
    expect(refused).toMatchObject({ status: 409, body: { code: "volume_attached" } });
    expect(refused.body.error).toContain(id);
    await ask("DELETE", `/v1/sandbox/${id}`);
    expect((await ask("DELETE", `/v1/volume/${volume}`)).status).toBe(204);
    expect(engine.volumes.size).toBe(0);
    for (const path of [`/v1/volume/${volume}`, `/v1/volume/${volume}/files`, "/v1/volume/lookup?name=data"]) {
      expect((await ask("GET", path)).status).toBe(404);
    }
    expect((await ask("DELETE", `/v1/volume/${volume}`)).status).toBe(404);
    const again = await newVolume(harness, { name: "data" });
    expect((await ask("GET", "/v1/volume/lookup?name=data")).body).toEqual({ id: again });
    expect((await ask("GET", "/v1/volume")).body.volumes.map((one: { id: string }) => one.id)).toEqual([again]);
  });

  test("a deletion while it is made leaves nothing in the engine; one that fails is finished later", async () => {
    const { ask, engine, clock } = createHarness();
    const gate = defer<void>();
    engine.beforeVolume = () => gate.promise;
    const { body } = await ask("POST", "/v1/volume");
    expect((await ask("DELETE", `/v1/volume/${body.id}`)).status).toBe(204);
    const { deleteVolume } = engine;
    engine.deleteVolume = async () => Promise.reject(new Error("busy"));
    gate.resolve();
    await settle();
    expect(engine.volumes.size).toBe(1);
    engine.deleteVolume = deleteVolume;
    await clock.advance(5000);
    expect(engine.volumes.size).toBe(0);
  });

  test("one is not deleted while the container of an ended sandbox may still write to it", async () => {
    const { ask, run, engine, clock } = createHarness();
    const { id } = (await ask("POST", "/v1/volume", {})).body;
    await settle();
    const sandbox = await run({ volume_mounts: { "/data": id } });
    const gate = defer<void>();
    engine.beforeStop = () => gate.promise;
    const deleting = ask("DELETE", `/v1/sandbox/${sandbox}`);
    await settle();
    const waiting = ask("DELETE", `/v1/volume/${id}`);
    await settle();
    expect(engine.volumes.has(id)).toBe(true);
    gate.reject(new Error("busy"));
    expect((await deleting).status).toBe(500);
    expect(await waiting).toMatchObject({ status: 409, body: { code: "volume_attached" } });
    engine.beforeStop = async () => {};
    await clock.advance(5000);
    expect((await ask("DELETE", `/v1/volume/${id}`)).status).toBe(204);
    expect(engine.volumes.has(id)).toBe(false);
  });

  test("a create that mounts an unknown one is a 404 that names it, and makes nothing", async () => {
    const harness = createHarness();
    const { ask, engine } = harness;
    const volume = await newVolume(harness);
    const mounts = { "/a": volume, "/b": "vol-none" };
    const refused = await ask("POST", "/v1/sandbox/run", { image: "a:1", name: "web", volume_mounts: mounts });
    expect(refused).toMatchObject({ status: 404, body: { code: "not_found", field: "volume_mounts" } });
    expect(refused.body.error).toContain("vol-none");
    expect((await ask("GET", `/v1/volume/${volume}`)).body.attached_to).toEqual([]);
    expect((await ask("POST", "/v1/sandbox/run", { image: "a:1", name: "web" })).status).toBe(200);
    await settle();
    expect(engine.plans).toHaveLength(1);
  });

  test("object volumes keep their bucket and have no files", async () => {
    const harness = createHarness();
    const { ask } = harness;
    const id = await newVolume(harness, { type: "object", object: { bucket: "sets", prefix: "raw/" } });
    expect((await ask("GET", `/v1/volume/${id}`)).body).toMatchObject({
      type: "object",
      path: "",
      object: { bucket: "sets", prefix: "raw/", access: "read_write" },
    });
    for (const [method, path] of [
      ["GET", "files"],
      ["GET", "files/content?path=a"],
      ["PUT", "files/content?path=a"],
    ] as const) {
      expect(await ask(method, `/v1/volume/${id}/${path}`)).toMatchObject({
        status: 422,
        body: { code: "unsupported" },
      });
    }
    expect((await ask("POST", `/v1/volume/${id}/files/move`, { from: "a", to: "b" })).status).toBe(422);
    const without = createHarness({ features: { object_volumes: false } });
    const refused = await without.ask("POST", "/v1/volume", { type: "object", object: { bucket: "sets" } });
    expect(refused).toMatchObject({ status: 422, body: { field: "type" } });
    expect((await without.ask("GET", "/v1/volume")).body.volumes).toEqual([]);
  });
});

describe("files", () => {
  const withVolume = async (limits = {}) => {
    const harness = createHarness({ limits });
    const base = `/v1/volume/${await newVolume(harness)}/files`;
    const put = (path: string, body: string | Uint8Array = path, headers = {}) =>
      harness.ask("PUT", `${base}/content?path=${encodeURIComponent(path)}`, body, headers);
    const get = (path: string, headers = {}, method = "GET") =>
      harness.ask(method, `${base}/content?path=${encodeURIComponent(path)}`, undefined, headers);
    const move = (from: string, to: string) => harness.ask("POST", `${base}/move`, { from, to });
    const list = (query = "") => harness.ask("GET", `${base}?${query}`);
    return { ...harness, base, put, get, move, list };
  };

  test("what was written is read, with its headers", async () => {
    const { put, get } = await withVolume();
    expect((await put("/a/b/c.txt", "hello")).status).toBe(204);
    const { status, text, headers } = await get("a/b/c.txt");
    expect([status, text]).toEqual([200, "hello"]);
    expect(headers.get("Content-Type")).toBe("application/octet-stream");
    expect(headers.get("Content-Length")).toBe("5");
    expect(headers.get("Accept-Ranges")).toBe("bytes");
    expect(headers.get("Last-Modified")).toBe("Fri, 02 Jan 2026 03:04:05 GMT");
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    const head = await get("/a/b/c.txt", {}, "HEAD");
    expect([head.status, head.text, head.headers.get("Content-Length")]).toEqual([200, "", "5"]);
    await put("/a/b/c.txt", "");
    expect((await get("/a/b/c.txt")).text).toBe("");
  });

  test.each([
    ["bytes=1-3", 206, "ell", "bytes 1-3/5"],
    ["bytes=3-", 206, "lo", "bytes 3-4/5"],
    ["bytes=-2", 206, "lo", "bytes 3-4/5"],
    ["bytes=-99", 206, "hello", "bytes 0-4/5"],
    ["bytes=4-99", 206, "o", "bytes 4-4/5"],
    ["bytes=0-1,3-4", 200, "hello", null],
    ["lines=1-2", 200, "hello", null],
  ])("Range: %s", async (range, status, text, contentRange) => {
    const { put, get } = await withVolume();
    await put("/f", "hello");
    const answer = await get("/f", { Range: range });
    expect([answer.status, answer.text, answer.headers.get("Content-Range")]).toEqual([status, text, contentRange]);
    await put("/empty", "");
    const empty = await get("/empty", { Range: range });
    expect([empty.status, empty.text, empty.headers.get("Content-Range")]).toEqual([200, "", null]);
  });

  test("a range past the end is a 416 with the size", async () => {
    const { put, get } = await withVolume();
    await put("/f", "hello");
    for (const range of ["bytes=5-", "bytes=9-12", "bytes=-0"]) {
      const answer = await get("/f", { Range: range });
      expect(answer).toMatchObject({ status: 416, body: { code: "range_not_satisfiable", field: "Range" } });
      expect(answer.headers.get("Content-Range")).toBe("bytes */5");
    }
  });

  test("paths that lead nowhere, out of the volume, or to the wrong kind of thing are refused", async () => {
    const { put, get, list, base, ask } = await withVolume();
    await put("/dir/file");
    expect((await get("/none")).status).toBe(404);
    expect((await get("/dir/file/below")).status).toBe(404);
    expect((await get("/dir")).status).toBe(400);
    for (const path of ["/", "", "/../x", "a/../../b", "a\0b"]) {
      expect((await get(path)).status).toBe(400);
      expect((await put(path, "x")).status).toBe(400);
    }
    expect((await ask("GET", `${base}/content`)).status).toBe(400);
    expect((await list("path=/none")).status).toBe(404);
    expect((await list("path=/dir/file")).status).toBe(400);
    expect((await list("path=/..")).status).toBe(400);
    expect((await put("/dir", "x")).status).toBe(409);
    expect((await put("/dir/file/below", "x")).status).toBe(409);
  });

  test("a body that is too large changes nothing, whether it says so or not", async () => {
    const { put, get, api, base } = await withVolume({ fileBytes: 10 });
    await put("/f", "before");
    expect((await put("/f", "x".repeat(11))).status).toBe(413);
    expect((await put("/f", "x", { "Content-Length": "99" })).status).toBe(413);
    const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(6)) });
    const init = { method: "PUT", body, duplex: "half" } as RequestInit;
    expect((await api.fetch(`http://a.test${base}/content?path=/f`, init)).status).toBe(413);
    expect((await get("/f")).text).toBe("before");
    expect((await put("/f", "x".repeat(10))).status).toBe(204);
  });

  test("a body that breaks off changes nothing", async () => {
    const { put, get, api, base } = await withVolume();
    await put("/f", "before");
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(3));
      },
      pull: (controller) => controller.error(new Error("gone")),
    });
    const init = { method: "PUT", body, duplex: "half" } as RequestInit;
    expect((await api.fetch(`http://a.test${base}/content?path=/f`, init)).status).toBe(400);
    expect((await get("/f")).text).toBe("before");
  });

  test("moves keep every rule", async () => {
    const { put, get, move } = await withVolume();
    await put("/a/f", "f");
    await put("/b/g", "g");
    expect((await move("/a/f", "/b/f")).status).toBe(204);
    expect([(await get("/a/f")).status, (await get("/b/f")).text]).toEqual([404, "f"]);
    expect((await move("b", "/a/b")).status).toBe(204);
    expect((await get("/a/b/g")).text).toBe("g");
    expect(await move("/none", "/x")).toMatchObject({ status: 404, body: { field: "from" } });
    expect(await move("/a/b/f", "/none/f")).toMatchObject({ status: 404, body: { field: "to" } });
    expect(await move("/a/b/f", "/a/b/g/f")).toMatchObject({ status: 400, body: { field: "to" } });
    expect(await move("/a/b/f", "/a/b/g")).toMatchObject({
      status: 409,
      body: { code: "destination_exists", field: "to" },
    });
    expect((await move("/a/b/f", "/a/b/f")).status).toBe(409);
    expect(await move("/a", "/a/b/c")).toMatchObject({ status: 400, body: { field: "to" } });
    expect(await move("/", "/x")).toMatchObject({ status: 400, body: { field: "from" } });
    expect((await move("/a", "/")).status).toBe(400);
  });

  test("listings nest, with directories first and each group in the order of code points", async () => {
    const { put, list } = await withVolume();
    for (const path of ["/b.txt", "/a.txt", "/Z.txt", "/z/inner/deep", "/dir/x", "/\u{ff5e}", "/\u{1f600}"])
      await put(path, "12");
    const { body } = await list();
    expect(body.path).toBe("/");
    expect(body.truncated).toBe(false);
    expect(body.entries.map((entry: { name: string }) => entry.name)).toEqual([
      "dir",
      "z",
      "Z.txt",
      "a.txt",
      "b.txt",
      "\u{ff5e}",
      "\u{1f600}",
    ]);
    expect(body.entries[1]).toEqual({
      name: "z",
      type: "directory",
      size_bytes: 0,
      modified_at: "2026-01-02T03:04:05.000Z",
      entries: [
        {
          name: "inner",
          type: "directory",
          size_bytes: 0,
          modified_at: "2026-01-02T03:04:05.000Z",
          entries: [{ name: "deep", type: "file", size_bytes: 2, modified_at: "2026-01-02T03:04:05.000Z" }],
        },
      ],
    });
    expect((await list("path=z/")).body).toMatchObject({ path: "/z", entries: [{ name: "inner" }] });
  });

  test("a time that nobody can name is left out", async () => {
    const { ask, engine, base, get } = await withVolume();
    const [tree] = engine.volumes.values();
    for (const at of [Number.NaN, 9e18, -1e15]) {
      tree?.set("/odd", { bytes: Uint8Array.of(120), at });
      const listing = await ask("GET", base);
      expect(listing).toMatchObject({ status: 200, body: { entries: [{ name: "odd", type: "file", size_bytes: 1 }] } });
      expect(listing.body.entries[0]).not.toHaveProperty("modified_at");
      const file = await get("/odd");
      expect([file.status, file.headers.get("Last-Modified")]).toEqual([200, null]);
    }
  });

  test("a walk goes breadth first, stops at its budget and says where", async () => {
    const { put, list } = await withVolume({ walkEntries: 5 });
    for (const path of ["/a/1", "/a/2", "/a/3", "/b/1", "/c"]) await put(path);
    const { body } = await list();
    expect(body.truncated).toBe(true);
    const [a, b, c] = body.entries;
    expect(a).toMatchObject({ name: "a", truncated: true, entries: [{ name: "1" }, { name: "2" }] });
    expect(b).toMatchObject({ name: "b", truncated: true });
    expect(b.entries).toBeUndefined();
    expect(c).toMatchObject({ name: "c" });
    expect((await list("path=/a")).body).toMatchObject({
      truncated: false,
      entries: [{ name: "1" }, { name: "2" }, { name: "3" }],
    });
  });

  test("a search finds parts of names in any case, with the directories that lead there", async () => {
    const { put, list } = await withVolume();
    for (const path of ["/docs/2026/Invoice-1.pdf", "/docs/letter", "/invoices/x", "/other/y"]) await put(path);
    const { body } = await list("search=INVOICE");
    expect(body.entries).toMatchObject([
      { name: "docs", entries: [{ name: "2026", entries: [{ name: "Invoice-1.pdf" }] }] },
      { name: "invoices", entries: [] },
    ]);
    expect(body.entries[0].entries).toHaveLength(1);
    expect((await list("search=nothing")).body.entries).toEqual([]);
  });
});
