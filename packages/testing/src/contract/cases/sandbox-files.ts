import type { FileContent, Sandbox, SandboxFiles } from "@porter-sandbox/core";
import { equal, fail, ok, rejects, same, timeOf } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import type { FetchLike } from "../target.ts";

/** More than one request takes, and more than one answer gives. */
const LARGE_BYTES = 3_400_001;
/** The same of a server whose answers are cut. */
const CUT_BYTES = 150_000;

/** What takes some requests, on a machine that does much else. */
const SLOW_MS = 12_000;

function bytesOf(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 9)) % 251;
  return bytes;
}

const filesOf = async (c: Context): Promise<SandboxFiles> => (await c.sandbox()).files;

const namesIn = async (files: SandboxFiles, path: string) => (await files.listdir(path)).map(({ name }) => name);

/** What an exec of the client's answers, bent by `bend`; `count` is the how many-th it is. */
function bentExecs(
  c: Context,
  bend: (answer: { stdout: string; stderr: string; exit_code: number }, count: number) => object | undefined,
): FetchLike {
  let count = 0;
  return async (input, init) => {
    const response = await c.target.fetch(input, init);
    if (!String(input).endsWith("/exec") || response.status !== 200) return response;
    const answer = (await response.json()) as { stdout: string; stderr: string; exit_code: number };
    count += 1;
    return Response.json({ ...answer, ...bend(answer, count) });
  };
}

/** As of a server that answers little, and says so or not. */
const cut = ({ stdout }: { stdout: string }) => ({ stdout: stdout.slice(0, 100_000), stdout_truncated: undefined });

/** The files of a new sandbox through a client whose execs answer what `bend` makes of them. */
async function bent(c: Context, bend: Parameters<typeof bentExecs>[1]): Promise<SandboxFiles> {
  const { id } = await c.running();
  return c.porterOver(bentExecs(c, bend)).sandboxes.fromId(id).files;
}

export const sandboxFiles = casesOf("sandbox files", {
  "a file is written with its parents, and commands see it": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const sandbox = await c.sandbox();
      await sandbox.files.writeText("/made/by/client.txt", "hello\n");
      equal((await sandbox.exec(["cat", "/made/by/client.txt"])).stdout, "hello\n", "what cat says");
      equal(await sandbox.files.readText("/made/by/client.txt"), "hello\n", "what the client reads");
    },
  },

  "what a command leaves is read": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const sandbox = await c.sandbox();
      equal((await sandbox.exec(["mkdir", "-p", "/left/deep"])).exit_code, 0, "exit_code of mkdir");
      equal((await sandbox.exec(["touch", "/left/deep/file"])).exit_code, 0, "exit_code of touch");
      equal(await namesIn(sandbox.files, "/left"), ["deep"], "names");
      equal((await sandbox.files.readFile("/left/deep/file")).length, 0, "length");
    },
  },

  "a mounted volume shows the same file": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const { id, name } = await c.volume({ name: c.name() });
      const sandbox = await c.sandbox({ spec: { volume_mounts: { "/data": id } } });
      const volume = await c.disk(name);
      await sandbox.files.writeText("/data/from/sandbox.txt", "one");
      await volume.writeText("/from/volume.txt", "two");
      equal(await volume.readText("/from/sandbox.txt"), "one", "what the volume has");
      equal(await sandbox.files.readText("/data/from/volume.txt"), "two", "what the sandbox has");
    },
  },

  "a file is written from whatever holds bytes": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      const bytes = Uint8Array.of(0, 255, 10, 13, 128, 35, 61);
      const kinds: Record<string, FileContent> = {
        view: new Uint8Array([9, ...bytes, 9]).subarray(1, -1),
        buffer: bytes.slice().buffer,
        blob: new Blob([bytes]),
        stream: new ReadableStream<Uint8Array>({
          start(controller) {
            for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
            controller.close();
          },
        }),
        iterable: (async function* () {
          yield bytes.subarray(0, 3);
          yield new Uint8Array(0);
          yield bytes.subarray(3);
        })(),
      };
      for (const [kind, content] of Object.entries(kinds)) {
        await files.writeFile(`/kinds/${kind}`, content);
        equal(await files.readFile(`/kinds/${kind}`), bytes, kind);
      }
      await rejects(
        files.writeFile("/kinds/number", 5 as never),
        { name: "InvalidRequestError", field: "content" },
        "a number",
      );
      await rejects(
        files.writeText("/kinds/text", "\ud800"),
        { name: "InvalidRequestError", field: "content" },
        "a lone surrogate",
      );
      equal((await namesIn(files, "/kinds")).length, 5, "files");
    },
  },

  "an empty file is a file": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      await files.writeText("/empty", "");
      equal((await files.readFile("/empty")).length, 0, "length");
      equal((await files.stat("/empty")).type, "file", "type");
    },
  },

  "names are what they are": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      const names = [
        "line\nfeed",
        'quote\'d "twice"',
        "-rf",
        "--",
        "$HOME `id` $(id)",
        "back\\slash",
        "%s\\n",
        " ",
        "*?[a]",
        "~",
        "#",
        "...",
        ".hidden",
        "žluťoučký 🐎",
        "ends with a line feed\n",
      ];
      for (const name of names) {
        await files.writeText(`/odd/${name}/${name}`, name);
        equal(await files.readText(`/odd/${name}/${name}`), name, `content of ${JSON.stringify(name)}`);
        equal((await files.stat(`/odd/${name}/${name}`)).name, name, "name");
      }
      equal([...(await namesIn(files, "/odd"))].sort(), [...names].sort(), "names");
      const found: string[] = [];
      for await (const { path, isFile } of files.iterdir("/odd")) if (isFile) found.push(path);
      equal(found.sort(), names.map((name) => `/odd/${name}/${name}`).sort(), "paths");
      for (const name of names) {
        await files.moveFile(`/odd/${name}/${name}`, `/odd/${name}/${name}.moved`);
        await files.remove(`/odd/${name}`, { recursive: true });
      }
      equal(await namesIn(files, "/odd"), [], "names at the end");
    },
  },

  "any part of a file is read": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      const bytes = bytesOf(70_000);
      await files.writeFile("/bytes", bytes);
      for (const [offset, length] of [
        [0, 1],
        [32_767, 2],
        [32_768, 32_768],
        [65_536, undefined],
        [69_999, 100],
        [1, 69_999],
        [5, 0],
      ] as const) {
        const end = length === undefined ? undefined : offset + length;
        equal(await files.readFile("/bytes", { offset, length }), bytes.subarray(offset, end), `${offset}, ${length}`);
      }
      await rejects(
        files.readFile("/bytes", { offset: 70_000 }),
        { name: "InvalidRequestError", code: "range_not_satisfiable" },
        "past the end",
      );
      await rejects(files.readFile("/bytes", { offset: -1 }), { name: "InvalidRequestError", field: "offset" }, "-1");
    },
  },

  "a large file goes in pieces, each way": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      const bytes = bytesOf(LARGE_BYTES);
      await files.writeFile("/large", bytes);
      equal((await files.stat("/large")).size_bytes, LARGE_BYTES, "size_bytes");
      let [at, pieces] = [0, 0];
      for await (const piece of files.stream("/large")) {
        ok(same(piece, bytes.subarray(at, at + piece.length)), `the bytes from ${at} are not those that were written`);
        at += piece.length;
        pieces += 1;
      }
      equal(at, LARGE_BYTES, "bytes");
      ok(pieces > 1, `expected several pieces, got ${pieces}`);
      const across = await files.readFile("/large", { offset: 3_145_720, length: 20 });
      equal(across, bytes.subarray(3_145_720, 3_145_740), "a part across two pieces");
    },
  },

  "a server that answers and takes little is served in small steps": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const { id } = await c.running();
      const answered = bentExecs(c, cut);
      const limited: FetchLike = async (input, init) => {
        // Some adapters hand over a Blob.
        const body = init?.body as { length?: number; size?: number } | null | undefined;
        if ((body?.length ?? body?.size ?? 0) < 300_000) return answered(input, init);
        return Response.json({ error: "too large", code: "body_too_large" }, { status: 413 });
      };
      const { files } = c.porterOver(limited).sandboxes.fromId(id);
      const bytes = bytesOf(400_000);
      await files.writeFile("/file", bytes);
      equal(await files.readFile("/file"), bytes, "bytes");
    },
  },

  "a file is replaced with its last byte, and nothing is left beside it": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      await files.writeText("/dir/a", "before");
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const upload = files.writeFile(
        "/dir/a",
        (async function* () {
          yield bytesOf(700_000);
          await held;
          yield bytesOf(5);
        })(),
      );
      await c.until(
        "the write to begin",
        async () =>
          (await files.listdir("/dir")).some(({ name, size_bytes }) => name !== "a" && size_bytes > 0) || undefined,
        SLOW_MS,
      );
      equal(await files.readText("/dir/a"), "before", "content while it is written");
      release();
      await upload;
      equal((await files.stat("/dir/a")).size_bytes, 700_005, "size_bytes after");
      equal(await namesIn(files, "/dir"), ["a"], "names");
    },
  },

  "a source that fails leaves what was there": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      await files.writeText("/dir/a", "before");
      const failure = new Error("the disk is gone");
      for (const sent of [0, 1, 700_000]) {
        const source = (async function* () {
          yield bytesOf(sent);
          throw failure;
        })();
        equal((await rejects(files.writeFile("/dir/a", source), {}, "writeFile")) === failure, true, "the same error");
      }
      equal(await files.readText("/dir/a"), "before", "content");
      equal(await namesIn(files, "/dir"), ["a"], "names");
    },
  },

  "a write that is aborted, or has no time left, leaves what was there": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      await files.writeText("/dir/a", "before");
      const stuck = () =>
        new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(bytesOf(700_000)) });
      const abort = new AbortController();
      setTimeout(() => abort.abort(new Error("enough")), 100);
      await rejects(files.writeFile("/dir/a", stuck(), { signal: abort.signal }), { message: "enough" }, "aborted");
      await rejects(
        files.writeFile("/dir/a", stuck(), { timeoutMs: 100 }),
        { name: "UploadTimeoutError", code: "timeout" },
        "late",
      );
      equal(await files.readText("/dir/a"), "before", "content");
      await c.until(
        "nothing to be left",
        async () => (await namesIn(files, "/dir")).length === 1 || undefined,
        SLOW_MS,
      );
    },
  },

  "a write whose step fails leaves what was there": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const { id } = await c.running();
      const { files } = c.porter().sandboxes.fromId(id);
      await files.writeText("/dir/a", "before");
      for (const lost of ["request", "answer"]) {
        let execs = 0;
        const broken = c.porterOver(async (input, init) => {
          execs += String(input).endsWith("/exec") ? 1 : 0;
          if (execs !== 2) return c.target.fetch(input, init);
          if (lost === "answer") await c.target.fetch(input, init);
          throw new TypeError("the connection is gone");
        });
        await rejects(
          broken.sandboxes.fromId(id).files.writeFile("/dir/a", bytesOf(1_500_000)),
          { name: "ConnectionError" },
          lost,
        );
        equal(await files.readText("/dir/a"), "before", "content");
        equal(await namesIn(files, "/dir"), ["a"], "names");
      }
    },
  },

  "permissions are those that are asked for, or of the file that is replaced": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      await files.writeText("/tool", "one", { mode: 0o750 });
      equal((await files.stat("/tool")).mode, 0o750, "mode");
      await files.writeText("/tool", "two");
      equal((await files.stat("/tool")).mode, 0o750, "mode of what was replaced");
      await files.writeText("/tool", "three", { mode: 0o600 });
      equal((await files.stat("/tool")).mode, 0o600, "another mode");
      await rejects(
        files.writeText("/tool", "four", { mode: 8.5 }),
        { name: "InvalidRequestError", field: "mode", admitted: false },
        "no mode",
      );
      equal(await files.readText("/tool"), "three", "content");
    },
  },

  "a directory lists directories first, each group by name": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      for (const path of ["/top/b.txt", "/top/a.txt", "/top/z/in.txt", "/top/m/deep/x"])
        await files.writeText(path, path);
      const entries = await files.listdir("/top");
      equal(
        entries.map(({ name, type, size_bytes }) => [name, type, size_bytes]),
        [
          ["m", "directory", 0],
          ["z", "directory", 0],
          ["a.txt", "file", 10],
          ["b.txt", "file", 10],
        ],
        "entries",
      );
      equal(entries.truncated, false, "truncated");
      equal(await entries[3]?.readText(), "/top/b.txt", "what an entry reads");
      const all: string[] = [];
      for await (const { path } of files.iterdir("/top")) all.push(path);
      equal(
        all,
        ["/top/m", "/top/m/deep", "/top/m/deep/x", "/top/z", "/top/z/in.txt", "/top/a.txt", "/top/b.txt"],
        "everything below",
      );
      equal(
        (await files.search("TXT", "/top")).map(({ path }) => path),
        ["/top/z/in.txt", "/top/a.txt", "/top/b.txt"],
        "found",
      );
      for await (const { path } of files.iterdir("/top/m/deep/")) equal(path, "/top/m/deep/x", "the only path");
    },
  },

  "a listing that the server cuts says so, and a walk goes on": {
    needs: ["sandbox_files"],
    run: async (c) => {
      let most = 100_000;
      const files = await bent(c, ({ stdout }) => ({ stdout: stdout.slice(0, most), stdout_truncated: undefined }));
      for (const directory of ["one", "two"])
        for (let at = 0; at < 20; at++) await files.writeText(`/cut/${directory}/file-${at}`, "");
      const walk = async () => {
        const found: string[] = [];
        for await (const { path } of files.iterdir("/cut")) found.push(path);
        return found;
      };
      const whole = await walk();
      equal(whole.length, 42, "entries");
      // Enough for one directory, and not for both.
      most = 1800;
      equal(await walk(), whole, "the walk in steps");
      most = 800;
      const cut = await files.listdir("/cut/one");
      equal(cut.truncated, true, "truncated");
      ok(cut.length > 2 && cut.length < 20, `expected some of 20 entries, got ${cut.length}`);
      await rejects(walk(), { name: "SandboxError", code: "listing_truncated" }, "the walk");
    },
  },

  "a move never overwrites": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      for (const path of ["/m/a", "/m/b", "/m/dir/x"]) await files.writeText(path, path);
      await files.moveFile("/m/a", "/m/dir/moved");
      equal(await files.readText("/m/dir/moved"), "/m/a", "what was moved");
      await files.moveFile("/m/dir", "/m/other");
      equal(await namesIn(files, "/m/other"), ["moved", "x"], "names in what was moved");
      const taken = { name: "ConflictError", code: "destination_exists", field: "to" };
      await rejects(files.moveFile("/m/b", "/m/other/x"), taken, "onto a file");
      await rejects(files.moveFile("/m/b", "/m/other"), taken, "onto a directory");
      await rejects(files.moveFile("/m/other", "/m/b"), taken, "a directory onto a file");
      const gone = { name: "NotFoundError", code: "not_found" };
      await rejects(files.moveFile("/m/none", "/m/c"), { ...gone, field: "from" }, "what is not there");
      await rejects(files.moveFile("/m/b", "/m/none/c"), { ...gone, field: "to" }, "to no directory");
      await rejects(
        files.moveFile("/m/b", "/m/other/x/c"),
        { name: "InvalidRequestError", field: "to" },
        "below a file",
      );
      await rejects(
        files.moveFile("/m/other", "/m/other/in"),
        { name: "InvalidRequestError", field: "to" },
        "into itself",
      );
      equal([await namesIn(files, "/m"), await files.readText("/m/b")], [["other", "b"], "/m/b"], "what is there");
    },
  },

  "a directory is made with those above it, and may be there already": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      await files.mkdir("/d/e/f");
      await files.mkdir("/d/e/f");
      await files.mkdir("/");
      equal((await files.stat("/d/e/f")).type, "directory", "type");
      await files.writeText("/d/file", "kept");
      const taken = { name: "ConflictError", code: "destination_exists", field: "path" };
      await rejects(files.mkdir("/d/file"), taken, "where a file is");
      await rejects(files.mkdir("/d/file/below"), taken, "below a file");
      equal(await files.readText("/d/file"), "kept", "content");
    },
  },

  "a file is removed, a full directory only when told": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      for (const path of ["/r/a", "/r/full/x", "/r/full/deep/y"]) await files.writeText(path, "");
      await files.mkdir("/r/empty");
      await files.remove("/r/a");
      await files.remove("/r/empty");
      await rejects(
        files.remove("/r/full"),
        { name: "ConflictError", code: "directory_not_empty", field: "path" },
        "a full directory",
      );
      equal(await namesIn(files, "/r/full"), ["deep", "x"], "what is in it");
      await files.remove("/r/full", { recursive: true });
      equal(await namesIn(files, "/r"), [], "names");
      await rejects(files.remove("/r/a"), { name: "NotFoundError", code: "not_found" }, "what is not there");
      await rejects(
        files.remove("/", { recursive: true }),
        { name: "InvalidRequestError", admitted: false },
        "the root",
      );
    },
  },

  "a stat tells type, size, time and permissions": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await filesOf(c);
      await files.writeText("/s/file", "12345", { mode: 0o640 });
      const { modified_at, ...stat } = await files.stat("/s/file");
      equal(stat, { path: "/s/file", name: "file", type: "file", size_bytes: 5, mode: 0o640 }, "the file");
      timeOf(modified_at, "modified_at");
      const directory = await files.stat("s/");
      equal([directory.path, directory.type, directory.size_bytes], ["/s", "directory", 0], "the directory");
      equal((await files.stat("/")).name, "", "name of the root");
      equal(
        [await files.exists("/s/file"), await files.exists("/s"), await files.exists("/s/x")],
        [true, true, false],
        "exists",
      );
      equal(await files.exists("/s/file/x"), false, "whether there is something below a file");
      await rejects(files.stat("/s/x"), { name: "NotFoundError", code: "not_found", field: "path" }, "stat");
    },
  },

  "links and devices are told from files": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const told = ["a1ff 7 1700000000", "21b6 0 1700000000", "c1ed 0 1700000000"];
      const files = await bent(c, (_, count) => ({ stdout: `${told[count - 1]}\n`, exit_code: 0 }));
      const stats = [await files.stat("/a"), await files.stat("/a"), await files.stat("/a")];
      equal(
        stats.map(({ type }) => type),
        ["symlink", "other", "other"],
        "types",
      );
      equal([stats[0]?.mode, stats[0]?.modified_at], [0o777, "2023-11-14T22:13:20.000Z"], "mode and modified_at");
    },
  },

  "a volume and a sandbox refuse alike": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const { name } = await c.volume({ name: c.name() });
      const volume = await c.disk(name);
      const files = await filesOf(c);
      const refusals = async (on: typeof volume | SandboxFiles) => {
        await on.writeText("/x/file", "12345");
        await on.writeText("/x/dir/in", "x");
        const attempts: (() => Promise<unknown>)[] = [
          () => on.readFile("/x/none"),
          () => on.readFile("/x/none/none"),
          () => on.readFile("/x/file/none"),
          () => on.readFile("/x/dir"),
          () => on.stream("/x/none").getReader().read(),
          () => on.writeText("/x/dir", ""),
          () => on.writeText("/x/file/none", ""),
          () => on.listdir("/x/none"),
          () => on.listdir("/x/file/none"),
          () => on.listdir("/x/file"),
          () => on.search("x", "/x/file"),
          () => on.moveFile("/x/none", "/x/to"),
          () => on.moveFile("/x/file", "/x/dir"),
          () => on.moveFile("/x/file", "/x/none/to"),
          () => on.moveFile("/x/dir", "/x/file/to"),
        ];
        const told: unknown[] = [];
        for (const [index, attempt] of attempts.entries()) {
          const { name, code, field } = (await rejects(attempt(), {}, `attempt ${index}`)) as Error & {
            code?: string;
            field?: string;
          };
          told.push([index, name, code, field]);
        }
        return told;
      };
      equal(await refusals(files), await refusals(volume), "refusals");
    },
  },

  "a path out of place never leaves the client": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const { porter, sent } = c.offline();
      const { files } = porter.sandboxes.fromId("any");
      for (const path of ["/../up", "/a/../b", "/a\u0000b", "/\ud800", `/${"x".repeat(256)}`, 7 as never]) {
        for (const [index, attempt] of [
          () => files.listdir(path),
          () => files.readFile(path),
          () => files.writeText(path, "x"),
          () => files.moveFile("/a", path),
          () => files.mkdir(path),
          () => files.remove(path),
          () => files.stat(path),
          () => files.exists(path),
          () => files.iterdir(path).next(),
          () => files.stream(path).getReader().read(),
        ].entries())
          await rejects(
            attempt(),
            { name: "InvalidRequestError", admitted: false },
            `${JSON.stringify(path)} ${index}`,
          );
      }
      equal(sent, [], "requests sent");
    },
  },

  "what the sandbox's user may not is a PermissionDeniedError": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await bent(c, () => ({ exit_code: 45 }));
      for (const attempt of [() => files.readFile("/a"), () => files.writeText("/a", "x"), () => files.remove("/a")]) {
        const expected = { name: "PermissionDeniedError", code: "permission_denied", field: "path", admitted: true };
        await rejects(attempt(), expected, "a file of somebody else");
      }
    },
  },

  "an image without what it takes is an UnsupportedError": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const answers = [{ exit_code: 127 }, { exit_code: 48, stderr: "base64" }];
      const files = await bent(c, (_, count) => answers[count - 1]);
      await rejects(files.readFile("/a"), { name: "UnsupportedError", code: "unsupported" }, "without sh");
      const error = await rejects(files.readFile("/a"), { name: "UnsupportedError" }, "without base64");
      ok(error.message.includes('"base64"'), `expected the tool's name in ${error.message}`);
    },
  },

  "a read that is cut gives what came, and then a typed error": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const { id } = await c.running();
      const bytes = bytesOf(CUT_BYTES);
      await c.porter().sandboxes.fromId(id).files.writeFile("/file", bytes);
      const answered = bentExecs(c, cut);
      let came = 0;
      const { files } = c
        .porterOver(async (input, init) => {
          if (came > 0) throw new TypeError("the connection is gone");
          return answered(input, init);
        })
        .sandboxes.fromId(id);
      const read = async () => {
        for await (const piece of files.stream("/file")) {
          ok(same(piece, bytes.subarray(came, came + piece.length)), `the bytes from ${came} are others`);
          came += piece.length;
        }
      };
      const error = await rejects(read(), { name: "StreamInterruptedError", code: "stream_interrupted" }, "the read");
      ok(came > 0 && came < CUT_BYTES, `expected some of the bytes, got ${came}`);
      equal((error as Error & { bytesReceived?: number }).bytesReceived, came, "bytesReceived");
    },
  },

  "a file that changes under a reader is never taken for whole": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files = await bent(c, cut);
      const interrupted = { name: "StreamInterruptedError", code: "stream_interrupted" };
      const changes: Record<string, () => Promise<void>> = {
        replaced: () => files.writeFile("/file", bytesOf(CUT_BYTES)),
        removed: () => files.remove("/file"),
      };
      for (const [change, make] of Object.entries(changes)) {
        await files.writeFile("/file", bytesOf(CUT_BYTES));
        const reader = files.stream("/file").getReader();
        ok((await reader.read()).value, "expected a first piece");
        await make();
        await rejects(reader.read(), interrupted, change);
      }
    },
  },

  "a sandbox that has ended says so": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const sandbox = await c.sandbox();
      await sandbox.terminate();
      await c.phase(sandbox.id, "terminated");
      for (const attempt of [() => sandbox.files.readFile("/a"), () => sandbox.files.writeText("/a", "x")])
        await rejects(attempt(), { name: "SandboxNotRunningError", phase: "terminated" }, "an ended sandbox");
      await rejects(
        c.porter().sandboxes.fromId("no-such-sandbox").files.stat("/"),
        { name: "NotFoundError" },
        "no sandbox",
      );
    },
  },

  "an aborted read is cancelled": {
    needs: ["sandbox_files"],
    run: async (c) => {
      const files: Sandbox["files"] = await filesOf(c);
      await files.writeText("/a", "x");
      const abort = new AbortController();
      abort.abort(new Error("enough"));
      for (const attempt of [
        () => files.readFile("/a", { signal: abort.signal }),
        () => files.stat("/a", { signal: abort.signal }),
        () => files.listdir("/", { signal: abort.signal }),
      ])
        await rejects(attempt(), { message: "enough" }, "an aborted call");
      await rejects(files.stat("/a", { timeoutMs: 0 }), { name: "InvalidRequestError", field: "timeoutMs" }, "no time");
      for await (const piece of files.stream("/a")) {
        equal(piece.length, 1, "length");
        break;
      }
      await files.stream("/a").cancel();
      if (!(await files.exists("/a"))) fail("the file is gone");
    },
  },
});
