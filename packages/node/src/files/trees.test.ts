import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeSandboxApi } from "@porter-sandbox/testing";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  download,
  downloadFile,
  type FileProgress,
  type FileSystem,
  Porter,
  type Sandbox,
  upload,
  uploadFile,
  type Volume,
} from "../index.ts";

let folder: string;
let porter: Porter;
let volume: Volume;
let sandbox: Sandbox;
/** Sees each request before it is sent, and may refuse it. */
let before: (method: string, path: string, init: RequestInit) => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "porter-sandbox-trees-"));
  const fake = createFakeSandboxApi();
  before = () => {};
  porter = new Porter({
    maxRetries: 0,
    fetch: (url, init) => {
      before(init.method ?? "", new URL(url).pathname, init);
      return fake.fetch(new Request(url, init));
    },
  });
  volume = await porter.volumes.create({ name: "files" });
  sandbox = await porter.sandboxes.create({ image: "any" });
});

afterEach(async () => {
  porter.close();
  await rm(folder, { recursive: true, force: true });
});

const local = (...names: string[]) => join(folder, ...names);
const targets: [string, () => FileSystem][] = [
  ["a volume", () => volume],
  ["a sandbox", () => sandbox.files],
];

/** Path → content, below a directory; empty directories end in a slash. */
async function contents(directory: string, below = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const entries = await readdir(join(directory, below), { withFileTypes: true });
  for (const entry of entries) {
    const path = `${below}/${entry.name}`;
    if (!entry.isDirectory()) found[path] = await readFile(join(directory, path), "utf8");
    else {
      const inside = await contents(directory, path);
      Object.assign(found, Object.keys(inside).length > 0 ? inside : { [`${path}/`]: "" });
    }
  }
  return found;
}

async function layOut(): Promise<void> {
  await mkdir(local("tree/deep/er"), { recursive: true });
  await mkdir(local("tree/empty"));
  await writeFile(local("tree/a.txt"), "a");
  await writeFile(local("tree/deep/b.txt"), "bb");
  await writeFile(local("tree/deep/er/-odd 'name'\n"), "ccc");
  await writeFile(local("tree/large"), "x".repeat(800_000));
  await writeFile(local("tree/none"), "");
}

describe.each(targets)("trees of files, with %s", { timeout: 60_000 }, (kind, target) => {
  test("go there and come back", async () => {
    await layOut();
    const progress: FileProgress[] = [];
    const sent = await upload(target(), local("tree"), "/up/there", { onProgress: (now) => progress.push(now) });
    const skipped = kind === "a volume" ? ["/up/there/empty"] : [];
    expect(sent).toEqual({ files: 5, bytes: 800_006, skipped });
    expect(progress.at(-1)).toEqual({ bytes: 800_006, total: 800_006 });
    expect(progress.every(({ bytes }, at) => bytes >= (progress[at - 1]?.bytes ?? 0))).toBe(true);

    const got = await download(target(), "/up/there/", local("back"));
    expect(got).toEqual({ files: 5, bytes: 800_006, skipped: [] });
    const expected = await contents(local("tree"));
    if (kind === "a volume") delete expected["/empty/"];
    expect(await contents(local("back"))).toEqual(expected);
    expect((await readdir(folder)).sort()).toEqual(["back", "tree"]);
  });

  test("may be a single file", async () => {
    await writeFile(local("one"), "content");
    expect(await upload(target(), local("one"), "/one")).toEqual({ files: 1, bytes: 7, skipped: [] });
    expect(await download(target(), "/one", local("back"))).toEqual({ files: 1, bytes: 7, skipped: [] });
    expect(await readFile(local("back"), "utf8")).toBe("content");
    await expect(download(target(), "/none", local("x"))).rejects.toMatchObject({ name: "NotFoundError" });
    await expect(download(target(), "/../x", local("x"))).rejects.toMatchObject({ name: "InvalidRequestError" });
  });

  test("join what is there already", async () => {
    await layOut();
    await target().writeText("/to/a.txt", "replaced");
    await target().writeText("/to/kept.txt", "kept");
    await upload(target(), local("tree"), "/to");
    expect([await target().readText("/to/a.txt"), await target().readText("/to/kept.txt")]).toEqual(["a", "kept"]);
    await mkdir(local("here"));
    await writeFile(local("here/mine"), "mine");
    await download(target(), "/to", local("here"));
    expect(await contents(local("here"))).toMatchObject({ "/mine": "mine", "/kept.txt": "kept", "/a.txt": "a" });
  });

  test("are whole files at whatever request they are cut, and a new directory is all or nothing", {
    timeout: 60_000,
  }, async () => {
    await layOut();
    const whole = await contents(local("tree"));
    const path = "/cut";
    for (let at = 1, done = false; !done; at++) {
      let requests = 0;
      before = () => {
        requests += 1;
        if (requests === at) throw new TypeError("the connection is gone");
      };
      done = await upload(target(), local("tree"), path, { concurrency: 2 }).then(
        () => true,
        (error: { name?: string }) => {
          expect(error.name).toBe("ConnectionError");
          return false;
        },
      );
      // The cut may have fallen on what cleans up, or past the end.
      done &&= requests < at;
      before = () => {};
      for await (const { path: found, isFile } of target().iterdir("/"))
        if (isFile && found.startsWith(`${path}/`) && !found.includes(".porter-sandbox-part-"))
          expect(await target().readText(found)).toBe(whole[found.slice(path.length)]);
    }
    for (let at = 1, done = false; !done; at++) {
      let requests = 0;
      before = () => {
        requests += 1;
        if (requests === at) throw new TypeError("the connection is gone");
      };
      done = await download(target(), path, local("back"), { concurrency: 2 }).then(
        () => true,
        (error: { name?: string }) => {
          expect(error.name).toMatch(/^(ConnectionError|StreamInterruptedError)$/);
          return false;
        },
      );
      expect((await readdir(folder)).sort()).toEqual(done ? ["back", "tree"] : ["tree"]);
    }
  });

  test("take no longer than they may in all", async () => {
    await layOut();
    await upload(target(), local("tree"), "/there");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    onTestFinished(() => void vi.useRealTimers());
    let requests = 0;
    before = () => {
      requests += 1;
      // None of them takes all of the time.
      vi.advanceTimersByTime(400);
    };
    const options = { timeoutMs: 900, concurrency: 1 };
    await expect(download(target(), "/there", local("back"), options)).rejects.toMatchObject({
      name: "DownloadTimeoutError",
      message: expect.stringContaining("900 ms"),
    });
    await expect(upload(target(), local("tree"), "/again", options)).rejects.toMatchObject({
      name: "UploadTimeoutError",
      message: expect.stringContaining("900 ms"),
    });
    expect(requests).toBeLessThan(10);
    for (const timeoutMs of [0, Number.NaN])
      await expect(upload(target(), local("tree"), "/again", { timeoutMs })).rejects.toMatchObject({
        field: "timeoutMs",
      });
  });

  test("end with a signal, with its reason", async () => {
    await layOut();
    await upload(target(), local("tree"), "/there");
    const abort = new AbortController();
    const reason = new Error("no longer wanted");
    const options = { signal: abort.signal, onProgress: () => abort.abort(reason) };
    await expect(download(target(), "/there", local("back"), options)).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual(["tree"]);
    await expect(upload(target(), local("tree"), "/again", { signal: abort.signal })).rejects.toBe(reason);
  });
});

describe("trees of files", () => {
  test("keep what may be executed, in a sandbox", async () => {
    await layOut();
    await chmod(local("tree/a.txt"), 0o755);
    await upload(sandbox.files, local("tree"), "/app");
    expect((await sandbox.files.stat("/app/a.txt")).mode).toBe(0o755);
    expect((await sandbox.files.stat("/app/deep/b.txt")).mode).toBe(0o644);
    expect((await sandbox.files.stat("/app/empty")).type).toBe("directory");
  });

  test("are looked at before anything is sent", async () => {
    await layOut();
    await symlink("nowhere", local("tree/deep/dangling"));
    let sent = 0;
    before = () => {
      sent += 1;
    };
    await expect(upload(sandbox.files, local("tree"), "/x")).rejects.toMatchObject({
      name: "LocalFileError",
      path: local("tree/deep/dangling"),
    });
    await rm(local("tree/deep/dangling"));
    await symlink("..", local("tree/deep/up"));
    await expect(upload(sandbox.files, local("tree"), "/x")).rejects.toMatchObject({
      message: expect.stringContaining("a directory that it is in"),
    });
    await expect(upload(sandbox.files, local("tree/deep/b.txt"), "/x", { concurrency: 0 })).rejects.toMatchObject({
      field: "concurrency",
    });
    expect(sent).toBe(0);
  });

  test("never leave the directory they are put into, whatever a sandbox calls its files", async () => {
    for (const name of ["..", "../../out", "a/../../out", ".", ""]) {
      const hostile = {
        async *iterdir(path: string) {
          yield { path: `${path}/${name}`, name, isFile: true, isDirectory: false, size_bytes: 1 };
        },
        stream: () => new Blob(["x"]).stream(),
      } as unknown as FileSystem;
      await expect(download(hostile, "/from", local("in"))).rejects.toMatchObject({ code: "unsafe_path" });
      expect(await readdir(folder)).toEqual([]);
    }
  });

  test.each([true, false])("never go through a link that is there, named by its directory: %s", async (named) => {
    await mkdir(local("elsewhere"));
    await mkdir(local("in"));
    await symlink("../elsewhere", local("in/lib"));
    const hostile = {
      async *iterdir(path: string) {
        if (named) yield { path: `${path}/lib`, name: "lib", isFile: false, isDirectory: true, size_bytes: 0 };
        yield { path: `${path}/lib/index.js`, name: "index.js", isFile: true, isDirectory: false, size_bytes: 1 };
      },
      stream: () => new Blob(["x"]).stream(),
    } as unknown as FileSystem;
    await expect(download(hostile, "/from", local("in"))).rejects.toMatchObject({
      name: "LocalFileError",
      path: local("in/lib"),
      message: expect.stringContaining("is a link, which is not followed"),
    });
    expect(await contents(local("elsewhere"))).toEqual({});
    // What the caller names is theirs to link.
    await symlink("elsewhere", local("linked"));
    expect(await download(hostile, "/from", local("linked"))).toMatchObject({ files: 1 });
    expect(await contents(local("elsewhere"))).toEqual({ "/lib/index.js": "x" });
  });

  test("say which local path is in the way", async () => {
    await sandbox.files.writeText("/from/a/b", "x");
    await mkdir(local("in"));
    await writeFile(local("in/a"), "mine");
    await writeFile(local("file"), "mine");
    for (const [target, path, says] of [
      [local("in"), local("in/a"), "is no directory"],
      [local("file"), local("file"), "is no directory"],
      [local("no/such"), local("no/such"), "lies in a folder that does not exist"],
    ] as const)
      await expect(download(sandbox.files, "/from", target)).rejects.toMatchObject({
        name: "LocalFileError",
        path,
        message: expect.stringContaining(says),
      });
  });

  test("refuse what they cannot do with before anything happens", async () => {
    await layOut();
    let sent = 0;
    before = () => {
      sent += 1;
    };
    const onProgress = "no" as never;
    for (const [attempt, field] of [
      [() => upload(volume, local("tree"), undefined as never), "path"],
      [() => upload(volume, local("tree"), "/x", { onProgress }), "onProgress"],
      [() => uploadFile(volume, local("tree/a.txt"), "/x", { onProgress }), "onProgress"],
      [() => download(volume, 5 as never, local("in")), "path"],
      [() => download(volume, "/x", local("in"), { concurrency: 1.5 }), "concurrency"],
      [() => downloadFile(volume, null as never, local("in")), "path"],
    ] as const)
      await expect(attempt()).rejects.toMatchObject({ name: "InvalidRequestError", field });
    expect(sent).toBe(0);
  });

  test("tell what is neither file nor directory", async () => {
    const odd = {
      async *iterdir(path: string) {
        yield { path: `${path}/link`, name: "link", isFile: false, isDirectory: false, size_bytes: 7 };
      },
    } as unknown as FileSystem;
    expect(await download(odd, "/from", local("in"))).toEqual({ files: 0, bytes: 0, skipped: ["/from/link"] });
    expect((await stat(local("in"))).isDirectory()).toBe(true);
  });
});
