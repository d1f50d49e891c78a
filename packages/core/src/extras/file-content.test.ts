import { describe, expect, it, vi } from "vitest";
import { body, brokenConnection, decode, done, encode, refusal } from "../../test/answers.ts";
import { disk, rejection, type Sent } from "../../test/scripted-client.ts";
import { turn } from "../../test/step-clock.ts";
import { MalformedResponseError, NotFoundError, StreamInterruptedError, type Volume } from "../index.ts";

describe("reading a file", () => {
  const whole = () => new Response("hello world", { headers: { "content-length": "11" } });

  it("brings bytes or text", async () => {
    const { volume, sent } = await disk([
      whole,
      whole,
      () => new Response(new Uint8Array([0xef, 0xbb, 0xbf, 0xff, 65])),
    ]);
    expect(decode(await volume.readFile("/a b.txt"))).toBe("hello world");
    expect(await volume.readText("a.txt")).toBe("hello world");
    expect(await volume.readText("a.txt")).toBe("\ufeff\ufffdA");
    expect(sent[0]?.url).toBe("http://sandbox-api.local/v1/volume/vol-1/files/content?path=%2Fa%20b.txt");
    expect(sent[0]?.headers).not.toHaveProperty("range");
  });

  it("asks for a part by a range, and takes it from servers that know none", async () => {
    const partial = (sent: Sent) => {
      const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(sent.headers.range ?? "") ?? [];
      const part = "hello world".slice(Number(from), to ? Number(to) + 1 : undefined);
      return new Response(part, {
        status: 206,
        headers: { "content-range": `bytes ${from}-${Number(from) + part.length - 1}/11` },
      });
    };
    for (const server of [partial, whole, () => new Response(body(["hel", "lo w", "orld"]))]) {
      const { volume } = await disk([server]);
      expect(await volume.readText("a", { offset: 6 })).toBe("world");
      expect(await volume.readText("a", { length: 5 })).toBe("hello");
      expect(await volume.readText("a", { offset: 4, length: 3 })).toBe("o w");
      expect(await volume.readText("a", { offset: 9, length: 100 })).toBe("ld");
      let streamed = "";
      for await (const piece of volume.stream("a", { offset: 4, length: 3 })) streamed += decode(piece);
      expect(streamed).toBe("o w");
    }
  });

  it("of no length is empty and asks nothing", async () => {
    const { volume, sent } = await disk([whole]);
    expect(await volume.readFile("a", { offset: 5, length: 0 })).toEqual(new Uint8Array(0));
    for await (const _ of volume.stream("a", { length: 0 })) throw new Error("nothing was asked for");
    expect(sent).toEqual([]);
  });

  it("of an empty file is empty", async () => {
    const { volume } = await disk([() => new Response(null, { headers: { "content-length": "0" } })]);
    expect(await volume.readFile("a")).toHaveLength(0);
    expect(await volume.readFile("a", { offset: 0, length: 10 })).toHaveLength(0);
  });

  it("refuses the wrong part", async () => {
    const { volume } = await disk([new Response("abc", { status: 206, headers: { "content-range": "bytes 0-2/11" } })]);
    expect(await rejection(volume.readFile("a", { offset: 5 }))).toBeInstanceOf(MalformedResponseError);
  });

  it("past the end is the server's refusal", async () => {
    const { volume } = await disk([refusal(416, "range_not_satisfiable")]);
    expect(await rejection(volume.readFile("a", { offset: 5 }))).toMatchObject({
      code: "range_not_satisfiable",
      statusCode: 416,
    });
  });

  it("is repeated when it breaks off, and says so in the end", async () => {
    const cut = () => new Response(body(["hel"], new TypeError("terminated")));
    const { volume, clock, sent } = await disk([cut, whole]);
    expect(decode(await clock.settle(volume.readFile("a")))).toBe("hello world");
    expect(sent).toHaveLength(2);
    const short = () => new Response(body(["hel"]), { headers: { "content-length": "11" } });
    const never = await disk([short]);
    const error = await rejection(never.clock.settle(never.volume.readFile("a")));
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(error).toMatchObject({ bytesReceived: 3, admitted: true, retryable: true });
    expect(never.sent).toHaveLength(4);
  });

  it("does not believe an absurd length, nor one of compressed bytes", async () => {
    const absurd = await disk([() => new Response(body(["abc"]), { headers: { "content-length": "99999999999999" } })]);
    expect(await rejection(absurd.clock.settle(absurd.volume.readFile("a")))).toBeInstanceOf(StreamInterruptedError);
    const zipped = await disk([
      () => new Response(body(["abc"]), { headers: { "content-length": "30", "content-encoding": "gzip" } }),
    ]);
    expect(decode(await zipped.volume.readFile("a"))).toBe("abc");
  });

  it.each([
    [{ offset: -1 }, "offset"],
    [{ offset: 1.5 }, "offset"],
    [{ length: Number.NaN }, "length"],
    [{ length: "5" as unknown as number }, "length"],
  ])("refuses %j", async (options, field) => {
    const { volume, sent } = await disk([whole]);
    expect(await rejection(volume.readFile("a", options))).toMatchObject({ name: "InvalidRequestError", field });
    expect(await rejection(volume.stream("a", options).getReader().read())).toMatchObject({ field });
    expect(sent).toEqual([]);
  });

  it.each(["", "/", "../x", "a/../../x", "a\0b", "\ud800", 5 as unknown as string])(
    "refuses the path %j",
    async (path) => {
      const { volume, sent } = await disk([whole]);
      for (const act of [
        () => volume.readFile(path),
        () => volume.writeText(path, "x"),
        () => volume.moveFile(path, "/b"),
      ])
        expect(await rejection(act())).toMatchObject({
          name: "InvalidRequestError",
          field: expect.stringMatching(/^(path|from)$/),
        });
      expect(sent).toEqual([]);
    },
  );
});

describe("streaming a file", () => {
  it("asks at the first read and passes pieces through one by one", async () => {
    const { volume, sent, clock } = await disk([() => new Response(body(["a", "bc", "def"]))]);
    const stream = volume.stream("/f");
    expect(sent).toEqual([]);
    const pieces: string[] = [];
    for await (const piece of stream) pieces.push(decode(piece));
    expect(pieces).toEqual(["a", "bc", "def"]);
    expect(clock.pending).toBe(0);
  });

  it("is a ReadableStream too", async () => {
    const { volume } = await disk([() => new Response(body(["a", "bc"]))]);
    expect(await new Response(volume.stream("/f")).text()).toBe("abc");
    const reader = volume.stream("/f").getReader();
    expect(decode((await reader.read()).value ?? encode(""))).toBe("a");
    await reader.cancel();
  });

  it("cancels on the wire when the loop is left, or the reader cancels", async () => {
    for (const leave of [
      async (stream: ReturnType<Volume["stream"]>) => {
        for await (const _ of stream) break;
      },
      async (stream: ReturnType<Volume["stream"]>) => {
        const reader = stream.getReader();
        await reader.read();
        await reader.cancel("enough");
      },
    ]) {
      const cancelled = vi.fn();
      const { volume, sent, clock } = await disk([() => new Response(body(["a", "b"], "hang", cancelled))]);
      await leave(volume.stream("/f", { timeoutMs: 1000 }));
      await turn();
      expect(cancelled).toHaveBeenCalled();
      expect(sent[0]?.signal.aborted).toBe(true);
      expect(clock.pending).toBe(0);
    }
  });

  it("throws when it breaks off, with how much came", async () => {
    const cause = new TypeError("terminated");
    const { volume } = await disk([() => new Response(body(["abc", "de"], cause))]);
    let seen = "";
    const error = await rejection(
      (async () => {
        for await (const piece of volume.stream("/f")) seen += decode(piece);
      })(),
    );
    expect(seen).toBe("abcde");
    expect(error).toMatchObject({ name: "StreamInterruptedError", bytesReceived: 5, cause, admitted: true });
  });

  it("throws when fewer bytes came than were announced", async () => {
    const { volume } = await disk([() => new Response(body(["abc"]), { headers: { "content-length": "9" } })]);
    expect(await rejection(new Response(volume.stream("/f")).text())).toMatchObject({ bytesReceived: 3 });
  });

  it("is repeated before its first byte, and never after", async () => {
    const { volume, sent, clock } = await disk([refusal(503), () => new Response(body(["a"], new Error("cut")))]);
    await rejection(clock.settle(new Response(volume.stream("/f")).text()));
    expect(sent).toHaveLength(2);
  });

  it("obeys signal, timeoutMs and close while it hangs", async () => {
    const open = () => disk([() => new Response(body(["a"], "hang"))]);
    const controller = new AbortController();
    const first = await open();
    const aborted = rejection(new Response(first.volume.stream("/f", { signal: controller.signal })).text());
    await turn();
    controller.abort(new Error("mine"));
    expect(await aborted).toMatchObject({ message: "mine" });
    const second = await open();
    const late = rejection(second.clock.settle(new Response(second.volume.stream("/f", { timeoutMs: 5000 })).text()));
    expect(await late).toMatchObject({ name: "DownloadTimeoutError", admitted: true });
    const third = await open();
    const closed = rejection(new Response(third.volume.stream("/f")).text());
    await turn();
    third.porter.close();
    expect(await closed).toMatchObject({ code: "client_closed" });
  });

  it("passes refusals on", async () => {
    const { volume } = await disk([refusal(404, "not_found")]);
    const stream = volume.stream("/f")[Symbol.asyncIterator]();
    expect(await rejection(stream.next())).toBeInstanceOf(NotFoundError);
    expect(await rejection(stream.next())).toBeInstanceOf(NotFoundError);
  });
});

describe("writing a file", () => {
  const received =
    (...received: string[]) =>
    async (sent: Sent) => {
      received.push(await new Response(sent.body as BodyInit).text());
      expect(received.pop()).toBe("hello");
      expect(sent.headers["content-type"]).toBe("application/octet-stream");
      return done();
    };

  it("takes text, bytes, blobs, streams and iterables", async () => {
    const { volume } = await disk([received()]);
    async function* pieces() {
      yield encode("hel");
      yield encode("lo");
    }
    const shared = new SharedArrayBuffer(5);
    new Uint8Array(shared).set(encode("hello"));
    const view = new DataView(encode("_hello_").buffer, 1, 5);
    for (const content of [
      "hello",
      encode("hello"),
      encode("hello").buffer,
      view,
      new Blob(["hello"]),
      new Uint8Array(shared),
      body(["hel", "lo"]),
      pieces(),
    ])
      await volume.writeFile("/f", content);
    await volume.writeText("/f", "hello");
  });

  it("is repeated with bytes, and never with a stream", async () => {
    const again = await disk([refusal(500), done]);
    await again.clock.settle(again.volume.writeText("/f", "x"));
    expect(again.sent).toHaveLength(2);
    const once = await disk([refusal(500), done]);
    expect(await rejection(once.clock.settle(once.volume.writeFile("/f", body(["x"]))))).toMatchObject({
      statusCode: 500,
    });
    expect(once.sent).toHaveLength(1);
    const refused = await disk([brokenConnection("ECONNREFUSED"), done]);
    await rejection(refused.clock.settle(refused.volume.writeFile("/f", body(["x"]))));
    expect(refused.sent).toHaveLength(1);
  });

  it("fails as the caller's own source fails", async () => {
    const mine = new Error("disk on fire");
    async function* pieces() {
      yield encode("hel");
      throw mine;
    }
    const reads = async (sent: Sent) => {
      await new Response(sent.body as BodyInit).text();
      return done();
    };
    const { volume } = await disk([reads]);
    expect(await rejection(volume.writeFile("/f", pieces()))).toBe(mine);
    expect(await rejection(volume.writeFile("/f", body(["hel"], mine)))).toBe(mine);
  });

  it("closes the caller's own source, once, when it is not read to its end", async () => {
    const { volume } = await disk([refusal(400)]);
    const closed = vi.fn();
    const endless = () => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false as const, value: encode("x") }),
        return: async () => {
          closed();
          return { done: true as const, value: undefined };
        },
      }),
    });
    for (const content of [endless, () => body(["x"], "hang", closed)]) {
      for (const [path, options] of [
        ["../x", {}],
        ["/x", { signal: AbortSignal.abort(new Error("enough")) }],
        ["/x", {}],
      ] as const) {
        closed.mockClear();
        await rejection(volume.writeFile(path, content(), options));
        await turn();
        expect(closed).toHaveBeenCalledOnce();
      }
    }
  });

  it("refuses what cannot be a file's content", async () => {
    const { volume, sent } = await disk([done]);
    const locked = body(["x"]);
    locked.getReader();
    const large = Object.defineProperty(new Blob(["x"]), "size", { value: 2 ** 30 + 1 });
    for (const content of [undefined, 5, {}, "\ud800", locked, large, new SharedArrayBuffer(4)])
      expect(await rejection(volume.writeFile("/f", content as string))).toMatchObject({
        field: "content",
        admitted: false,
      });
    expect(sent).toEqual([]);
  });

  it("has its own timeout", async () => {
    const { volume, clock } = await disk([() => new Promise<Response>(() => {})]);
    const error = await rejection(clock.settle(volume.writeText("/f", "x", { timeoutMs: 100 })));
    expect(error).toMatchObject({ name: "UploadTimeoutError", admitted: "unknown" });
  });
});
