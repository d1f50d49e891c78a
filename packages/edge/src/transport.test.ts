import type { FetchLike } from "@porter-sandbox/core";
import { expect, test } from "vitest";
import type { Surroundings } from "./environment.ts";
import { mendFor } from "./transport.ts";

const deno: Surroundings = { Deno: { env: { get: () => undefined } }, navigator: { userAgent: "Deno/2.9.6" } };
const bun: Surroundings = { Bun: {}, navigator: { userAgent: "Bun/1.4.5" } };
const workerd: Surroundings = { navigator: { userAgent: "Cloudflare-Workers" } };

/** What reaches the runtime's own fetch. */
async function sent(surroundings: Surroundings, init: RequestInit): Promise<RequestInit> {
  const seen: RequestInit[] = [];
  const inner: FetchLike = async (_url, given) => {
    seen.push(given);
    return new Response();
  };
  await mendFor(surroundings)?.(inner)("http://api.test/", init);
  return seen[0] ?? {};
}

const browser: Surroundings = {
  navigator: { userAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0 Safari/537.36" },
};

test("Node is left alone", () => {
  expect(mendFor({ navigator: { userAgent: "Node.js/24" } })).toBeUndefined();
  expect(mendFor({})).toBeUndefined();
});

test("Deno gets the body of a POST as a Blob of the same bytes, and the rest as it is", async () => {
  const { body, headers } = await sent(deno, { method: "POST", body: '{"ž":1}', headers: { a: "b" } });
  expect(Object.prototype.toString.call(body)).toBe("[object Blob]");
  expect(await (body as Blob).text()).toBe('{"ž":1}');
  expect(headers).toEqual({ a: "b" });
  const put = { method: "PUT", body: "text" };
  expect(await sent(deno, put)).toBe(put);
});

test("Bun gets a DELETE on a connection of its own, and the rest as it is", async () => {
  expect(await sent(bun, { method: "DELETE" })).toEqual({ method: "DELETE", keepalive: false });
  const get = { method: "GET" };
  expect(await sent(bun, get)).toBe(get);
});

test("workerd gets bodies that do not stream as they are", async () => {
  const put = { method: "PUT", body: "text" };
  expect(await sent(workerd, put)).toBe(put);
});

test("workerd gets the bytes of a stream", async () => {
  const body = new Blob(["some ", "bytes"]).stream();
  const given = await sent(workerd, { method: "PUT", body });
  expect(await new Response(given.body ?? null).text()).toBe("some bytes");
});

test("in workerd a stream that breaks aborts its request and does not end", async () => {
  const reason = new Error("the disk is gone");
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulls++ > 0) throw reason;
      controller.enqueue(new Uint8Array(4));
    },
  });
  const given = await sent(workerd, { method: "PUT", body });
  const reader = (given.body as ReadableStream<Uint8Array>).getReader();
  expect((await reader.read()).value?.length).toBe(4);
  const settled = reader.read().then(
    () => "read",
    () => "failed",
  );
  const aborted = new Promise((resolve) => given.signal?.addEventListener("abort", () => resolve("aborted")));
  expect(await Promise.race([settled, aborted])).toBe("aborted");
  expect(given.signal?.reason).toBe(reason);
});

test("in workerd the caller's signal still aborts, and cancelling still reaches the caller's stream", async () => {
  const controller = new AbortController();
  const cancelled: unknown[] = [];
  const body = new ReadableStream<Uint8Array>({ cancel: (reason) => void cancelled.push(reason) });
  const given = await sent(workerd, { method: "PUT", body, signal: controller.signal });
  controller.abort(new Error("enough"));
  expect(given.signal?.aborted).toBe(true);
  await (given.body as ReadableStream).cancel("enough");
  expect(cancelled).toEqual(["enough"]);
});

test("a browser gets a stream as a Blob, and other bodies as they are", async () => {
  const { body } = await sent(browser, { method: "PUT", body: new Blob(["some ", "bytes"]).stream() });
  expect(Object.prototype.toString.call(body)).toBe("[object Blob]");
  expect(await (body as Blob).text()).toBe("some bytes");
  const put = { method: "PUT", body: "text" };
  expect(await sent(browser, put)).toBe(put);
});

test("in a browser a stream that breaks, or never ends, is not sent", async () => {
  const cancelled: unknown[] = [];
  const reason = new Error("the disk is gone");
  const broken = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(reason) });
  await expect(sent(browser, { method: "PUT", body: broken })).rejects.toBe(reason);
  const endless = new ReadableStream<Uint8Array>({ cancel: (why) => void cancelled.push(why) });
  const controller = new AbortController();
  const upload = sent(browser, { method: "PUT", body: endless, signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(upload).rejects.toThrow("enough");
  expect(cancelled).toEqual([controller.signal.reason]);
});
