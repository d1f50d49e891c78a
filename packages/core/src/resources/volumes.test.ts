import { describe, expect, it } from "vitest";
import { body, decode, done, json, refusal, volumeFields } from "../../test/answers.ts";
import { disk, rejection, type Sent, setUp } from "../../test/scripted-client.ts";
import { type FileEntry, ObjectVolume, type Porter, Volume } from "../index.ts";

describe("volumes", () => {
  it("are handles of their type", async () => {
    const object = { bucket: "b", prefix: "p/" };
    const { porter, sent } = setUp([
      json(volumeFields({ object: null, future: 1 })),
      json(volumeFields({ type: "object", object, path: "" })),
      json({ volumes: [volumeFields(), volumeFields({ type: "object", object })] }),
    ]);
    const plain = await porter.volumes.create({ name: "my-data" });
    expect(plain).toBeInstanceOf(Volume);
    expect(plain).toMatchObject({ id: "vol-1", name: "my-data", phase: "ready", attached_to: [], object: null });
    const bucket = await porter.volumes.create({ type: "object", object });
    expect(bucket).toBeInstanceOf(ObjectVolume);
    expect(bucket.object).toEqual(object);
    expect(bucket).not.toHaveProperty("readFile");
    expect((await porter.volumes.list()).map(({ type }) => type)).toEqual(["disk", "object"]);
    expect(sent[0]?.body).toBe('{"name":"my-data"}');
  });

  it("are created without a body too", async () => {
    const { porter, sent } = setUp([json(volumeFields())]);
    await porter.volumes.create();
    expect(sent[0]?.body).toBe("{}");
  });

  it("are found and deleted by name, refreshed and deleted by handle", async () => {
    const { porter, sent } = setUp([
      json({ id: "vol-1" }),
      json(volumeFields({ phase: "pending" })),
      json(volumeFields({ attached_to: ["sbx-1"] })),
      done(),
      json({ id: "vol-1" }),
      done(),
    ]);
    const volume = await porter.volumes.get("my-data");
    expect(volume.phase).toBe("pending");
    expect(await volume.refresh()).toBe(volume);
    expect(volume).toMatchObject({ phase: "ready", attached_to: ["sbx-1"] });
    await volume.delete();
    await porter.volumes.delete("my-data");
    expect(sent.map(({ method, url }) => `${method} ${url.slice(24)}`)).toEqual([
      "GET /v1/volume/lookup?name=my-data",
      "GET /v1/volume/vol-1",
      "GET /v1/volume/vol-1",
      "DELETE /v1/volume/vol-1",
      "GET /v1/volume/lookup?name=my-data",
      "DELETE /v1/volume/vol-1",
    ]);
  });
});

describe("directories", () => {
  const file = (name: string, more: Partial<FileEntry> = {}): FileEntry => ({
    name,
    type: "file",
    size_bytes: 1,
    ...more,
  });
  const directory = (name: string, entries?: FileEntry[], truncated?: boolean): FileEntry => ({
    name,
    type: "directory",
    size_bytes: 0,
    ...(entries && { entries }),
    ...(truncated && { truncated }),
  });
  const listing = (path: string, entries: FileEntry[], truncated = false) => json({ path, entries, truncated });
  /** Answers by path. */
  const tree = (listings: Record<string, Response>) => (sent: Sent) =>
    listings[new URL(sent.url).searchParams.get("path") ?? ""]?.clone() ?? refusal(404);

  it("list their direct entries as handles", async () => {
    const { volume, sent } = await disk([
      listing("/", [directory("d", [file("deep")]), file("f", { modified_at: "2026-11-20T08:00:00Z" })]),
      listing("/d", [file("deep")]),
      new Response("content"),
    ]);
    const files = await volume.listdir();
    expect(files.truncated).toBe(false);
    expect(files.map(({ path, isFile, isDirectory }) => [path, isFile, isDirectory])).toEqual([
      ["/d", false, true],
      ["/f", true, false],
    ]);
    expect(files[1]).toMatchObject({ name: "f", type: "file", size_bytes: 1, modified_at: "2026-11-20T08:00:00Z" });
    const [deep] = (await files[0]?.listdir()) ?? [];
    expect(deep?.path).toBe("/d/deep");
    expect(await deep?.readText()).toBe("content");
    expect(sent.map(({ url }) => new URL(url).searchParams.get("path"))).toEqual(["/", "/d", "/d/deep"]);
  });

  it("are walked whole, listing again what a walk left out", async () => {
    const { volume, sent } = await disk([
      tree({
        "/": listing(
          "/",
          [
            directory("a", [directory("b", undefined, true), file("1")]),
            directory("c", []),
            directory("d", [file("x")], true),
            file("2"),
          ],
          true,
        ),
        "/a/b": listing("/a/b", [file("3")]),
        "/d": listing("/d", [file("x"), file("y")]),
      }),
    ]);
    const paths: string[] = [];
    for await (const { path } of volume.iterdir()) paths.push(path);
    expect(paths).toEqual(["/a", "/a/b", "/a/b/3", "/a/1", "/c", "/d", "/d/x", "/d/y", "/2"]);
    expect(sent).toHaveLength(3);
  });

  it("never end silently when the server cannot list all of one", async () => {
    const { volume } = await disk([tree({ "/": listing("/", [file("1"), file("2")], true) })]);
    const paths: string[] = [];
    const error = await rejection(
      (async () => {
        for await (const { path } of volume.iterdir("/")) paths.push(path);
      })(),
    );
    expect(paths).toEqual(["/1", "/2"]);
    expect(error).toMatchObject({ code: "listing_truncated" });
    expect((await volume.listdir("/")).truncated).toBe(true);
  });

  it("are searched by name at any depth", async () => {
    const { volume, sent } = await disk([
      listing("/sub", [directory("notes", [file("Report.md"), file("x")]), file("report")]),
    ]);
    const found = await volume.search("REPORT", "/sub");
    expect(found.map(({ path }) => path)).toEqual(["/sub/notes/Report.md", "/sub/report"]);
    expect(new URL(sent[0]?.url ?? "").search).toBe("?path=%2Fsub&search=REPORT");
  });

  it("move", async () => {
    const { volume, sent } = await disk([done]);
    await volume.moveFile("/a", "/b/c");
    expect(sent[0]).toMatchObject({ method: "POST", body: '{"from":"/a","to":"/b/c"}' });
    expect(await rejection(volume.moveFile("/a", "/a/b"))).toMatchObject({ field: "to" });
  });
});

it("says what the raw operations read and write", async () => {
  const { porter, sent } = setUp([
    new Response("llo", { status: 206, headers: { "content-range": "bytes 2-4/5" } }),
    done,
    json({ id: "sbx-1", name: "a" }),
    json({ extensions: [] }),
  ]);
  const raw: Porter["raw"] = porter.raw;
  const input = { path: { id: "vol-1" }, query: { path: "/f" } };
  expect(decode(await raw.readVolumeFile({ ...input, headers: { Range: "bytes=2-" } }))).toBe("llo");
  expect(await raw.writeVolumeFile({ ...input, body: body(["x"]) })).toBeUndefined();
  expect((await raw.createSandbox({ body: { image: "a", name: undefined } })).id).toBe("sbx-1");
  expect((await raw.getCapabilities()).extensions).toEqual([]);
  expect(sent[0]?.headers).toEqual({ range: "bytes=2-" });
  expect(await rejection(raw.getSandbox({ path: { id: "" } }))).toMatchObject({ field: "id" });
  expect(await rejection(raw.healthz({ headers: { "x-a": "b\nc" } }))).toMatchObject({ field: "headers" });
  expect(porter.sandboxes.raw.execSandbox).toBe(raw.execSandbox);
  expect(porter.volumes.raw.listVolumes).toBe(raw.listVolumes);
  expect(porter.snapshots.raw.listSnapshots).toBe(raw.listSnapshots);
});
