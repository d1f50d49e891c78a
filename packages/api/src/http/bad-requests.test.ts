import { describe, expect, test } from "vitest";
import { createHarness } from "../../test/harness.ts";
import { settle } from "../../test/manual-clock.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

describe("bad bodies", () => {
  const post = (body: string | Uint8Array, limits = {}) =>
    createHarness({ limits }).ask("POST", "/v1/sandbox/run", body, JSON_TYPE);

  test.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["a NUL byte", '{"image":"a\0b"}'],
    ["bytes that are no UTF-8", new Uint8Array([0x7b, 0xff, 0x7d])],
    ["a number", "7"],
    ["null", "null"],
    ["a list", "[]"],
    ["deep nesting", `${"[".repeat(200_000)}${"]".repeat(200_000)}`],
    ["deep nesting in a field", `{"image":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
  ])("%s", async (_, body) => {
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request" } });
    expect(answer.text.length).toBeLessThan(500);
  });

  test("an unknown field is named, and not its value", async () => {
    const answer = await post('{"image":"a:1","imagee":"s3cret"}');
    expect(answer).toMatchObject({ status: 400, body: { field: "imagee" } });
    expect(answer.text).not.toContain("s3cret");
  });

  test("a value of env is never shown", async () => {
    const answer = await post(JSON.stringify({ image: "a:1", env: { TOKEN: "s3cr\0et" } }));
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.body.error).toContain("TOKEN");
    expect(answer.text).not.toMatch(/s3cr|et"/);
  });

  test("a body over its limit is refused by its declared length, and by its bytes where it has none", async () => {
    const { api, ask, engine } = createHarness({ limits: { bodyBytes: 100 } });
    const long = JSON.stringify({ image: "a".repeat(200) });
    expect(await ask("POST", "/v1/sandbox/run", long, JSON_TYPE)).toMatchObject({
      status: 413,
      body: { code: "body_too_large" },
    });
    let pulled = 0;
    let cancelled = 0;
    const count = () => {
      cancelled += 1;
    };
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(60).fill(32));
      },
      cancel: count,
    });
    const init = { method: "POST", body, duplex: "half", headers: JSON_TYPE } as RequestInit;
    expect((await api.fetch(new Request("http://a.test/v1/sandbox/run", init))).status).toBe(413);
    expect(pulled).toBeLessThan(6);
    await settle();
    expect(cancelled).toBe(1);
    // Nor is one that nobody began to read left for ever.
    const unread = { ...init, body: new ReadableStream({ cancel: count }) };
    expect((await api.fetch(new Request("http://a.test/v1/sandbox/sbx-none", unread))).status).toBe(405);
    await settle();
    expect(cancelled).toBe(2);
    expect(engine.plans).toHaveLength(0);
  });

  test("a body whose sender went away is let go of", async () => {
    const { api } = createHarness();
    const caller = new AbortController();
    let cancelled = false;
    const body = new ReadableStream({
      cancel() {
        cancelled = true;
      },
    });
    const init = { method: "POST", body, duplex: "half", signal: caller.signal } as RequestInit;
    const answer = api.fetch(new Request("http://a.test/v1/sandbox/run", init));
    await settle();
    caller.abort();
    expect((await answer).status).toBe(400);
    expect(cancelled).toBe(true);
  });

  test("a body that breaks off, or is no bytes at all, is refused", async () => {
    const { api } = createHarness();
    const send = (start: (controller: ReadableStreamDefaultController) => void) =>
      api.fetch("http://a.test/v1/sandbox/run", {
        method: "POST",
        body: new ReadableStream({ start }),
        duplex: "half",
      } as RequestInit);
    expect((await send((c) => c.error(new Error("gone")))).status).toBe(400);
    expect(
      (
        await send((c) => {
          c.enqueue("text");
          c.close();
        })
      ).status,
    ).toBe(400);
  });
});

describe("bad queries", () => {
  test.each([
    "/v1/sandbox?page=0",
    "/v1/sandbox?page=1.5",
    "/v1/sandbox?page=1&page=2",
    "/v1/sandbox?phase=asleep",
    "/v1/sandbox?tag=nothing",
    "/v1/sandbox?tag==x",
    "/v1/sandbox?tags=a%3Db",
    "/v1/sandbox?search=%ff",
    "/v1/sandbox?search=a%00b",
    "/v1/sandbox?start_time=yesterday",
    "/v1/sandbox?start_time=2026-01-02T00:00:00Z&end_time=2026-01-01T00:00:00Z",
    "/v1/sandbox?include_filter_values=perhaps",
    "/v1/sandbox/counts?start_time=2026-02-30T00:00:00Z",
    "/v1/sandbox/lookup",
    "/v1/snapshot?sandbox=x",
  ])("%s", async (path) => {
    expect(await createHarness().ask("GET", path)).toMatchObject({ status: 400, body: { code: "invalid_request" } });
  });
});
