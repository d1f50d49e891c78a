import { describe, expect, test } from "vitest";
import { defer } from "../../test/engine-double.ts";
import { settle } from "../../test/manual-clock.ts";
import { encode, setUp } from "../../test/played-command.ts";

describe("standard input", () => {
  test("goes to the command, and what is sent twice is taken once", async () => {
    const { spawn, ask, played } = await setUp();
    const { at } = await spawn({ stdin: true });
    const put = (query: string, text: string) => ask("PUT", `${at}/stdin?${query}`, text);
    expect((await put("offset=0", "hello")).body).toEqual({ stdin_bytes: 5 });
    expect((await put("offset=0", "hello")).body).toEqual({ stdin_bytes: 5 });
    expect((await put("offset=3", "lo world")).body).toEqual({ stdin_bytes: 11 });
    expect(await put("offset=12", "x")).toMatchObject({ status: 409, body: { code: "stdin_gap", field: "offset" } });
    expect((await ask("GET", at)).body).toMatchObject({ stdin: true, stdin_bytes: 11 });
    expect((await put("offset=11&eof=true", "")).status).toBe(200);
    expect((await put("offset=11&eof=true", "")).status).toBe(200);
    expect(await put("offset=11", "more")).toMatchObject({ status: 409, body: { code: "stdin_closed" } });
    expect(played().input.join("|")).toBe("hello| world|EOF");
    expect((await ask("GET", at)).body).toMatchObject({ stdin: false, stdin_bytes: 11 });
  });

  test("waits until the command takes it, in the order of the requests", async () => {
    const { spawn, ask, played } = await setUp();
    const { at } = await spawn({ stdin: true });
    const held = defer<void>();
    played().hold = held.promise;
    let answered = 0;
    const count = () => {
      answered += 1;
    };
    const one = ask("PUT", `${at}/stdin?offset=0`, "one").then(count);
    const two = ask("PUT", `${at}/stdin?offset=3`, "two").then(count);
    await settle();
    expect(answered).toBe(0);
    held.resolve();
    await Promise.all([one, two]);
    expect(played().input).toEqual(["one", "two"]);
  });

  test("is refused by a command that ended, also when it was waiting", async () => {
    const { spawn, ask, played } = await setUp();
    const { at } = await spawn({ stdin: true });
    await ask("PUT", `${at}/stdin?offset=0`, "taken");
    played().hold = new Promise(() => {});
    const waiting = ask("PUT", `${at}/stdin?offset=5`, "never");
    await settle();
    played().end();
    expect(await waiting).toMatchObject({ status: 409, body: { code: "process_ended" } });
    expect(await ask("PUT", `${at}/stdin?offset=5`, "x")).toMatchObject({ body: { code: "process_ended" } });
    expect((await ask("PUT", `${at}/stdin?offset=0`, "taken")).status).toBe(200);
  });

  /** A body of which a part came, and no more will. */
  const stalled = (cancelled: () => void = () => {}) =>
    new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(encode("abc")), cancel: cancelled });

  test("whose sender went away in the middle keeps nobody from writing on", async () => {
    const { spawn, api, ask, played } = await setUp();
    const { at } = await spawn({ stdin: true });
    const caller = new AbortController();
    let cancelled = false;
    const body = stalled(() => {
      cancelled = true;
    });
    const options = { method: "PUT", body, signal: caller.signal, duplex: "half" as const };
    const given = api.fetch(`http://api.test${at}/stdin?offset=0`, options).catch(() => {});
    await settle();
    caller.abort();
    await given;
    await settle();
    expect(cancelled).toBe(true);
    expect((await ask("PUT", `${at}/stdin?offset=3`, "def")).body).toEqual({ stdin_bytes: 6 });
    expect(played().input.join("")).toBe("abcdef");
  });

  test("of which a part is still to come is refused when the command ends", async () => {
    const { spawn, api, played } = await setUp();
    const { at } = await spawn({ stdin: true });
    const url = `http://api.test${at}/stdin?offset=0`;
    const given = api.fetch(new Request(url, { method: "PUT", body: stalled(), duplex: "half" } as RequestInit));
    await settle();
    played().end();
    const response = await given;
    expect([response.status, await response.json()]).toMatchObject([409, { code: "process_ended" }]);
  });

  test("is refused by a command without any, and in bodies that are too large", async () => {
    const { spawn, ask } = await setUp({ limits: { fileBytes: 4 } });
    const { at } = await spawn();
    expect(await ask("PUT", `${at}/stdin?offset=0`, "x")).toMatchObject({ body: { code: "stdin_closed" } });
    const other = await spawn({ stdin: true });
    expect((await ask("PUT", `${other.at}/stdin?offset=0`, "12345")).status).toBe(413);
    expect((await ask("PUT", `${other.at}/stdin`, "1")).status).toBe(400);
  });
});
