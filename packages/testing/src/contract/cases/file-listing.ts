import { equal, fail, includes, ok, rejects, timeOf } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import { body, nothing, refused } from "../http.ts";

interface Entry {
  name: string;
  type: string;
  size_bytes: number;
  modified_at?: string;
  truncated?: boolean;
  entries?: Entry[];
}

const walk = async (c: Context, id: string, query: Record<string, string> = {}) =>
  body(await c.http("GET", `/v1/volume/${id}/files`, { query })) as {
    path: string;
    entries: Entry[];
    truncated: boolean;
  };

const all = (entries: readonly Entry[]): Entry[] => entries.flatMap((entry) => [entry, ...all(entry.entries ?? [])]);

/** A tree as nested names, `name/` for directories. */
const namesOf = (entries: readonly Entry[]): unknown[] =>
  entries.flatMap((entry) =>
    entry.type === "directory" ? [`${entry.name}/`, namesOf(entry.entries ?? [])] : [entry.name],
  );

export const fileListing = casesOf("listing files", {
  "an empty volume has no entries": async (c) => {
    const { id } = await c.volume();
    equal(await walk(c, id), { path: "/", entries: [], truncated: false }, "the answer");
  },

  "entries nest, directories first, each group by name": async (c) => {
    const { id } = await c.volume();
    for (const path of ["/b.txt", "/a.txt", "/z/two.txt", "/z/one.txt", "/m/deep/er/x.txt"])
      await c.put(id, path, path);
    const answer = await walk(c, id);
    equal(
      namesOf(answer.entries),
      ["m/", ["deep/", ["er/", ["x.txt"]]], "z/", ["one.txt", "two.txt"], "a.txt", "b.txt"],
      "names",
    );
    equal(answer.truncated, false, "truncated");
  },

  "an entry has its type, size and time": async (c) => {
    const { id } = await c.volume();
    await c.put(id, "/dir/ž.txt", "ž");
    const [dir] = (await walk(c, id)).entries;
    const file = dir?.entries?.[0];
    equal([dir?.type, dir?.size_bytes], ["directory", 0], "type and size of the directory");
    equal([file?.name, file?.type, file?.size_bytes], ["ž.txt", "file", 2], "name, type and size of the file");
    timeOf(file?.modified_at, "modified_at");
  },

  "a walk starts where it is told to": async (c) => {
    const { id } = await c.volume();
    await c.put(id, "/a/b/c.txt");
    await c.put(id, "/other.txt");
    for (const path of ["/a", "a", "/a/", "//a", "/a/."]) {
      const answer = await walk(c, id, { path });
      equal([answer.path, namesOf(answer.entries)], ["/a", ["b/", ["c.txt"]]], `path and names from ${path}`);
    }
  },

  "a search finds parts of names in any case, with the way there": async (c) => {
    const { id } = await c.volume();
    for (const path of ["/a/Invoice-1.pdf", "/a/note.txt", "/b/old/invoices/x.txt", "/c/y.txt"]) await c.put(id, path);
    const found = namesOf((await walk(c, id, { search: "INVOICE" })).entries);
    const flat = JSON.stringify(found);
    for (const part of ["a/", "Invoice-1.pdf", "b/", "old/", "invoices/"])
      ok(flat.includes(part), `${part} in ${flat}`);
    for (const part of ["note.txt", "c/", "y.txt"]) ok(!flat.includes(part), `no ${part} in ${flat}`);
    equal((await walk(c, id, { search: "nothing-like-it" })).entries, [], "entries of what matches nothing");
  },

  "what is not there, or no directory, is refused": async (c) => {
    const { id } = await c.volume();
    await c.put(id, "/a.txt");
    const path = `/v1/volume/${id}/files`;
    refused(await c.http("GET", path, { query: { path: "/none" } }), 404, "not_found", { says: ["/none"] });
    refused(await c.http("GET", path, { query: { path: "/a.txt" } }), 400, "invalid_request", { field: "path" });
    refused(await c.http("GET", "/v1/volume/no-such-volume/files"), 404, "not_found", { says: ["no-such-volume"] });
  },

  "a path out of the volume is refused": async (c) => {
    const { id } = await c.volume();
    for (const path of ["..", "/../etc", "/a/../../b", "a/..", "/a\u0000b"]) {
      const answer = await c.http("GET", `/v1/volume/${id}/files`, { query: { path } });
      refused(answer, 400, "invalid_request", { field: "path" });
    }
  },

  "the client lists and searches": async (c) => {
    const { id, name } = await c.volume({ name: c.name() });
    await c.put(id, "/reports/may.csv", "12345");
    await c.put(id, "/readme.md", "x");
    const volume = await c.disk(name);
    const listing = await volume.listdir("/");
    equal(
      listing.map((entry) => entry.name),
      ["reports", "readme.md"],
      "names in the root",
    );
    equal((await volume.listdir("/reports"))[0]?.size_bytes, 5, "size_bytes");
    equal(
      (await volume.search("MAY")).map((entry) => entry.path),
      ["/reports/may.csv"],
      "paths that a search finds",
    );
    await rejects(volume.listdir("/none"), { name: "NotFoundError" }, "listdir of what is not there");
  },

  "iterdir of an empty directory has nothing": async (c) => {
    const { name } = await c.volume({ name: c.name() });
    const volume = await c.disk(name);
    for await (const entry of volume.iterdir("/")) fail(`expected none, got ${JSON.stringify(entry)}`);
  },

  "a path out of the volume never leaves the client": async (c) => {
    const { name } = await c.volume({ name: c.name() });
    let sent = 0;
    const porter = c.porterOver((input, init) => {
      sent += 1;
      return c.target.fetch(input, init);
    });
    const volume = await c.disk(name, porter);
    const before = sent;
    for (const path of ["../up", "/a/../../b", "/a\u0000b", "/\ud800"]) {
      for (const run of [
        () => volume.listdir(path),
        () => volume.readFile(path),
        () => volume.writeText(path, "x"),
        () => volume.moveFile("/a", path),
      ]) {
        const error = await rejects(
          (async () => run())(),
          { name: "InvalidRequestError", statusCode: undefined, admitted: false },
          JSON.stringify(path),
        );
        includes(error.message, /path|to/, "the message");
      }
    }
    equal(sent - before, 0, "requests sent");
  },
});

/** What only shows in volumes with more than one walk lists. */
export const fileWalking = casesOf("walking files", {
  "a walk goes breadth first, stops at a thousand entries and says where": async (c) => {
    const { id } = await c.volume();
    await fill(c, id, "/wide", 1001);
    for (const path of ["/a/deep/x.txt", "/a/deep/y.txt", "/b/shallow.txt"]) await c.put(id, path);
    const answer = await walk(c, id);
    equal([all(answer.entries).length, answer.truncated], [1000, true], "entries, truncated");
    const [a, b, wide] = answer.entries;
    equal(b?.entries?.[0]?.name, "shallow.txt", "what is near shows");
    const deep = a?.entries?.[0];
    equal(
      [deep?.name, deep?.entries ?? [], deep?.truncated],
      ["deep", [], true],
      "what is deep: name, entries, truncated",
    );
    equal([wide?.entries?.length, wide?.truncated], [995, true], "what is wide: entries, truncated");
    const alone = await walk(c, id, { path: "/wide" });
    equal([alone.entries.length, alone.truncated], [1000, true], "that one by itself: entries, truncated");
    const rest = await walk(c, id, { path: "/a" });
    equal([namesOf(rest.entries), rest.truncated], [["deep/", ["x.txt", "y.txt"]], false], "the deep one by itself");
  },

  "iterdir comes past every entry, also those that a walk left out": async (c) => {
    const { id, name } = await c.volume({ name: c.name() });
    await fill(c, id, "/big", 500);
    await fill(c, id, "/wide/inner", 510);
    await c.put(id, "/top.txt");
    equal((await walk(c, id)).truncated, true, "truncated");
    const volume = await c.disk(name);
    const files: string[] = [];
    const directories: string[] = [];
    for await (const entry of volume.iterdir("/")) {
      (entry.type === "file" ? files : directories).push(entry.path);
    }
    equal(files.length, 1011, "files");
    equal(new Set(files).size, 1011, "different files");
    ok(files.includes("/wide/inner/0509.txt"), "files: expected /wide/inner/0509.txt");
    equal([...directories].sort(), ["/big", "/wide", "/wide/inner"], "directories");
  },
});

/** Makes `count` empty files, in a sandbox: that is two commands, and not as many requests. */
async function fill(c: Context, id: string, directory: string, count: number): Promise<void> {
  const sandbox = await c.running({ volume_mounts: { "/fill": id } });
  const paths = Array.from({ length: count }, (_, index) => `/fill${directory}/${String(index).padStart(4, "0")}.txt`);
  equal((await c.exec(sandbox.id, ["mkdir", "-p", `/fill${directory}`])).exit_code, 0, "exit_code of mkdir");
  equal((await c.exec(sandbox.id, ["touch", ...paths])).exit_code, 0, "exit_code of touch");
  nothing(await c.http("DELETE", `/v1/sandbox/${sandbox.id}`));
}
