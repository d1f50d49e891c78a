import type { FileContent, Sandbox } from "@porter-sandbox/core";
import { equal, fail, ok, rejects, same } from "../assert.ts";
import { casesOf } from "../case.ts";
import { bent, bentExecs, filesOf, namesIn } from "../sandbox-files.ts";
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

/** As of a server that answers little, and says so or not. */
const cut = ({ stdout }: { stdout: string }) => ({ stdout: stdout.slice(0, 100_000), stdout_truncated: undefined });

export const sandboxFileContent = casesOf("sandbox files", {
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
      for (const mode of [8.5, -1, 0o10000])
        await rejects(
          files.writeText("/tool", "four", { mode }),
          { name: "InvalidRequestError", field: "mode", admitted: false },
          `mode ${mode}`,
        );
      equal(await files.readText("/tool"), "three", "content");
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
