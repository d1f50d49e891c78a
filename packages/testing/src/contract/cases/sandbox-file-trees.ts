import type { SandboxFiles } from "@porter-sandbox/core";
import { equal, ok, rejects, timeOf } from "../assert.ts";
import { casesOf } from "../case.ts";
import { bent, filesOf, namesIn } from "../sandbox-files.ts";

export const sandboxFileTrees = casesOf("sandbox files", {
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
});
