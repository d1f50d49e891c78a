import { spawnSync } from "node:child_process";
import { operations } from "@porter-sandbox/spec/operations";
import { describe, expect, test } from "vitest";
import { defer } from "../test/engine-double.ts";
import { createHarness } from "../test/harness.ts";
import { settle } from "../test/manual-clock.ts";
import { EngineError } from "./engine.ts";

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

  test("readiness tells whether egress is enforced, when the engine says so and extensions are wanted", async () => {
    for (const egress of ["enforced", "unenforced"] as const) {
      const { ask, engine } = createHarness();
      Object.assign(engine, { egress });
      expect((await ask("GET", "/readyz")).body).toEqual({ status: "ready", active_sandboxes: 0, egress });
      expect((await ask("GET", "/v1/capabilities")).body.extensions).toContain("egress_state");
      const plain = createHarness({ extensions: false });
      Object.assign(plain.engine, { egress });
      expect((await plain.ask("GET", "/readyz")).body).toEqual({ status: "ready", active_sandboxes: 0 });
    }
    expect((await createHarness().ask("GET", "/v1/capabilities")).body.extensions).not.toContain("egress_state");
  });

  test("capabilities name the extensions and the engine; a server of the published API alone has none", async () => {
    expect((await createHarness().ask("GET", "/v1/capabilities")).body).toEqual({
      extensions: expect.arrayContaining(["idempotency_keys", "exec_truncation", "status_reason", "lifetime"]),
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

  test("a process does not end before what it lets go of is let go", () => {
    const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const script = `
      import { systemClock } from ${at("../../../spec/src/index.ts")};
      import { createEngineDouble } from ${at("../test/engine-double.ts")};
      import { createSandboxApi } from ${at("./index.ts")};
      const engine = createEngineDouble(systemClock);
      const api = createSandboxApi({ engine, limits: { drainMs: 20 } });
      const post = (path, body) => api.fetch("http://a.test" + path, { method: "POST", body: JSON.stringify(body) });
      const { id } = await (await post("/v1/sandbox/run", { image: "a:1" })).json();
      await new Promise((resolve) => setTimeout(resolve));
      const open = () => new ReadableStream();
      engine.onExec = () => ({ stdout: open(), stderr: open(), exit: new Promise(() => {}) });
      void post("/v1/sandbox/" + id + "/exec", { command: ["x"] });
      await api.close();
      console.log(engine.closed ? "closed" : "open");`;
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
    expect([String(stdout), status], String(stderr)).toEqual(["closed\n", 0]);
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
