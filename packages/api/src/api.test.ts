import { operations } from "@porter-sandbox/spec/operations";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defer } from "../test/engine-double.ts";
import { createHarness } from "../test/harness.ts";
import { settle } from "../test/manual-clock.ts";
import { createSandboxApi } from "./api.ts";
import { EngineError } from "./engine.ts";
import { createMemoryStore } from "./memory-store.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

describe("what every answer carries", () => {
  test("a request id: the request's own when it is sane, else a new one", async () => {
    const { ask } = createHarness();
    expect((await ask("GET", "/healthz", undefined, { "X-Request-Id": "abc-1" })).headers.get("X-Request-Id")).toBe(
      "abc-1",
    );
    for (const path of ["/healthz", "/nothing", "/v1/sandbox/none", "/v1/sandbox?page=0"]) {
      expect((await ask("GET", path)).headers.get("X-Request-Id")).toMatch(/^req-[0-9a-z]{20}$/);
    }
    const strange = await ask("GET", "/healthz", undefined, { "X-Request-Id": "a b<script>" });
    expect(strange.headers.get("X-Request-Id")).toMatch(/^req-/);
  });

  test("an error as JSON, for unknown paths and methods too", async () => {
    const { ask } = createHarness();
    const nowhere = await ask("GET", "/v2/sandbox");
    expect(nowhere).toMatchObject({ status: 404, body: { code: "not_found", error: "there is nothing at this path" } });
    const methods: [string, string, string][] = [
      ["PUT", "/v1/sandbox/run", "POST"],
      ["GET", "/v1/sandbox/run", "POST"],
      ["DELETE", "/v1/sandbox/counts", "GET, HEAD"],
      ["POST", "/v1/sandbox/sbx-1", "GET, HEAD, DELETE"],
      ["OPTIONS", "/v1/volume", "GET, HEAD, POST"],
    ];
    for (const [method, path, allow] of methods) {
      const answer = await ask(method, path);
      expect(answer).toMatchObject({ status: 405, body: { code: "method_not_allowed" } });
      expect(answer.headers.get("Allow")).toBe(allow);
    }
  });

  test("every operation of the spec is served", async () => {
    const { ask } = createHarness();
    for (const { method, path } of Object.values(operations)) {
      const { status, body } = await ask(method, path.replace("{id}", "none"));
      expect([path, status, body?.error ?? ""]).not.toEqual([path, 404, "there is nothing at this path"]);
      expect([path, status]).not.toEqual([path, 405]);
      expect(status).toBeLessThan(500);
    }
  });
});

describe("being up", () => {
  test("health and readiness", async () => {
    const { ask, run } = createHarness();
    expect((await ask("GET", "/healthz")).body).toEqual({ status: "ok" });
    await run();
    const ended = await run();
    await ask("DELETE", `/v1/sandbox/${ended}`);
    expect((await ask("GET", "/readyz")).body).toEqual({ status: "ready", active_sandboxes: 1 });
  });

  test("capabilities name the extensions and the engine; a server of the published API alone has none", async () => {
    expect((await createHarness().ask("GET", "/v1/capabilities")).body).toEqual({
      extensions: ["idempotency_keys", "exec_truncation"],
      engine: "double",
    });
    expect((await createHarness({ extensions: false }).ask("GET", "/v1/capabilities")).status).toBe(404);
  });

  test("a server that cannot reach its engine says so and tries again", async () => {
    const { ask, engine, errors } = createHarness();
    const { inventory } = engine;
    engine.inventory = async () => {
      throw new Error("secret address unreachable");
    };
    const down = await ask("GET", "/readyz");
    expect(down.status).toBe(503);
    expect(down.headers.get("Retry-After")).toBe("1");
    expect(down.text).not.toContain("secret");
    expect(errors).toHaveLength(1);
    engine.inventory = inventory;
    expect((await ask("GET", "/readyz")).status).toBe(200);
  });

  test("an engine that fails unexpectedly is a 500 that tells nothing", async () => {
    const { ask, run, engine, errors } = createHarness();
    const id = await run();
    engine.exec = async () => {
      throw new Error("password is hunter2");
    };
    const failed = await ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"] });
    expect(failed.status).toBe(500);
    expect(failed.body).toEqual({ error: "something went wrong in the server", code: "internal" });
    expect(String(errors[0])).toContain("hunter2");
    engine.exec = async () => {
      throw new EngineError("unsupported", "no exec here");
    };
    expect((await ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"] })).status).toBe(422);
  });

  test("a reporter that throws changes no answer", async () => {
    const harness = createHarness({
      onError: () => {
        throw new Error("reporter");
      },
    });
    harness.engine.logs = async () => Promise.reject(new Error("engine"));
    const id = await harness.run();
    expect((await harness.ask("GET", `/v1/sandbox/${id}/logs`)).status).toBe(500);
  });
});

describe("closing", () => {
  test("new requests are refused, health still answers, engine and timers are let go", async () => {
    const { api, ask, run, engine, clock } = createHarness();
    await run({ ttl_seconds: 60 });
    expect(clock.pending).toBe(1);
    await api.close();
    await api.close();
    expect(engine.closed).toBe(true);
    expect(clock.pending).toBe(0);
    const refused = await ask("POST", "/v1/sandbox/run", { image: "busybox:1" });
    expect(refused).toMatchObject({ status: 503, body: { code: "shutting_down" } });
    expect(refused.headers.get("Retry-After")).toBe("1");
    expect((await ask("GET", "/readyz")).status).toBe(503);
    expect((await ask("GET", "/healthz")).status).toBe(200);
  });

  test("requests under way are waited for", async () => {
    const { api, ask, run, engine } = createHarness();
    const id = await run();
    const exit = defer<{ exit_code: number }>();
    const empty = () => new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
    engine.onExec = () => ({ stdout: empty(), stderr: empty(), exit: exit.promise });
    const executing = ask("POST", `/v1/sandbox/${id}/exec`, { command: ["x"] });
    await settle();
    const closing = api.close();
    await settle();
    expect(engine.closed).toBe(false);
    exit.resolve({ exit_code: 3 });
    expect((await executing).body.exit_code).toBe(3);
    await closing;
    expect(engine.closed).toBe(true);
  });

  test("commands that do not end are killed when the time for draining is over", async () => {
    const { api, ask, run, engine, clock } = createHarness({ limits: { drainMs: 1000 } });
    const id = await run();
    engine.onExec = (_, killed) => ({
      stdout: new ReadableStream({ start: (controller) => void killed.then(() => controller.close()) }),
      stderr: new ReadableStream({ start: (controller) => void killed.then(() => controller.close()) }),
      exit: killed.then(() => ({ exit_code: 137 })),
    });
    const executing = ask("POST", `/v1/sandbox/${id}/exec`, { command: ["sleep", "inf"] });
    await settle();
    const closing = api.close();
    await clock.advance(1000);
    expect((await executing).body.exit_code).toBe(137);
    await closing;
    expect(clock.pending).toBe(0);
  });
});

describe("keys", () => {
  test("one of the keys is needed, except for health and readiness", async () => {
    const { ask } = createHarness({ auth: { keys: ["one", "two"] } });
    expect((await ask("GET", "/healthz")).status).toBe(200);
    expect((await ask("GET", "/readyz")).status).toBe(200);
    for (const headers of [
      {},
      { Authorization: "Bearer three" },
      { Authorization: "Basic one" },
      { Authorization: "one" },
    ]) {
      const refused = await ask("GET", "/v1/sandbox", undefined, headers as Record<string, string>);
      expect(refused).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
      expect(refused.headers.get("WWW-Authenticate")).toBe("Bearer");
    }
    expect((await ask("GET", "/nothing")).status).toBe(401);
    for (const key of ["Bearer one", "bearer two"]) {
      expect((await ask("GET", "/v1/sandbox", undefined, { Authorization: key })).status).toBe(200);
    }
  });

  test("a function can decide", async () => {
    const { ask } = createHarness({ auth: { verify: async (key) => key === "good" } });
    expect((await ask("GET", "/v1/sandbox", undefined, { Authorization: "Bearer good" })).status).toBe(200);
    expect((await ask("GET", "/v1/sandbox", undefined, { Authorization: "Bearer bad" })).status).toBe(401);
  });

  test("keys that are none, and limits that are none, are refused at once", () => {
    const { engine } = createHarness();
    expect(() => createSandboxApi({ engine, auth: { keys: [] } })).toThrow("auth.keys");
    expect(() => createSandboxApi({ engine, auth: { keys: [""] } })).toThrow("auth.keys");
    expect(() => createSandboxApi({ engine, limits: { bodyBytes: -1 } })).toThrow("limits.bodyBytes");
    expect(() => createSandboxApi({ engine, limits: { pageSize: 0 } })).toThrow("limits.pageSize");
    expect(() => createSandboxApi({ engine, limits: { bodyByte: 1 } as never })).toThrow("limits.bodyByte");
  });
});

describe("pages in browsers", () => {
  const cors = { origins: ["https://app.test"] };
  const preflight = {
    Origin: "https://app.test",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "x-own",
  };

  test("a preflight of an allowed origin is answered without a key", async () => {
    const { ask } = createHarness({ cors, auth: { keys: ["k"] } });
    const { status, headers } = await ask("OPTIONS", "/v1/sandbox/run", undefined, preflight);
    expect(status).toBe(204);
    expect(headers.get("Access-Control-Allow-Origin")).toBe("https://app.test");
    expect(headers.get("Access-Control-Allow-Headers")).toMatch(/Authorization.*Idempotency-Key.*x-own/);
    expect(headers.get("Access-Control-Allow-Methods")).toContain("PUT");
    expect(headers.get("Vary")).toBe("Origin");
    expect(headers.get("X-Request-Id")).not.toBeNull();
  });

  test("other origins get no permission", async () => {
    const { ask } = createHarness({ cors });
    const refused = await ask("OPTIONS", "/v1/sandbox/run", undefined, { ...preflight, Origin: "https://evil.test" });
    expect(refused.headers.get("Access-Control-Allow-Origin")).toBeNull();
    const without = await createHarness().ask("OPTIONS", "/v1/sandbox/run", undefined, preflight);
    expect(without.status).toBe(405);
  });

  test("answers and errors can be read, with the headers that clients need", async () => {
    const { ask } = createHarness({ cors: { origins: "*" } });
    for (const path of ["/healthz", "/nothing"]) {
      const { headers } = await ask("GET", path, undefined, { Origin: "https://any.test" });
      expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
      expect(headers.get("Access-Control-Expose-Headers")).toMatch(/X-Request-Id.*Content-Range.*Retry-After/);
    }
  });

  test("a page cannot send what a browser does not ask about first", async () => {
    const { ask, engine } = createHarness();
    const body = JSON.stringify({ image: "busybox:1" });
    const simple = await ask("POST", "/v1/sandbox/run", body, {
      Origin: "https://evil.test",
      "Content-Type": "text/plain",
    });
    expect(simple).toMatchObject({ status: 400, body: { field: "Content-Type" } });
    await settle();
    expect(engine.plans).toHaveLength(0);
  });
});

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
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(60).fill(32));
      },
    });
    const init = { method: "POST", body, duplex: "half", headers: JSON_TYPE } as RequestInit;
    expect((await api.fetch(new Request("http://a.test/v1/sandbox/run", init))).status).toBe(413);
    expect(pulled).toBeLessThan(6);
    expect(engine.plans).toHaveLength(0);
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

describe("called as the global fetch is", () => {
  test("with a URL and options", async () => {
    const { api } = createHarness();
    const init = { method: "POST", body: JSON.stringify({ image: "a:1", name: "web" }) };
    expect(await (await api.fetch("http://sandbox-api.local/v1/sandbox/run", init)).json()).toMatchObject({
      name: "web",
    });
    expect((await api.fetch(new URL("http://sandbox-api.local/healthz"))).status).toBe(200);
  });

  test("an aborted signal rejects, also while the answer is made", async () => {
    const { api, run, engine } = createHarness();
    const id = await run();
    const aborted = AbortSignal.abort(new Error("enough"));
    await expect(api.fetch("http://a.test/healthz", { signal: aborted })).rejects.toThrow("enough");
    engine.onExec = (_, killed) => ({
      stdout: new ReadableStream(),
      stderr: new ReadableStream(),
      exit: killed.then(() => ({ exit_code: 137 })),
    });
    const controller = new AbortController();
    const init = { method: "POST", body: '{"command":["sleep","inf"]}', signal: controller.signal };
    const executing = api.fetch(`http://a.test/v1/sandbox/${id}/exec`, init);
    await settle();
    controller.abort(new Error("enough"));
    await expect(executing).rejects.toThrow("enough");
    await settle();
    expect(engine.kills).toEqual(["sleep inf"]);
  });
});

test("nothing that a fuzzer sends is a 500", async () => {
  const store = createMemoryStore();
  const { ask, run, errors } = createHarness({ store, envGroups: { g: { A: "1" } } });
  const id = await run({ name: "known" });
  const volume = (await ask("POST", "/v1/volume", {})).body.id;
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom(
      "",
      "busybox:1",
      "/",
      "..",
      "/a/../b",
      "known",
      "__proto__",
      "constructor",
      id,
      volume,
      "5m",
      "bytes=0-",
      "2026-01-01T00:00:00Z",
    ),
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: "small" },
      text,
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(text, tie("any"), { maxKeys: 3 }),
    ),
  })).any;
  const strings = fc.dictionary(text, text, { maxKeys: 3 });
  const spec = fc.record(
    {
      image: fc.oneof(fc.constant("busybox:1"), value),
      snapshot_id: value,
      name: fc.oneof(text, value),
      tags: fc.oneof(strings, value),
      command: fc.oneof(fc.array(text), value),
      args: fc.oneof(fc.array(text), value),
      env: fc.oneof(strings, value),
      env_groups: fc.oneof(fc.array(fc.constantFrom("g", "h", "__proto__")), value),
      volume_mounts: fc.oneof(
        fc.dictionary(fc.constantFrom("/data", "/a/b", "/"), fc.constantFrom(volume, "x")),
        value,
      ),
      networking: fc.oneof(fc.constant([{ port: 8080 }]), value),
      egress: fc.oneof(fc.record({ allowed_destinations: fc.array(text) }), value),
      resources: fc.oneof(fc.record({ cpu: text, memory: text }), value),
      ttl_seconds: fc.oneof(fc.integer({ min: -1, max: 10 }), value),
    },
    { requiredKeys: ["image"] },
  );
  const body = fc.oneof(
    spec,
    value,
    fc.record({ command: fc.array(text) }),
    fc.record({ from: text, to: text }),
    fc.record({ name: text, type: text, object: value }, { requiredKeys: [] }),
  );
  const names = [
    "path",
    "search",
    "page",
    "tag",
    "phase",
    "since",
    "limit",
    "metric",
    "name",
    "start_time",
    "start_time_utc",
    "end_time",
  ];
  const query = fc.array(fc.tuple(fc.constantFrom(...names), text), { maxLength: 3 });
  const operation = fc.constantFrom(...Object.values(operations));
  const headers = fc.record(
    {
      Range: fc.constantFrom("bytes=0-1", "bytes=-", "lines=1-2", "bytes=9-"),
      "Idempotency-Key": fc.constantFrom("k", "l", "a b", ""),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      operation,
      fc.oneof(fc.constantFrom(id, volume), text),
      body,
      query,
      headers,
      async (op, key, sent, params, more) => {
        const encode = (part: string) => encodeURIComponent(part.replace(/\p{Surrogate}/gu, ""));
        const search = params.map(([name, one]) => `${name}=${encode(one)}`).join("&");
        const path = `${op.path.replace("{id}", encode(key) || "x")}?${search}`;
        const answer = await ask(
          op.method,
          path,
          op.method === "POST" || op.method === "PUT" ? (sent ?? "null") : undefined,
          {
            ...(more as Record<string, string>),
          },
        );
        expect([op.path, answer.status, errors.map(String)]).toEqual([op.path, expect.any(Number), []]);
        expect(answer.status).toBeLessThan(500);
        if (answer.status >= 400)
          expect(answer.body).toMatchObject({ error: expect.any(String), code: expect.any(String) });
        expect(answer.headers.get("X-Request-Id")).not.toBeNull();
        // Every status is one that the document names, or that any path may have.
        const path404 = key.includes("/") || [".", "..", ""].includes(key);
        if (!path404) expect([...op.statuses, 405]).toContain(answer.status);
      },
    ),
    { numRuns: 1500 },
  );
});
