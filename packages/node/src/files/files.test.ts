import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createFakeSandboxApi, type FakeSandboxApi } from "@porter-sandbox/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { downloadFile, type FileProgress, LocalFileError, Porter, uploadFile, type Volume } from "../index.ts";

let folder: string;
let porter: Porter;
let volume: Volume;
let fake: FakeSandboxApi;
let requests: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "porter-sandbox-files-"));
  fake = createFakeSandboxApi();
  requests = [];
  porter = new Porter({
    fetch: (url, init) => {
      requests.push(`${init.method} ${new URL(url).pathname.replace(/^\/v1\/volume\/[^/]+/, "")}`);
      return fake.fetch(new Request(url, init));
    },
  });
  volume = await porter.volumes.create({ name: "files" });
  requests.length = 0;
});

afterEach(async () => {
  porter.close();
  await rm(folder, { recursive: true, force: true });
});

const local = (name: string) => join(folder, name);

function bytesOf(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) % 251);
}

describe("uploadFile", () => {
  test("streams a file in pieces and tells how far it is", async () => {
    const content = bytesOf(600_000);
    await writeFile(local("a.bin"), content);
    const progress: FileProgress[] = [];
    const sent = await uploadFile(volume, local("a.bin"), "/deep/a.bin", { onProgress: (p) => progress.push(p) });
    expect(sent).toEqual({ bytes: 600_000 });
    expect(await volume.readFile("/deep/a.bin")).toEqual(content);
    expect(progress.map(({ bytes }) => bytes)).toEqual([262_144, 524_288, 600_000]);
    expect(progress.every(({ total }) => total === 600_000)).toBe(true);
  });

  test("sends a small file again to a server that was busy", async () => {
    const content = bytesOf(262_144);
    await writeFile(local("a.bin"), content);
    const progress: FileProgress[] = [];
    let busy = 1;
    const other = new Porter({
      baseUrl: "http://api.test",
      fetch: (url, init) =>
        init.method === "PUT" && busy-- > 0
          ? Promise.resolve(new Response(null, { status: 429, headers: { "retry-after": "0" } }))
          : fake.fetch(new Request(url, init)),
    });
    const same = (await other.volumes.getById(volume.id)) as Volume;
    await uploadFile(same, local("a.bin"), "/a.bin", { onProgress: (p) => progress.push(p) });
    expect(await volume.readFile("/a.bin")).toEqual(content);
    expect(progress).toEqual([{ bytes: 262_144, total: 262_144 }]);
    other.close();
  });

  test("takes a file URL, and an empty file", async () => {
    await writeFile(local("empty"), "");
    expect(await uploadFile(volume, pathToFileURL(local("empty")), "/empty")).toEqual({ bytes: 0 });
    expect(await volume.readText("/empty")).toBe("");
  });

  test.each([
    ["a missing file", "missing", "does not exist"],
    ["a directory", ".", "is a directory"],
    ["a file below a file", "plain/below", "lies below something that is no directory"],
  ])("refuses %s before anything is sent", async (_what, name, reason) => {
    await writeFile(local("plain"), "x");
    const failure = await uploadFile(volume, local(name), "/a").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LocalFileError);
    expect(failure).toMatchObject({
      name: "LocalFileError",
      code: "local_file",
      path: local(name),
      admitted: false,
      message: `localPath: ${JSON.stringify(local(name))} ${reason}`,
    });
    expect(requests).toEqual([]);
  });

  test.each([[""], ["a\0b"], [new URL("https://example.test/a")]])("refuses %j as a local path", async (path) => {
    await expect(uploadFile(volume, path, "/a")).rejects.toMatchObject({
      name: "InvalidRequestError",
      field: "localPath",
    });
    expect(requests).toEqual([]);
  });

  test("a file that gets shorter on the way fails, and the volume keeps what it had", async () => {
    await volume.writeText("/a.bin", "before");
    await writeFile(local("a.bin"), bytesOf(1_000_000));
    const upload = uploadFile(volume, local("a.bin"), "/a.bin", {
      onProgress: ({ bytes }) => {
        if (bytes === 262_144) truncateNow();
      },
    });
    let truncated: Promise<void> | undefined;
    const truncateNow = () => {
      truncated = truncate(local("a.bin"), 10);
    };
    await expect(upload).rejects.toThrow(/got shorter while it was sent/);
    await truncated;
    expect(await volume.readText("/a.bin")).toBe("before");
  });

  test("a signal ends it with its reason, and the volume keeps what it had", async () => {
    await volume.writeText("/a.bin", "before");
    await writeFile(local("a.bin"), bytesOf(1_000_000));
    const controller = new AbortController();
    const reason = new Error("no longer wanted");
    const upload = uploadFile(volume, local("a.bin"), "/a.bin", {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(upload).rejects.toBe(reason);
    expect(await volume.readText("/a.bin")).toBe("before");
  });
});

describe("downloadFile", () => {
  test("writes what the volume has and leaves nothing beside it", async () => {
    const content = bytesOf(600_000);
    await volume.writeFile("/a.bin", content);
    await writeFile(local("a.bin"), "before");
    const progress: FileProgress[] = [];
    const got = await downloadFile(volume, "/a.bin", local("a.bin"), { onProgress: (p) => progress.push(p) });
    expect(got).toEqual({ bytes: 600_000 });
    expect(new Uint8Array(await readFile(local("a.bin")))).toEqual(content);
    expect(progress.at(-1)).toEqual({ bytes: 600_000, total: undefined });
    expect(await readdir(folder)).toEqual(["a.bin"]);
  });

  test("takes a file URL, and an empty file", async () => {
    await volume.writeText("/empty", "");
    expect(await downloadFile(volume, "/empty", pathToFileURL(local("empty")))).toEqual({ bytes: 0 });
    expect(await readFile(local("empty"), "utf8")).toBe("");
  });

  test.each([
    ["a directory", "folder", "is a directory"],
    ["a folder that does not exist", "missing/a.bin", "lies in a folder that does not exist"],
  ])("refuses %s before anything is sent", async (_what, name, reason) => {
    await mkdir(local("folder"));
    await expect(downloadFile(volume, "/a.bin", local(name))).rejects.toMatchObject({
      name: "LocalFileError",
      message: `localPath: ${JSON.stringify(local(name))} ${reason}`,
    });
    expect(requests).toEqual([]);
  });

  test("a file that the volume does not have leaves the local one alone", async () => {
    await writeFile(local("a.bin"), "before");
    await expect(downloadFile(volume, "/missing", local("a.bin"))).rejects.toMatchObject({ name: "NotFoundError" });
    expect(await readdir(folder)).toEqual(["a.bin"]);
    expect(await readFile(local("a.bin"), "utf8")).toBe("before");
  });

  test("a signal ends it with its reason; the local file stays as it was and nothing is left beside it", async () => {
    await volume.writeFile("/a.bin", bytesOf(600_000));
    await writeFile(local("a.bin"), "before");
    const controller = new AbortController();
    const reason = new Error("no longer wanted");
    const download = downloadFile(volume, "/a.bin", local("a.bin"), {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(download).rejects.toBe(reason);
    expect(await readFile(local("a.bin"), "utf8")).toBe("before");
    expect(await readdir(folder)).toEqual(["a.bin"]);
  });

  test("a link is replaced, and what it led to stays", async () => {
    await volume.writeText("/a.txt", "new");
    await writeFile(local("target"), "before");
    await symlink(local("target"), local("link"));
    await downloadFile(volume, "/a.txt", local("link"));
    expect([await readFile(local("link"), "utf8"), await readFile(local("target"), "utf8")]).toEqual(["new", "before"]);
  });
});
