import { describe, expect, test } from "vitest";
import { createHarness } from "../../test/harness.ts";
import { settle } from "../../test/manual-clock.ts";

const microtasks = async (count: number) => {
  for (let i = 0; i < count; i += 1) await Promise.resolve();
};

const written = { small: "AAAAA", large: "BBBBBCCCCC" } as const;
const [before, after] = ["Fri, 02 Jan 2026 03:04:05 GMT", "Fri, 02 Jan 2026 03:05:05 GMT"];

describe("a file that is replaced while it is read", () => {
  /** The distinct answers to a read that begins at each moment around a write, from before it to after it. */
  async function answers(from: string, to: string, headers: Record<string, string> = {}, method = "GET") {
    const seen = new Set<string>();
    const { ask, clock } = createHarness();
    const { id } = (await ask("POST", "/v1/volume")).body;
    await settle();
    const offsets = Array.from({ length: 121 }, (_, index) => index - 60);
    const urlOf = (offset: number) => `/v1/volume/${id}/files/content?path=/f${offset}`;
    for (const offset of offsets) await ask("PUT", urlOf(offset), from);
    await clock.advance(60_000);
    for (const offset of offsets) {
      const url = urlOf(offset);
      const [answer] = await Promise.all([
        microtasks(offset).then(() => ask(method, url, undefined, headers)),
        microtasks(-offset).then(() => ask("PUT", url, to)),
      ]);
      const told = ["Content-Length", "Content-Range", "Last-Modified"].map((name) => answer.headers.get(name));
      seen.add(JSON.stringify([answer.status, ...told, answer.status === 416 ? "" : answer.text]));
    }
    return [...seen].map((one) => JSON.parse(one));
  }

  test.each([
    [written.small, written.large],
    [written.large, written.small],
    [written.small, ""],
    ["", written.small],
  ])("is the whole old file or the whole new one: %j becomes %j", async (from, to) => {
    expect(await answers(from, to)).toEqual([
      [200, String(from.length), null, before, from],
      [200, String(to.length), null, after, to],
    ]);
    expect(await answers(from, to, {}, "HEAD")).toEqual([
      [200, String(from.length), null, before, ""],
      [200, String(to.length), null, after, ""],
    ]);
  });

  test("gives a part of the one or of the other", async () => {
    const whole = [206, "5", "bytes 5-9/10", before, "CCCCC"];
    expect(await answers(written.large, written.small, { Range: "bytes=5-" })).toEqual([
      whole,
      [416, null, "bytes */5", null, ""],
    ]);
    expect(await answers(written.large, written.small, { Range: "bytes=-3" })).toEqual([
      [206, "3", "bytes 7-9/10", before, "CCC"],
      [206, "3", "bytes 2-4/5", after, "AAA"],
    ]);
    expect(await answers(written.large, "", { Range: "bytes=5-" })).toEqual([whole, [200, "0", null, after, ""]]);
  });
});
