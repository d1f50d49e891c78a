import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FILE_BLOCK_BYTES as BLOCK_BYTES } from "@porter-sandbox/spec/file-scripts";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runIn, type ShellOptions, testClient, testShells } from "../../test/shells.ts";
import { ARGUMENT_BYTES } from "../commands/compile.ts";
import { ServerError } from "../errors/status-errors.ts";
import type { FileSystem } from "../resources/file-system.ts";
import type { VolumeFile } from "../resources/files.ts";
import { filesOf } from "./sandbox-files.ts";

/** Whom entries would belong to; nobody asks here. */
const on = {} as FileSystem;
const shells = testShells();
const root = process.getuid?.() === 0;
const folder = realpathSync(mkdtempSync(join(tmpdir(), "files-")));
beforeAll(() => chmodSync(folder, 0o755));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const { name, path } of shells) if (name === "busybox") rmSync(path, { recursive: true });
});

let count = 0;
const place = () => {
  count += 1;
  const path = join(folder, String(count));
  mkdirSync(path);
  return path;
};

const name = fc
  .oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
    fc.constantFrom(
      "-rf",
      "--",
      "a b",
      "'",
      '"',
      "$HOME",
      "`x`",
      "*",
      "?",
      "[a]",
      "\\",
      "%s",
      "~",
      ".hidden",
      "#",
      "é",
      "\n",
      "a\nb",
      " ",
    ),
  )
  .map((text) => Buffer.from(text.replace(/[/\0]/g, "_"), "utf8").toString("utf8"))
  .filter((text) => !/^\.{1,2}$/.test(text));

describe.each(shells)("files of a sandbox with $name", { timeout: 60_000 }, (shell) => {
  const setUp = (options: ShellOptions = {}) => {
    const run = runIn(shell, options);
    return { files: filesOf(testClient(), "sbx", run), run, here: place() };
  };
  const left = (path: string) => readdirSync(path).filter((entry) => entry.startsWith(".porter-sandbox"));

  it("writes and reads what it was given, under any name", async () => {
    const { files, here } = setUp();
    await fc.assert(
      fc.asyncProperty(name, fc.uint8Array({ maxLength: 200 }), async (name, bytes) => {
        const path = `${here}/${name}/${name}`;
        await files.writeFile(path, Uint8Array.from(bytes));
        expect(readFileSync(path).equals(bytes)).toBe(true);
        expect(await files.readFile(path)).toEqual(Uint8Array.from(bytes));
        expect((await files.listdir(on, `${here}/${name}`)).map((entry) => entry.name)).toEqual([name]);
        expect(await files.stat(path)).toMatchObject({ name, type: "file", size_bytes: bytes.length });
        await files.moveFile(path, `${here}/moved`);
        await files.remove(`${here}/${name}`);
        await files.remove(`${here}/moved`);
        expect(readdirSync(here)).toEqual([]);
      }),
      { seed: 3, numRuns: 8 },
    );
  });

  it("reads any part of a file, in pieces of any size", async () => {
    const here = place();
    const bytes = randomBytes(BLOCK_BYTES * 5 + 17);
    writeFileSync(`${here}/file`, bytes);
    for (const outputLimit of [undefined, 50_000, 100_000]) {
      const files = filesOf(testClient(), "sbx", runIn(shell, outputLimit === undefined ? {} : { outputLimit }));
      const edge = fc.constantFrom(
        0,
        1,
        BLOCK_BYTES - 1,
        BLOCK_BYTES,
        BLOCK_BYTES * 5,
        bytes.length - 1,
        bytes.length,
        bytes.length + 5,
      );
      await fc.assert(
        fc.asyncProperty(edge, fc.option(edge, { nil: undefined }), async (offset, length) => {
          const reading = files.readFile(`${here}/file`, { offset, length });
          if (offset >= bytes.length && length !== 0)
            return void (await expect(reading).rejects.toMatchObject({
              code: "range_not_satisfiable",
              field: "offset",
            }));
          const read = await reading;
          expect(
            Buffer.from(read).equals(bytes.subarray(offset, length === undefined ? undefined : offset + length)),
          ).toBe(true);
        }),
        { seed: 3, numRuns: 8 },
      );
    }
  });

  it("says so when a server answers too little to read anything", async () => {
    const { files, here } = setUp({ outputLimit: 1000 });
    writeFileSync(`${here}/file`, randomBytes(BLOCK_BYTES));
    await expect(files.readFile(`${here}/file`)).rejects.toMatchObject({ name: "UnsupportedError" });
  });

  it("closes a source that it will not read", async () => {
    const { files, here } = setUp();
    const cancelled: unknown[] = [];
    const source = () => new ReadableStream<Uint8Array>({ cancel: (reason) => void cancelled.push(reason) });
    const reason = new Error("enough");
    await expect(files.writeFile("../x", source())).rejects.toMatchObject({ field: "path" });
    await expect(files.writeFile(`${here}/x`, source(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(cancelled).toEqual([expect.objectContaining({ field: "path" }), reason]);
  });

  it("writes content of any kind in steps, and shows it when it is whole", async () => {
    const { files, run, here } = setUp();
    const bytes = new Uint8Array(randomBytes(ARGUMENT_BYTES * 7 * 2 + 5));
    const kinds = {
      bytes,
      buffer: bytes.buffer,
      blob: new Blob([bytes]),
      stream: new Blob([bytes]).stream(),
      iterable: (async function* () {
        for (let at = 0; at < bytes.length; at += 70_001) {
          expect(existsSync(`${here}/iterable`)).toBe(false);
          yield bytes.subarray(at, at + 70_001);
        }
      })(),
    };
    for (const [kind, content] of Object.entries(kinds)) {
      run.count = 0;
      await files.writeFile(`${here}/${kind}`, content);
      expect(readFileSync(`${here}/${kind}`).equals(bytes), kind).toBe(true);
      expect(run.count).toBe(3);
    }
    await files.writeFile(`${here}/empty`, "");
    await files.writeFile(`${here}/text`, "äöü");
    expect([readFileSync(`${here}/empty`, "utf8"), readFileSync(`${here}/text`, "utf8")]).toEqual(["", "äöü"]);
    expect(left(here)).toEqual([]);
  });

  it("sends less at once when it was too much, and nothing twice", async () => {
    const { files, here } = setUp({
      before(args) {
        if (args.length > 9) throw new ServerError("argument list too long", { code: "internal", statusCode: 500 });
      },
    });
    const bytes = randomBytes(ARGUMENT_BYTES * 9 + 1);
    await files.writeFile(`${here}/file`, bytes);
    expect(readFileSync(`${here}/file`).equals(bytes)).toBe(true);
  });

  it("leaves what was there when a write fails at any step", async () => {
    for (const step of [1, 2, 3]) {
      const { files, here } = setUp({
        before(args, count) {
          if (count === step && args.length > 2) throw new Error("the connection is gone");
        },
      });
      writeFileSync(`${here}/file`, "before");
      await expect(files.writeFile(`${here}/file`, randomBytes(ARGUMENT_BYTES * 15))).rejects.toThrow("gone");
      expect(readFileSync(`${here}/file`, "utf8")).toBe("before");
      expect(left(here)).toEqual([]);
    }
    const { files, here } = setUp();
    const broken = (async function* () {
      yield randomBytes(ARGUMENT_BYTES * 8);
      throw new Error("the source is broken");
    })();
    await expect(files.writeFile(`${here}/file`, broken)).rejects.toThrow("the source is broken");
    expect(readdirSync(here)).toEqual([]);
  });

  it("never takes a step that was lost, or came twice, for a file", async () => {
    const here = place();
    const real = runIn(shell);
    for (const times of [0, 2]) {
      let writes = 0;
      const files = filesOf(testClient(), "sbx", async (script, args, options) => {
        writes += 1;
        if (writes === 2 && times === 0) return { stdout: "", stderr: "", exit_code: 0, reason: "exited" };
        if (writes === 2) await real(script, args, options);
        return real(script, args, options);
      });
      await expect(files.writeFile(`${here}/file`, randomBytes(ARGUMENT_BYTES * 21))).rejects.toMatchObject({
        code: "write_interrupted",
      });
      expect(readdirSync(here)).toEqual([]);
    }
  });

  it("tells a file that changes while it is read from its end", async () => {
    for (const [change, message] of [
      [(path: string) => truncateSync(path, 10), /shorter/],
      [(path: string) => rmSync(path), /not there any more/],
      [
        (path: string) => {
          writeFileSync(`${path}.new`, randomBytes(BLOCK_BYTES * 200));
          rmSync(path);
          writeFileSync(`${path}.x`, "");
          symlinkSync(`${path}.new`, path);
        },
        /another file/,
      ],
    ] as const) {
      const { files, here } = setUp();
      const path = `${here}/file`;
      writeFileSync(path, randomBytes(BLOCK_BYTES * 200));
      const source = files.pieces(path);
      const first = await source.next();
      expect(first?.length).toBe(BLOCK_BYTES * 96);
      change(path);
      await expect(source.next()).rejects.toMatchObject({
        name: "StreamInterruptedError",
        message: expect.stringMatching(message),
        bytesReceived: BLOCK_BYTES * 96,
      });
    }
  });

  it("reads what has no size, as files of the kernel", async () => {
    const { files } = setUp();
    expect(Buffer.from(await files.readFile("/proc/self/status")).toString()).toMatch(/^Name:/);
  });

  it("lists trees of any shape, directories first", async () => {
    const { files, run, here } = setUp();
    mkdirSync(`${here}/b/deep/er`, { recursive: true });
    mkdirSync(`${here}/empty`);
    writeFileSync(`${here}/a`, "12345");
    writeFileSync(`${here}/b/deep/x\ny`, "");
    writeFileSync(`${here}/b/.hidden`, "");
    symlinkSync("/nowhere", `${here}/link`);
    const top = await files.listdir(on, here);
    expect(top.map(({ name, type, size_bytes }) => [name, type, type === "symlink" ? 0 : size_bytes])).toEqual([
      ["b", "directory", 0],
      ["empty", "directory", 0],
      ["a", "file", 5],
      ["link", "symlink", 0],
    ]);
    run.count = 0;
    const all: VolumeFile[] = [];
    for await (const file of files.iterdir(on, here)) all.push(file);
    expect(all.map(({ path }) => path.slice(here.length + 1))).toEqual([
      "b",
      "b/deep",
      "b/deep/er",
      "b/deep/x\ny",
      "b/.hidden",
      "empty",
      "a",
      "link",
    ]);
    expect(run.count).toBe(1);
    expect(Date.parse(all[0]?.modified_at ?? "")).toBe(Math.floor(statSync(`${here}/b`).mtimeMs / 1000) * 1000);
  });

  it("walks on by single directories where one answer does not hold them all, and says when even that is cut", async () => {
    const { here } = setUp();
    for (const directory of ["one", "two"]) {
      mkdirSync(`${here}/${directory}`);
      for (let index = 0; index < 20; index++) writeFileSync(`${here}/${directory}/file-${index}`, "");
    }
    const walk = async (outputLimit: number) => {
      const files = filesOf(testClient(), "sbx", runIn(shell, { outputLimit }));
      const found: string[] = [];
      for await (const file of files.iterdir(on, here)) found.push(file.path);
      return found;
    };
    expect((await walk(2200)).length).toBe(42);
    await expect(walk(800)).rejects.toMatchObject({ code: "listing_truncated" });
    const files = filesOf(testClient(), "sbx", runIn(shell, { outputLimit: 800 }));
    const cut = await files.listdir(on, `${here}/one`);
    expect(cut.truncated).toBe(true);
    expect(cut.length).toBeGreaterThan(2);
    expect(cut.length).toBeLessThan(20);
  });

  it("goes through links to read, write and list, and is about the link itself otherwise", async () => {
    const { files, here } = setUp();
    mkdirSync(`${here}/real`);
    symlinkSync("real", `${here}/way`);
    symlinkSync("real/file", `${here}/link`);
    await files.writeFile(`${here}/link`, "through");
    expect(readFileSync(`${here}/real/file`, "utf8")).toBe("through");
    expect(readlinkSync(`${here}/link`)).toBe("real/file");
    expect(Buffer.from(await files.readFile(`${here}/link`)).toString()).toBe("through");
    expect((await files.listdir(on, `${here}/way`)).map((entry) => entry.name)).toEqual(["file"]);
    expect(await files.stat(`${here}/link`)).toMatchObject({ type: "symlink" });
    await files.moveFile(`${here}/link`, `${here}/real/link`);
    expect(await files.exists(`${here}/real/link`)).toBe(true);
    await files.remove(`${here}/way`, { recursive: true });
    expect(readdirSync(`${here}/real`).sort()).toEqual(["file", "link"]);
  });

  it("lists names that are not UTF-8 as well as they can be told, and takes them for no others", async () => {
    const { files, here } = setUp();
    writeFileSync(Buffer.concat([Buffer.from(`${here}/a`), Buffer.of(0xff), Buffer.from("b")]), "x");
    const entries = await files.listdir(on, here);
    expect(entries.map(({ name, size_bytes }) => [name, size_bytes])).toEqual([["a\u{fffd}b", 1]]);
    await expect(files.readFile(`${here}/a\u{fffd}b`)).rejects.toMatchObject({ name: "NotFoundError" });
    await files.remove(here, { recursive: true });
    expect(existsSync(here)).toBe(false);
  });

  it("keeps the permissions of a file that it replaces", async () => {
    const { files, here } = setUp();
    writeFileSync(`${here}/tool`, "", { mode: 0o640 });
    chmodSync(`${here}/tool`, 0o755);
    await files.writeFile(`${here}/tool`, "#!/bin/sh");
    expect((await files.stat(`${here}/tool`)).mode).toBe(0o755);
    await files.writeFile(`${here}/tool`, "x", { mode: 0o600 });
    await files.writeFile(`${here}/new`, "x", { mode: 0o4711 });
    expect((await files.stat(`${here}/tool`)).mode).toBe(0o600);
    expect((await files.stat(`${here}/new`)).mode).toBe(0o4711);
  });

  it("makes and removes directories", async () => {
    const { files, here } = setUp();
    await files.mkdir(`${here}/a/b/c`);
    await files.mkdir(`${here}/a/b`);
    await expect(files.remove(`${here}/a`)).rejects.toMatchObject({
      name: "ConflictError",
      code: "directory_not_empty",
    });
    await files.remove(`${here}/a/b/c`);
    await files.remove(`${here}/a`, { recursive: true });
    expect(await files.exists(`${here}/a`)).toBe(false);
  });

  it("says exactly what is wrong", async () => {
    const { files, here } = setUp();
    writeFileSync(`${here}/file`, "x");
    mkdirSync(`${here}/full/sub`, { recursive: true });
    symlinkSync("nowhere", `${here}/dangling`);
    const wrong: [() => Promise<unknown>, string, string][] = [
      [() => files.readFile(`${here}/none`), "NotFoundError", "not_found"],
      [() => files.readFile(`${here}/none/none`), "NotFoundError", "not_found"],
      [() => files.readFile(`${here}/file/none`), "NotFoundError", "not_found"],
      [() => files.readFile(`${here}/full`), "InvalidRequestError", "invalid_request"],
      [() => files.readFile(`${here}/dangling`), "NotFoundError", "not_found"],
      [() => files.readFile("/dev/null"), "InvalidRequestError", "invalid_request"],
      [() => files.listdir(on, `${here}/none`), "NotFoundError", "not_found"],
      [() => files.search(on, "x", `${here}/file`), "InvalidRequestError", "invalid_request"],
      [() => files.stat(`${here}/none`), "NotFoundError", "not_found"],
      [() => files.writeFile(`${here}/full`, "x"), "ConflictError", "destination_exists"],
      [() => files.writeFile(`${here}/file/below`, "x"), "ConflictError", "destination_exists"],
      [() => files.mkdir(`${here}/file`), "ConflictError", "destination_exists"],
      [() => files.mkdir(`${here}/file/below`), "ConflictError", "destination_exists"],
      [() => files.remove(`${here}/none`), "NotFoundError", "not_found"],
      [() => files.moveFile(`${here}/none`, `${here}/to`), "NotFoundError", "not_found"],
      [() => files.moveFile(`${here}/file`, `${here}/full`), "ConflictError", "destination_exists"],
      [() => files.moveFile(`${here}/file`, `${here}/none/to`), "NotFoundError", "not_found"],
      [() => files.moveFile(`${here}/full`, `${here}/file/to`), "InvalidRequestError", "invalid_request"],
      [() => files.moveFile(`${here}/full`, `${here}/full/sub/to`), "InvalidRequestError", "invalid_request"],
      [() => files.readFile("/"), "InvalidRequestError", "invalid_request"],
      [() => files.readFile("/a/../b"), "InvalidRequestError", "invalid_request"],
      [() => files.readFile("/a\0b"), "InvalidRequestError", "invalid_request"],
      [() => files.readFile(`${here}/file`, { offset: -1 }), "InvalidRequestError", "invalid_request"],
      [() => files.writeFile(`${here}/x`, 5 as never), "InvalidRequestError", "invalid_request"],
      [() => files.remove("/", { recursive: true }), "InvalidRequestError", "invalid_request"],
    ];
    for (const [index, [act, name, code]] of wrong.entries())
      await expect(act(), String(index)).rejects.toMatchObject({ name, code });
    expect(await files.exists(`${here}/dangling`)).toBe(true);
    expect(await files.exists(`${here}/none`)).toBe(false);
    expect(readdirSync(here).sort()).toEqual(["dangling", "file", "full"]);
  });

  it.runIf(root)("says when the sandbox's user may not", async () => {
    const { files, here } = setUp({ uid: 65534 });
    writeFileSync(`${here}/secret`, "x", { mode: 0o600 });
    mkdirSync(`${here}/closed`, { mode: 0o700 });
    const denied = { name: "PermissionDeniedError", code: "permission_denied" };
    await expect(files.readFile(`${here}/secret`)).rejects.toMatchObject(denied);
    await expect(files.listdir(on, `${here}/closed`)).rejects.toMatchObject(denied);
    await expect(files.readFile(`${here}/closed/x`)).rejects.toMatchObject(denied);
    await expect(files.writeFile(`${here}/new`, "x")).rejects.toMatchObject(denied);
    await expect(files.mkdir(`${here}/new/er`)).rejects.toMatchObject(denied);
    await expect(files.remove(`${here}/secret`)).rejects.toMatchObject(denied);
    await expect(files.moveFile(`${here}/secret`, `${here}/other`)).rejects.toMatchObject(denied);
    expect(readdirSync(here).sort()).toEqual(["closed", "secret"]);
    const unread = await files.search(on, "x", here);
    expect(unread.truncated).toBe(true);
  });

  it("says which tool an image lacks", async () => {
    const bare = filesOf(testClient(), "sbx", runIn({ ...shell, argv: shell.argv, path: "/nowhere" }));
    const promise = bare.readFile("/etc/passwd");
    // Busybox has its tools without a path.
    if (shell.name !== "busybox")
      await expect(promise).rejects.toMatchObject({
        name: "UnsupportedError",
        message: expect.stringContaining("base64"),
      });
    else await promise.catch(() => {});
  });

  it("stops when its time is up, or when it is told to", async () => {
    const { files, here } = setUp();
    await expect(files.readFile(`${here}/x`, { timeoutMs: 0 })).rejects.toMatchObject({ name: "InvalidRequestError" });
    const abort = new AbortController();
    abort.abort(new Error("enough"));
    await expect(files.writeFile(`${here}/x`, "x", { signal: abort.signal })).rejects.toThrow("enough");
    await expect(files.readFile(`${here}/x`, { signal: abort.signal })).rejects.toThrow("enough");
    for (const stuck of [
      new ReadableStream<Uint8Array>({ start: (stream) => stream.enqueue(randomBytes(ARGUMENT_BYTES * 8)) }),
      (async function* () {
        yield randomBytes(ARGUMENT_BYTES * 8);
        await new Promise(() => {});
      })(),
    ])
      await expect(files.writeFile(`${here}/x`, stuck, { timeoutMs: 400 })).rejects.toMatchObject({
        name: "UploadTimeoutError",
      });
    await vi.waitFor(() => expect(readdirSync(here)).toEqual([]), { timeout: 20_000 });
  });
});
