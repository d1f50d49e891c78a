import { equal, fail, includes, ok, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import { type Answer, refused, status } from "../http.ts";

const alphabet = "abcdefghijklmnopqrstuvwxyz";

const content = (c: Context, id: string, path: string, range?: string): Promise<Answer> =>
  c.http("GET", `/v1/volume/${id}/files/content`, { query: { path }, ...(range ? { headers: { range } } : {}) });

/** A volume with the alphabet in `/a.txt`. */
async function lettered(c: Context) {
  const { id, name } = await c.volume({ name: c.name() });
  await c.put(id, "/a.txt", alphabet);
  return { id, name };
}

export const fileReading = casesOf("reading files", {
  "a file comes whole, as bytes": async (c) => {
    const { id } = await c.volume();
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256);
    await c.put(id, "/bytes.bin", bytes);
    const answer = status(await content(c, id, "/bytes.bin"), 200);
    equal(answer.bytes, bytes, "bytes");
    includes(answer.headers.get("content-type"), /^application\/octet-stream/, "Content-Type");
    equal(answer.headers.get("content-range"), null, "Content-Range");
    equal(answer.headers.get("accept-ranges"), "bytes", "Accept-Ranges");
  },

  "a file has the time of its last writing": async (c) => {
    const { id } = await lettered(c);
    const modified =
      (await content(c, id, "/a.txt")).headers.get("last-modified") ?? fail("Last-Modified: expected it");
    includes(modified, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, "Last-Modified");
  },

  "a range from one byte to another": async (c) => {
    const { id } = await lettered(c);
    const answer = status(await content(c, id, "/a.txt", "bytes=2-4"), 206);
    equal(answer.text, "cde", "body");
    equal(answer.headers.get("content-range"), "bytes 2-4/26", "Content-Range");
    equal(status(await content(c, id, "/a.txt", "bytes=0-0"), 206).text, "a", "the first byte");
    equal(status(await content(c, id, "/a.txt", "bytes=25-25"), 206).text, "z", "the last byte");
  },

  "a range that goes past the end stops there": async (c) => {
    const { id } = await lettered(c);
    const answer = status(await content(c, id, "/a.txt", "bytes=20-999"), 206);
    equal([answer.text, answer.headers.get("content-range")], ["uvwxyz", "bytes 20-25/26"], "body, Content-Range");
  },

  "a range from a byte on": async (c) => {
    const { id } = await lettered(c);
    const answer = status(await content(c, id, "/a.txt", "bytes=23-"), 206);
    equal([answer.text, answer.headers.get("content-range")], ["xyz", "bytes 23-25/26"], "body, Content-Range");
  },

  "a range of the last bytes": async (c) => {
    const { id } = await lettered(c);
    const answer = status(await content(c, id, "/a.txt", "bytes=-3"), 206);
    equal([answer.text, answer.headers.get("content-range")], ["xyz", "bytes 23-25/26"], "body, Content-Range");
    equal(status(await content(c, id, "/a.txt", "bytes=-100"), 206).text, alphabet, "more than there are");
  },

  "a range past the end is refused with the size": async (c) => {
    const { id } = await lettered(c);
    for (const range of ["bytes=26-", "bytes=26-30", "bytes=-0"]) {
      const answer = refused(await content(c, id, "/a.txt", range), 416, "range_not_satisfiable");
      equal(answer.headers.get("content-range"), "bytes */26", `Content-Range of ${range}`);
      includes(answer.json.error, range, "the message names the range");
    }
  },

  "what is no single range is ignored": async (c) => {
    const { id } = await lettered(c);
    for (const range of ["bytes=0-1,4-5", "bytes=5-2", "lines=1-2", "bytes=", "bytes=a-b"]) {
      equal(status(await content(c, id, "/a.txt", range), 200).text, alphabet, `body for ${range}`);
    }
  },

  "an empty file comes whole, whatever the range": async (c) => {
    const { id } = await c.volume();
    await c.put(id, "/empty");
    for (const range of [undefined, "bytes=0-", "bytes=0-9", "bytes=-5", "bytes=7-"]) {
      const answer = status(await content(c, id, "/empty", range), 200);
      equal(
        [answer.bytes.length, answer.headers.get("content-range")],
        [0, null],
        `length, Content-Range for ${range}`,
      );
    }
  },

  "a path may do without its slash, and names are what they are": async (c) => {
    const { id } = await c.volume();
    for (const name of [
      "žluťoučký 🐎.txt",
      "a+b&c=d%20.txt",
      "per%cent",
      "quote\"'.txt",
      "back\\slash",
      "...",
      ".hidden",
    ]) {
      await c.put(id, name, name);
      equal(status(await content(c, id, `/${name}`), 200).text, name, name);
    }
  },

  "what is not there, or a directory, is refused": async (c) => {
    const { id } = await lettered(c);
    await c.put(id, "/dir/x");
    refused(await content(c, id, "/none.txt"), 404, "not_found", { says: ["/none.txt"] });
    refused(await content(c, id, "/a.txt/below"), 404, "not_found");
    refused(await content(c, id, "/dir"), 400, "invalid_request", { field: "path", says: ["/dir"] });
    refused(await content(c, "no-such-volume", "/a.txt"), 404, "not_found", { says: ["no-such-volume"] });
  },

  "a path against the rules is refused and named": async (c) => {
    const { id } = await lettered(c);
    for (const path of ["/../a.txt", "/b/../a.txt", "..", "/a\u0000.txt"]) {
      refused(await content(c, id, path), 400, "invalid_request", { field: "path" });
    }
    refused(await c.http("GET", `/v1/volume/${id}/files/content`), 400, "invalid_request", { field: "path" });
  },

  "the client reads bytes and text": async (c) => {
    const { id, name } = await c.volume({ name: c.name() });
    const volume = await c.disk(name);
    const text = "první řádek 🐎\n";
    await c.put(id, "/t.txt", text);
    equal(await volume.readFile("/t.txt"), new TextEncoder().encode(text), "readFile");
    equal(await volume.readText("/t.txt"), text, "readText");
  },

  "the client reads files of any name": async (c) => {
    const { id, name } = await c.volume({ name: c.name() });
    const volume = await c.disk(name);
    const path = "/a+b & c=d#e%20?žluť.txt";
    await c.put(id, path, "content");
    equal(await volume.readText(path), "content", "readText");
  },

  "the client asks for no more than a part": {
    needs: ["control"],
    run: async (c) => {
      const { name } = await lettered(c);
      const volume = await c.disk(name);
      await volume.readFile("/a.txt", { offset: 2, length: 3 });
      await volume.readFile("/a.txt", { offset: 3, length: 0 });
      equal(
        (await c.requests("readVolumeFile")).map(({ headers }) => headers.range),
        ["bytes=2-4"],
        "ranges asked for",
      );
    },
  },

  "the client reads a part": async (c) => {
    const { name } = await lettered(c);
    const volume = await c.disk(name);
    equal(await volume.readText("/a.txt", { offset: 2, length: 3 }), "cde", "offset and length");
    equal(await volume.readText("/a.txt", { offset: 23 }), "xyz", "offset");
    equal(await volume.readText("/a.txt", { length: 2 }), "ab", "length");
    equal(await volume.readText("/a.txt", { offset: 24, length: 100 }), "yz", "a length past the end");
    equal(await volume.readText("/a.txt", { offset: 3, length: 0 }), "", "no length");
  },

  "the client gets a part also from a server that answers whole": async (c) => {
    const { name } = await lettered(c);
    const porter = c.porterOver((input, init) => {
      const headers = new Headers(
        init?.headers ?? (typeof input === "object" && "headers" in input ? input.headers : {}),
      );
      headers.delete("range");
      return c.target.fetch(input, { ...init, headers });
    });
    const volume = await c.disk(name, porter);
    equal(await volume.readText("/a.txt", { offset: 2, length: 3 }), "cde", "offset and length");
  },

  "an offset past the end is an error that says so": async (c) => {
    const { name } = await lettered(c);
    const volume = await c.disk(name);
    await rejects(
      volume.readFile("/a.txt", { offset: 100 }),
      { name: "InvalidRequestError", code: "range_not_satisfiable", statusCode: 416 },
      "offset 100",
    );
  },

  "offsets and lengths against the rules never leave the client": async (c) => {
    const { name } = await lettered(c);
    const volume = await c.disk(name);
    for (const options of [{ offset: -1 }, { offset: 1.5 }, { length: -1 }, { length: Number.NaN }]) {
      await rejects(
        volume.readFile("/a.txt", options),
        { name: "InvalidRequestError", statusCode: undefined, field: Object.keys(options)[0] },
        JSON.stringify(options),
      );
    }
  },

  "the client streams a file": async (c) => {
    const { id, name } = await c.volume({ name: c.name() });
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 13) % 256);
    await c.put(id, "/big.bin", bytes);
    const volume = await c.disk(name);
    const stream = volume.stream("/big.bin");
    equal(new Uint8Array(await new Response(stream).arrayBuffer()), bytes, "bytes");
    const pieces = volume.stream("/big.bin")[Symbol.asyncIterator]();
    const asked = await Promise.all(Array.from({ length: 9 }, () => pieces.next()));
    for (let last = asked.at(-1); !last?.done; asked.push(last)) last = await pieces.next();
    const read = asked.flatMap(({ value }) => (value ? [...value] : []));
    equal(Uint8Array.from(read), bytes, "bytes, of pieces that were asked for together");
  },

  "a stream that is left is cancelled": {
    needs: ["control"],
    run: async (c) => {
      const { id, name } = await c.volume({ name: c.name() });
      await c.put(id, "/big.bin", new Uint8Array(1_500_000));
      const volume = await c.disk(name);
      const stream = volume.stream("/big.bin");
      const reader = stream.getReader();
      ok(!(await reader.read()).done, "expected a first chunk");
      await reader.cancel();
      await c.until("the request to have ended", async () => {
        const found = (await c.control.requests()).filter(
          (r) => r.path.includes(id) && r.operation === "readVolumeFile",
        );
        return found.length > 0 && found.every(({ finished }) => finished) ? true : undefined;
      });
    },
  },

  "a file that is not there is a NotFoundError, before any byte": async (c) => {
    const { name } = await lettered(c);
    const volume = await c.disk(name);
    await rejects(volume.readFile("/none"), { name: "NotFoundError", code: "not_found" }, "readFile");
    await rejects(volume.stream("/none").getReader().read(), { name: "NotFoundError", code: "not_found" }, "stream");
  },

  "a file that breaks off is an error with how much came": {
    needs: ["control"],
    run: async (c) => {
      const { id, name } = await c.volume({ name: c.name() });
      await c.put(id, "/big.bin", new Uint8Array(50_000));
      const volume = await c.disk(name);
      await c.fault("readVolumeFile", { kind: "cut_body", after_bytes: 10_000 }, "always");
      const error = await rejects(
        (async () => {
          const reader = volume.stream("/big.bin").getReader();
          while (!(await reader.read()).done);
        })(),
        { name: "StreamInterruptedError" },
        "a stream that is cut",
      );
      ok(
        (error.bytesReceived as number) <= 10_000,
        `bytesReceived: expected at most 10000, got ${error.bytesReceived}`,
      );
      await rejects(volume.readFile("/big.bin"), { name: "StreamInterruptedError" }, "readFile that is cut");
    },
  },
});
