import { equal, includes, ok, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import { body, nothing, refused, status } from "../http.ts";

const read = async (c: Context, id: string, path: string) =>
  status(await c.http("GET", `/v1/volume/${id}/files/content`, { query: { path } }), 200).text;

const write = (c: Context, id: string, path: string, content: string) =>
  c.http("PUT", `/v1/volume/${id}/files/content`, {
    query: { path },
    body: content,
    headers: { "content-type": "application/octet-stream" },
  });

const move = (c: Context, id: string, json: unknown) => c.http("POST", `/v1/volume/${id}/files/move`, { json });

const namesIn = async (c: Context, id: string, path = "/") =>
  body(await c.http("GET", `/v1/volume/${id}/files`, { query: { path } })).entries.map(
    (entry: { name: string }) => entry.name,
  );

const handle = async (c: Context) => {
  const { id, name } = await c.volume({ name: c.name() });
  return { id, volume: await c.disk(name) };
};

/** A body of `chunks` kilobytes; `fail` breaks it off after them. */
const chunked = (chunks: number, fail?: Error) => {
  let sent = 0;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (sent < chunks) controller.enqueue(new Uint8Array(1024).fill(97 + (sent % 26)));
      else if (fail) controller.error(fail);
      else controller.close();
      sent += 1;
    },
  });
};

export const fileWriting = casesOf("writing files", {
  "a file is written with its parents": async (c) => {
    const { id } = await c.volume();
    nothing(await write(c, id, "/a/b/c.txt", "content"));
    equal(await read(c, id, "/a/b/c.txt"), "content", "content");
  },

  "a file is replaced, also by a shorter one": async (c) => {
    const { id } = await c.volume();
    nothing(await write(c, id, "/a.txt", "a long first version"));
    nothing(await write(c, id, "/a.txt", "second"));
    equal(await read(c, id, "/a.txt"), "second", "content");
    equal(await namesIn(c, id), ["a.txt"], "names");
  },

  "an empty file is a file": async (c) => {
    const { id } = await c.volume();
    nothing(await write(c, id, "/empty", ""));
    equal(await read(c, id, "/empty"), "", "content");
    equal(await namesIn(c, id), ["empty"], "names");
  },

  "a directory in the way is refused": async (c) => {
    const { id } = await c.volume();
    nothing(await write(c, id, "/dir/x", "kept"));
    refused(await write(c, id, "/dir", "no"), 409, "destination_exists");
    equal(await read(c, id, "/dir/x"), "kept", "content of what was there");
  },

  "a file as a parent is refused": async (c) => {
    const { id } = await c.volume();
    nothing(await write(c, id, "/file", "kept"));
    const answer = await write(c, id, "/file/below", "no");
    ok([400, 409].includes(answer.status), `expected 400 or 409, got ${answer.status} ${answer.text}`);
    equal(await read(c, id, "/file"), "kept", "content of what was there");
  },

  "a path against the rules is refused and named, and nothing is written": async (c) => {
    const { id } = await c.volume();
    for (const path of ["/../x", "/a/../x", "..", "/", "", "/a\u0000b"]) {
      refused(await write(c, id, path, "no"), 400, "invalid_request", { field: "path" });
    }
    refused(await c.http("PUT", `/v1/volume/${id}/files/content`, { body: "no" }), 400, "invalid_request", {
      field: "path",
    });
    equal(await namesIn(c, id), [], "names");
  },

  "a name that no file system takes is refused": async (c) => {
    const { id } = await c.volume();
    refused(await write(c, id, `/${"x".repeat(256)}`, "no"), 400, "invalid_request", { field: "path" });
    equal(await namesIn(c, id), [], "names");
  },

  "an unknown volume is a 404": async (c) => {
    refused(await write(c, "no-such-volume", "/a", "x"), 404, "not_found", { says: ["no-such-volume"] });
  },

  "a file over the limit is refused, and nothing shows": {
    needs: ["file_limit"],
    run: async (c) => {
      const { id } = await c.volume();
      nothing(await write(c, id, "/just-right", "x".repeat(c.target.maxFileBytes ?? 0)));
      refused(await write(c, id, "/large", "x".repeat((c.target.maxFileBytes ?? 0) + 1)), 413, "body_too_large");
      equal(await namesIn(c, id), ["just-right"], "names");
    },
  },

  "the client's upload over the limit is a PayloadTooLargeError": {
    needs: ["file_limit"],
    run: async (c) => {
      const { volume } = await handle(c);
      await rejects(
        volume.writeText("/large", "x".repeat((c.target.maxFileBytes ?? 0) + 1)),
        { name: "PayloadTooLargeError", statusCode: 413, code: "body_too_large" },
        "writeText",
      );
    },
  },

  "a file shows only after its last byte": {
    needs: ["streamed_uploads"],
    run: async (c) => {
      const { id, volume } = await handle(c);
      nothing(await write(c, id, "/a.txt", "before"));
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      let chunk = 0;
      const upload = volume.writeFile(
        "/a.txt",
        new ReadableStream<Uint8Array<ArrayBuffer>>({
          async pull(controller) {
            chunk += 1;
            if (chunk === 2) await held;
            if (chunk > 2) controller.close();
            else controller.enqueue(new TextEncoder().encode(`part ${chunk} `));
          },
        }),
      );
      await c.until("the first part to be taken", async () => chunk === 2 || undefined);
      equal(await read(c, id, "/a.txt"), "before", "content while it is written");
      release();
      await upload;
      equal(await read(c, id, "/a.txt"), "part 1 part 2 ", "content after");
    },
  },

  "a body that breaks off changes nothing": {
    needs: ["streamed_uploads"],
    run: async (c) => {
      const { id, volume } = await handle(c);
      nothing(await write(c, id, "/a.txt", "before"));
      // Its own error, and not what became of the request: that is what a caller can act on.
      const shape = { message: "the disk is gone" };
      await rejects(volume.writeFile("/a.txt", chunked(64, new Error("the disk is gone"))), shape, "writeFile");
      await rejects(volume.writeFile("/new/b.txt", chunked(64, new Error("the disk is gone"))), shape, "writeFile");
      equal(await read(c, id, "/a.txt"), "before", "content");
      const { entries } = body(await c.http("GET", `/v1/volume/${id}/files`));
      ok(!JSON.stringify(entries).includes("b.txt"), "names: expected no b.txt");
    },
  },

  "an upload that is aborted changes nothing": {
    needs: ["streamed_uploads"],
    run: async (c) => {
      const { id, volume } = await handle(c);
      nothing(await write(c, id, "/a.txt", "before"));
      const controller = new AbortController();
      let taken = false;
      const never = new ReadableStream<Uint8Array<ArrayBuffer>>({
        start: (stream) => stream.enqueue(new Uint8Array(10_000)),
        pull() {
          taken = true;
        },
      });
      const upload = volume.writeFile("/a.txt", never, { signal: controller.signal });
      await c.until("the first part to be taken", async () => taken || undefined);
      controller.abort(new Error("enough"));
      await rejects(upload, { message: "enough" }, "writeFile");
      equal(await read(c, id, "/a.txt"), "before", "content");
    },
  },

  "the client writes text": async (c) => {
    const { id, volume } = await handle(c);
    await volume.writeText("/notes/ž.txt", "žluťoučký 🐎");
    equal(await read(c, id, "/notes/ž.txt"), "žluťoučký 🐎", "content");
  },

  "the client writes bytes": async (c) => {
    const { id, volume } = await handle(c);
    const bytes = new TextEncoder().encode("--bytes--");
    await volume.writeFile("/a.bin", bytes.subarray(2, 7));
    equal(await read(c, id, "/a.bin"), "bytes", "content of a part of a buffer");
  },

  "the client writes a Blob": async (c) => {
    const { id, volume } = await handle(c);
    await volume.writeFile("/a.bin", new Blob(["one ", "two"], { type: "text/plain" }));
    equal(await read(c, id, "/a.bin"), "one two", "content");
  },

  "the client writes a stream": {
    needs: ["streamed_uploads"],
    run: async (c) => {
      const { id, volume } = await handle(c);
      await volume.writeFile("/a.bin", chunked(200));
      const content = await read(c, id, "/a.bin");
      equal([content.length, content[0], content.at(-1)], [204_800, "a", "r"], "length, first, last");
    },
  },

  "what is no content is refused by the client": async (c) => {
    const { volume } = await handle(c);
    for (const content of [undefined, 7, { not: "content" }]) {
      await rejects(
        (async () => volume.writeFile("/a", content as never))(),
        { name: "InvalidRequestError", statusCode: undefined },
        `writeFile of ${String(content)}`,
      );
    }
  },
});

export const fileMoving = casesOf("moving files", {
  "a file is renamed": async (c) => {
    const { id } = await c.volume();
    nothing(await write(c, id, "/a.txt", "content"));
    nothing(await move(c, id, { from: "/a.txt", to: "/b.txt" }));
    equal(await namesIn(c, id), ["b.txt"], "names");
    equal(await read(c, id, "/b.txt"), "content", "content");
  },

  "a directory moves with what is in it": async (c) => {
    const { id } = await c.volume();
    nothing(await write(c, id, "/from/deep/a.txt", "content"));
    nothing(await write(c, id, "/to/x", ""));
    nothing(await move(c, id, { from: "/from", to: "/to/moved" }));
    equal(await read(c, id, "/to/moved/deep/a.txt"), "content", "content");
    equal(await namesIn(c, id), ["to"], "names");
  },

  "nothing is overwritten": async (c) => {
    const { id } = await c.volume();
    nothing(await write(c, id, "/a.txt", "a"));
    nothing(await write(c, id, "/b.txt", "b"));
    nothing(await write(c, id, "/dir/x", ""));
    for (const to of ["/b.txt", "/dir", "/a.txt"]) {
      refused(await move(c, id, { from: "/a.txt", to }), 409, "destination_exists", { field: "to", says: [to] });
    }
    equal([await read(c, id, "/a.txt"), await read(c, id, "/b.txt")], ["a", "b"], "contents");
  },

  "the destination's parent must exist": async (c) => {
    const { id } = await c.volume();
    nothing(await write(c, id, "/a.txt", "a"));
    refused(await move(c, id, { from: "/a.txt", to: "/none/a.txt" }), 404, "not_found", { says: ["/none"] });
    equal(await namesIn(c, id), ["a.txt"], "names");
  },

  "what is not there does not move": async (c) => {
    const { id } = await c.volume();
    refused(await move(c, id, { from: "/none.txt", to: "/b.txt" }), 404, "not_found", { says: ["/none.txt"] });
    const answer = await move(c, "no-such-volume", { from: "/a", to: "/b" });
    refused(answer, 404, "not_found", { says: ["no-such-volume"] });
  },

  "the root does not move, and no directory into itself": async (c) => {
    const { id } = await c.volume();
    nothing(await write(c, id, "/dir/x", "kept"));
    refused(await move(c, id, { from: "/", to: "/dir/root" }), 400, "invalid_request", { field: "from" });
    refused(await move(c, id, { from: "/dir", to: "/dir/inner" }), 400, "invalid_request", { field: "to" });
    equal(await read(c, id, "/dir/x"), "kept", "content");
  },

  "moves against the rules are refused and named": async (c) => {
    const { id } = await c.volume();
    for (const [json, field] of [
      [{ from: "/../a", to: "/b" }, "from"],
      [{ from: "/a", to: "/b/../../c" }, "to"],
      [{ from: "/a", to: "/b\u0000" }, "to"],
      [{ from: "/a" }, "to"],
      [{ to: "/b" }, "from"],
      [{ from: 7, to: "/b" }, "from"],
      [{ from: "/a", to: "/" }, "to"],
      [{ from: "/a", to: "/b", overwrite: true }, "overwrite"],
    ] as const) {
      refused(await move(c, id, json), 400, "invalid_request", { field });
    }
    refused(await move(c, id, { from: "/a", to: `/${"x".repeat(1_100_000)}` }), 413, "body_too_large");
  },

  "the client moves files": async (c) => {
    const { id, volume } = await handle(c);
    await volume.writeText("/a.txt", "content");
    await volume.moveFile("/a.txt", "/b.txt");
    equal(await read(c, id, "/b.txt"), "content", "content");
    await volume.writeText("/a.txt", "another");
    const error = await rejects(
      volume.moveFile("/a.txt", "/b.txt"),
      { name: "ConflictError", code: "destination_exists", statusCode: 409 },
      "moveFile onto what exists",
    );
    includes(error.message, "/b.txt", "the message");
  },
});
