/** What comes of a file when the connection breaks, wherever it breaks: the exact whole, or a typed error and nothing half done. */
import { type FileSystem, isSandboxError, Porter, type StreamInterruptedError } from "@porter-sandbox/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFakeSandboxApi } from "./fake.ts";

/** Answers and bodies so small that a file of some kilobytes takes several. */
const limits = { execOutputBytes: 60_000, bodyBytes: 140_000 };

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Breaks the answers off after so many bytes of all of them together; from then on all is well again. */
function answersCutAt(fetch: Fetch, at: number): { fetch: Fetch; seen: () => number } {
  let seen = 0;
  let cut = false;
  return {
    seen: () => seen,
    async fetch(url, init) {
      const response = await fetch(url, init);
      if (response.body === null) return response;
      const reader = response.body.getReader();
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          const left = at - seen;
          seen += value.length;
          if (cut || value.length <= left) return controller.enqueue(value);
          cut = true;
          if (left > 0) controller.enqueue(value.subarray(0, left));
          controller.error(new TypeError("terminated"));
        },
        cancel: (reason) => reader.cancel(reason),
      });
      return new Response(body, response);
    },
  };
}

/** Breaks the connection at one request: before the server has it, or before its answer. */
function lostAt(fetch: Fetch, count: number, taken: boolean): { fetch: Fetch; requests: () => number } {
  let requests = 0;
  return {
    requests: () => requests,
    async fetch(url, init) {
      requests += 1;
      if (requests !== count) return fetch(url, init);
      if (taken) await fetch(url, init);
      throw new TypeError("fetch failed");
    },
  };
}

/** Breaks the body of each upload off after so many bytes. */
function bodiesCutAt(fetch: Fetch, at: number): Fetch {
  return async (url, init) => {
    if (init.method !== "PUT") return fetch(url, init);
    const bytes = new Uint8Array(await new Response(init.body).arrayBuffer());
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.subarray(0, at));
        if (at >= bytes.length) controller.close();
      },
      pull(controller) {
        controller.error(new TypeError("terminated"));
      },
    });
    const response = await fetch(url, { ...init, body, duplex: "half" } as RequestInit);
    if (at < bytes.length) throw new TypeError("fetch failed");
    return response;
  };
}

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) % 251);

async function setUp() {
  const fake = createFakeSandboxApi({ limits });
  const whole: Fetch = (url, init) => fake.fetch(new Request(url, init));
  const clean = new Porter({ fetch: whole });
  const { id } = await clean.sandboxes.create({ image: "any" });
  const { name } = await clean.volumes.create();
  return {
    whole,
    /** The files, over a way that is taken for them alone. */
    async over(kind: string, fetch: Fetch): Promise<FileSystem> {
      let way = whole;
      const porter = new Porter({ fetch: (url, init) => way(url, init), maxRetries: 0 });
      const volume = await porter.volumes.get(name);
      way = fetch;
      if (kind === "sandbox") return porter.sandboxes.fromId(id).files;
      if (volume.type !== "disk") throw new Error("the fake made another kind of volume");
      return volume;
    },
  };
}

describe.each(["volume", "sandbox"])("a file of a %s", (kind) => {
  /** Reads with one cut, and says how much there was to cut. */
  async function readCut(setup: Awaited<ReturnType<typeof setUp>>, bytes: Uint8Array, at: number): Promise<number> {
    const way = answersCutAt(setup.whole, at);
    const files = await setup.over(kind, way.fetch);
    let came = 0;
    const read = async () => {
      for await (const piece of files.stream("/file")) {
        expect(Buffer.from(piece).equals(bytes.subarray(came, came + piece.length))).toBe(true);
        came += piece.length;
      }
    };
    try {
      await read();
      expect(came).toBe(bytes.length);
    } catch (error) {
      if (!isSandboxError(error)) throw error;
      expect(["StreamInterruptedError", "ConnectionError"]).toContain(error.name);
      if (error.name === "StreamInterruptedError") expect((error as StreamInterruptedError).bytesReceived).toBe(came);
      else expect(came).toBe(0);
      expect(came).toBeLessThan(bytes.length + 1);
    }
    return way.seen();
  }

  test("is read whole or not, wherever an answer is cut", { timeout: 120_000 }, async () => {
    const setup = await setUp();
    const small = bytesOf(60);
    await (await setup.over(kind, setup.whole)).writeFile("/file", small);
    for (let at = 0; at < (await readCut(setup, small, at)); at++);
    const large = bytesOf(100_000);
    await (await setup.over(kind, setup.whole)).writeFile("/file", large);
    const all = await readCut(setup, large, Number.POSITIVE_INFINITY);
    await fc.assert(
      fc.asyncProperty(fc.nat(all), async (at) => {
        await readCut(setup, large, at);
      }),
      { seed: 5, numRuns: 12 },
    );
  });

  test("is written whole or not, wherever the connection breaks", { timeout: 120_000 }, async () => {
    const setup = await setUp();
    const clean = await setup.over(kind, setup.whole);
    const [before, small, large] = [bytesOf(10), bytesOf(40), bytesOf(250_000)];
    /** Writes over a way, and looks at what came of it. */
    const write = async (fetch: Fetch, after: Uint8Array<ArrayBuffer>, what: string): Promise<void> => {
      await clean.writeFile("/dir/file", before);
      const files = await setup.over(kind, fetch);
      const error = await files.writeFile("/dir/file", after).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (error !== undefined) expect(isSandboxError(error), `${what}: ${String(error)}`).toBe(true);
      const found = Buffer.from(await clean.readFile("/dir/file"));
      const isAfter = found.equals(after);
      expect(isAfter || (error !== undefined && found.equals(before)), `${what}: ${found.length} bytes`).toBe(true);
      expect(
        (await clean.listdir("/dir")).map(({ name }) => name),
        what,
      ).toEqual(["file"]);
    };
    for (const taken of [false, true])
      for (let at = 1; ; at++) {
        const way = lostAt(setup.whole, at, taken);
        await write(way.fetch, large, `request ${at}, ${taken ? "taken" : "not taken"}`);
        if (way.requests() < at) break;
      }
    for (const [after, step] of [
      [small, 1],
      [large, 43],
    ] as const)
      for (let at = 0; ; at += step) {
        const way = answersCutAt(setup.whole, at);
        await write(way.fetch, after, `answers cut at ${at}`);
        if (way.seen() <= at) break;
      }
    if (kind === "volume")
      for (const at of [0, 1, 10, 65_535, 65_536, 249_999, 250_000])
        await write(bodiesCutAt(setup.whole, at), large, `body cut at ${at}`);
  });
});
