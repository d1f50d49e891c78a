import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect, createServer, Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStore, createSandboxApi } from "@porter-sandbox/api";
import { Porter } from "@porter-sandbox/core";
import { createMemoryEngine } from "@porter-sandbox/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { hashKey, keyAuth, newKey } from "./keys.ts";
import { type Servable, type ServeOptions, type Serving, serve } from "./serve.ts";

const key = newKey();
const servers: Serving[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const start = async (api: Servable, options: ServeOptions = {}): Promise<Serving & { lines: Line[] }> => {
  const lines: Line[] = [];
  const serving = await serve(api, { log: (line) => lines.push(JSON.parse(line)), ...options });
  servers.push(serving);
  return { ...serving, lines };
};

type Line = Record<string, unknown>;

const memoryApi = (auth = false) => {
  const store = createMemoryStore();
  const api = createSandboxApi({
    engine: createMemoryEngine(),
    store,
    limits: { drainMs: 200 },
    auth: auth ? keyAuth([hashKey(key)]) : undefined,
  });
  return { api, store };
};

/** An API whose answers the test gives. */
const apiOf = (fetch: Servable["fetch"]): Servable => ({ fetch });

async function ask(url: string, options: RequestOptions & { body?: string } = {}) {
  const request = httpRequest(url, options);
  request.end(options.body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, text };
}

/** A key, and a certificate that it signed itself. */
function certificate() {
  const folder = mkdtempSync(join(tmpdir(), "porter-sandbox-tls-"));
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const how = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
  execFileSync("openssl", [...how.split(" "), "-keyout", keyFile, "-out", certFile], { stdio: "ignore" });
  const tls = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  rmSync(folder, { recursive: true });
  return tls;
}

const ended = (lines: Line[], operation: string) =>
  expect.poll(() => lines.find((line) => line.event === "request" && line.operation === operation)).toBeDefined();

describe("serving", () => {
  test("a client creates a sandbox, runs a command in it and reads a file over a real port", async () => {
    const { api } = memoryApi(true);
    const { url } = await start(api);
    const porter = new Porter({ baseUrl: url, apiKey: key });
    const volume = await porter.volumes.create({ name: "data" });
    const sandbox = await porter.sandboxes.create({ image: "a:1", volume_mounts: { "/data": volume.id } });
    expect(await sandbox.exec(["echo", "hello"])).toMatchObject({ stdout: "hello\n", exit_code: 0 });
    await volume.writeText("/a.txt", "content");
    expect(await volume.readText("/a.txt")).toBe("content");
    await sandbox.terminate();
  });

  test("a body that breaks off breaks the connection, and one that the reader leaves is cancelled", async () => {
    let cancelled = false;
    const { url } = await start(
      apiOf((request) => {
        let sent = false;
        const body = new ReadableStream<Uint8Array>({
          pull(controller) {
            if (sent && request.url.endsWith("/breaks")) throw new Error("broken");
            sent = true;
            controller.enqueue(new Uint8Array(1000));
          },
          cancel() {
            cancelled = true;
          },
        });
        return new Response(body);
      }),
    );
    await expect(fetch(`${url}/breaks`).then((response) => response.arrayBuffer())).rejects.toThrow();
    const response = await fetch(`${url}/endless`);
    await response.body?.cancel();
    await expect.poll(() => cancelled).toBe(true);
  });

  test("a client that goes away aborts the request's signal", async () => {
    let aborted = false;
    const { url, lines } = await start(
      apiOf(
        ({ signal }) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => {
              aborted = true;
              resolve(new Response());
            });
          }),
      ),
    );
    await expect(fetch(`${url}/healthz`, { signal: AbortSignal.timeout(50) })).rejects.toThrow();
    await expect.poll(() => aborted).toBe(true);
    await ended(lines, "healthz");
    expect(lines[0]).toMatchObject({ aborted: true });
    expect(lines[0]).not.toHaveProperty("status");
  });

  test("an API that throws is a 500 without its message, which is in the log", async () => {
    const { url, lines } = await start(apiOf(() => Promise.reject(new Error("inner detail"))));
    const { status, text, headers } = await ask(`${url}/healthz`);
    expect(status).toBe(500);
    expect(text).not.toContain("inner detail");
    const failure = lines.find(({ event }) => event === "failure");
    expect(failure).toMatchObject({
      level: "error",
      error: "Error: inner detail",
      request_id: headers["x-request-id"],
    });
  });

  test.each([
    ["a header that HTTP has no place for", () => new Response("x", { headers: { "X-Name": "a\x01b" } })],
    [
      "JSON that breaks off",
      () => {
        const body = new ReadableStream({ pull: () => Promise.reject(new Error("lost")) });
        return new Response(body, { headers: { "Content-Type": "application/json" } });
      },
    ],
  ])("an answer with %s is a 500, and in the log", async (_, answer) => {
    const { url, lines } = await start(apiOf(answer));
    const { status, text, headers } = await ask(`${url}/healthz`);
    expect([status, JSON.parse(text)]).toEqual([500, { error: expect.any(String), code: "internal" }]);
    const request_id = headers["x-request-id"];
    expect(lines.find(({ event }) => event === "failure")).toMatchObject({ level: "error", request_id });
  });

  test("goes on after its port had trouble with a connection", async () => {
    const listening = vi.spyOn(Server.prototype, "listen");
    const { url, lines } = await start(memoryApi().api);
    const server = listening.mock.contexts[0] as Server;
    listening.mockRestore();
    for (const code of ["EPERM", "ENOBUFS"]) server.emit("error", new Error(`accept ${code}`));
    expect((await ask(`${url}/healthz`)).status).toBe(200);
    expect(lines.filter(({ event }) => event === "failure").map(({ error }) => error)).toEqual([
      "Error: accept EPERM",
      "Error: accept ENOBUFS",
    ]);
  });

  test("a certificate of its own makes it HTTPS", async () => {
    const tls = certificate();
    const { url } = await start(
      apiOf(() => new Response("secure")),
      { tls },
    );
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const request = httpsRequest(url, { ca: tls.cert, servername: "localhost" });
    request.end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of response) text += chunk;
    expect(text).toBe("secure");
    await expect(
      start(
        apiOf(() => new Response()),
        { tls: { key: "no key", cert: tls.cert } },
      ),
    ).rejects.toThrow("tls: must be");
  });
});

test("a refused upload gets its answer, and its connection serves the next request, however late the rest comes", async () => {
  const { api } = memoryApi();
  const { port } = await start(api);
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  const size = 3 * 1024 * 1024;
  socket.write(
    `POST /v1/sandbox/run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n`,
  );
  socket.write(Buffer.alloc(size / 2));
  await expect.poll(() => text).toMatch(/^HTTP\/1\.1 413 .*body_too_large/s);
  await new Promise((resolve) => setTimeout(resolve, 700));
  socket.write(Buffer.alloc(size / 2));
  socket.write("\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await expect.poll(() => text).toMatch(/"ok"/);
  socket.destroy();
});

describe("starting", () => {
  test("a port that is taken is named", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    await expect(start(memoryApi().api, { port })).rejects.toThrow(
      `port: ${port} on 127.0.0.1 is taken by another program`,
    );
    other.close();
  });

  test.each([
    [{ port: 70_000 }, "port: must be a whole number from 0 to 65535 (got 70000)"],
    [{ port: 1.5 }, "port: must be"],
    [{ limits: { drainMs: -1 } }, "limits.drainMs: must be a whole number"],
    [{ limits: { nothing: 1 } as object }, "limits.nothing: is not a limit"],
    [{ host: "no host" }, 'host: must be an address or a name of this machine (got "no host")'],
    [{ host: "203.0.113.9" }, "host: 203.0.113.9"],
  ])("%o is refused", async (options, message) => {
    await expect(start(memoryApi(true).api, options)).rejects.toThrow(message);
  });

  test("an API without keys is served on loopback only, one with keys everywhere", async () => {
    for (const host of ["0.0.0.0", "::"]) {
      await expect(start(memoryApi().api, { host })).rejects.toThrow(`host: ${host} can be reached by others`);
    }
    const { url, port } = await start(memoryApi(true).api, { host: "0.0.0.0" });
    expect(url).toBe(`http://0.0.0.0:${port}`);
    expect((await ask(`http://127.0.0.1:${port}/v1/sandbox`)).status).toBe(401);
    expect((await start(memoryApi().api, { host: "localhost" })).url).toMatch(/^http:\/\/(127\.0\.0\.1|\[::1\]):\d+$/);
  });

  test("an API without keys answers to names of this machine only, whatever leads to its address", async () => {
    const { url, port } = await start(memoryApi().api);
    for (const name of ["localhost", "box.localhost", "127.0.0.1", "127.3.2.1", "[::1]"])
      expect((await ask(`${url}/v1/sandbox`, { headers: { host: `${name}:${port}` } })).status).toBe(200);
    for (const name of ["pages.example", "localhost.example", "127.0.0.1.example", "10.0.0.1"]) {
      const refused = await ask(`${url}/v1/sandbox`, { headers: { host: `${name}:${port}` } });
      expect([refused.status, refused.text]).toEqual([
        400,
        expect.stringContaining(`Host: must be a name of this machine`),
      ]);
    }
    const keyed = await start(memoryApi(true).api);
    const headers = { host: "sandboxes.example", authorization: `Bearer ${key}` };
    expect((await ask(`${keyed.url}/v1/sandbox`, { headers })).status).toBe(200);
  });

  test("an API that does not get ready is an error, and the port is free again", async () => {
    const engine = { ...createMemoryEngine(), inventory: () => Promise.reject(new Error("no engine there")) };
    const api = createSandboxApi({ engine });
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    await new Promise((resolve) => other.close(resolve));
    await expect(start(api, { port })).rejects.toThrow("the API did not get ready: no engine there");
    expect((await start(memoryApi().api, { port })).port).toBe(port);
  });
});

describe("closing", () => {
  test("waits for what is under way, answers 503 on kept connections, and refuses new ones", async () => {
    let finish: ((response: Response) => void) | undefined;
    let closedApi = false;
    const { url, close, port } = await start({
      fetch: ({ url }) =>
        url.endsWith("/slow")
          ? new Promise<Response>((resolve) => {
              finish = resolve;
            })
          : new Response("{}"),
      close: async () => {
        closedApi = true;
      },
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const other = new Agent({ keepAlive: true });
    expect((await ask(`${url}/healthz`, { agent })).status).toBe(200);
    const slow = ask(`${url}/slow`, { agent: other });
    await expect.poll(() => finish).toBeDefined();

    const closing = close();
    const refused = await ask(`${url}/v1/sandbox`, { agent });
    expect(refused.status).toBe(503);
    expect(refused.headers).toMatchObject({ "retry-after": "1", connection: "close" });
    expect(JSON.parse(refused.text)).toMatchObject({ code: "shutting_down" });
    const socket = connect(port, "127.0.0.1");
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNREFUSED");
    expect(closedApi).toBe(false);

    finish?.(new Response("done"));
    expect((await slow).text).toBe("done");
    await closing;
    expect(closedApi).toBe(true);
    agent.destroy();
    other.destroy();
  });

  test("a download under way is finished before the engine is let go", async () => {
    const order: string[] = [];
    let pieces = 0;
    const { url, close } = await start({
      fetch: () =>
        new Response(
          new ReadableStream<Uint8Array>({
            async pull(controller) {
              await new Promise((resolve) => setTimeout(resolve, 10));
              pieces += 1;
              if (pieces > 10) controller.close();
              else controller.enqueue(new Uint8Array(1000));
            },
          }),
        ),
      close: async () => void order.push("api closed"),
    });
    const response = await fetch(url);
    const closing = close();
    expect((await response.arrayBuffer()).byteLength).toBe(10_000);
    order.push("downloaded");
    await closing;
    expect(order.sort()).toEqual(["api closed", "downloaded"]);
  });

  test("what takes longer than the limit is cut, and its command killed", async () => {
    const { api } = memoryApi();
    const { url, close, lines } = await start(api, { limits: { drainMs: 100 } });
    const porter = new Porter({ baseUrl: url, maxRetries: 0 });
    const sandbox = await porter.sandboxes.create({ image: "a:1" });
    const exec = sandbox.exec(["sleep", "100"]);
    const failed = expect(exec).rejects.toThrow();
    await expect.poll(() => lines.some(({ operation }) => operation === "createSandbox")).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const began = performance.now();
    await close();
    await failed;
    expect(performance.now() - began).toBeLessThan(5000);
    expect(lines.some(({ event }) => event === "cut")).toBe(true);
    await close();
  });
});

describe("limits", () => {
  const readAll = async (socket: Socket): Promise<string> => {
    let text = "";
    for await (const chunk of socket) text += chunk;
    return text;
  };

  test("headers that do not come are given up on with a 408", async () => {
    const { port } = await start(memoryApi().api, { limits: { headersMs: 100 } });
    const socket = connect(port, "127.0.0.1");
    socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 408 .*X-Request-Id: req-.*"code":"invalid_request"/s);
  });

  test("a TLS handshake that does not come is given up on", async () => {
    const { port } = await start(memoryApi(true).api, { tls: certificate(), limits: { headersMs: 100 } });
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {}).resume();
    await once(socket, "close");
  });

  test("a client that is given up on, and does not hang up, keeps its connection for a moment only", async () => {
    const { port, url } = await start(memoryApi().api, { limits: { headersMs: 100, connections: 1 } });
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 408 /);
    const status = () => ask(`${url}/healthz`).then((answer) => answer.status, String);
    await expect.poll(status, { timeout: 5000 }).toBe(200);
    socket.destroy();
  });

  test("a body that does not come is given up on", async () => {
    const { port } = await start(memoryApi().api, { limits: { headersMs: 100, requestMs: 200 } });
    const socket = connect(port, "127.0.0.1");
    socket.write("POST /v1/sandbox/run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{");
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("idle connections are closed", async () => {
    const { port } = await start(memoryApi().api, { limits: { idleMs: 100 } });
    const socket = connect(port, "127.0.0.1");
    socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("connections over the limit are refused", async () => {
    const { port, lines } = await start(memoryApi().api, { limits: { connections: 1 } });
    const first = connect(port, "127.0.0.1");
    await once(first, "connect");
    const second = connect(port, "127.0.0.1");
    second.on("error", () => {});
    await once(second, "close");
    expect(lines.some(({ event, limit }) => event === "connection_refused" && limit === 1)).toBe(true);
    first.destroy();
  });

  test.each([
    ["what is not HTTP", "HELLO\r\n\r\n", 400],
    ["headers that are too large", `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
    ["a malformed host", "GET / HTTP/1.1\r\nHost: localhost b/c\r\nConnection: close\r\n\r\n", 400],
    ["no host", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
    ["an empty host", "GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", 400],
    ["no host beside a whole URL", "GET http://localhost/healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
    ["a target that is no path", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400],
    [
      "an expectation that nobody knows",
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nConnection: close\r\n\r\n",
      417,
    ],
  ])("%s is refused in JSON, with a request id", async (_, text, status) => {
    const { port } = await start(memoryApi().api);
    const socket = connect(port, "127.0.0.1");
    socket.write(text);
    const answer = await readAll(socket);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/^X-Request-Id: req-[\w-]+\r$/im);
    expect(answer).toMatch(/^Content-Type: application\/json\r$/im);
    const [, body = ""] = answer.split("\r\n\r\n");
    expect(JSON.parse(body)).toEqual({ error: expect.any(String), code: "invalid_request" });
  });

  test("a probe of HTTP/1.0, which names no host, is answered", async () => {
    const { port, lines } = await start(memoryApi().api);
    const socket = connect(port, "127.0.0.1");
    socket.write("GET /healthz HTTP/1.0\r\n\r\n");
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 200 .*"ok"/s);
    await ended(lines, "healthz");
  });

  test("what was refused for its expectation is in the log, under its own id", async () => {
    const { url, lines } = await start(memoryApi().api);
    const headers = { Expect: "tea", "X-Request-Id": "mine-1" };
    const { status, headers: answered } = await ask(`${url}/healthz`, { headers });
    expect([status, answered["x-request-id"]]).toEqual([417, "mine-1"]);
    await ended(lines, "healthz");
    expect(lines[0]).toMatchObject({ request_id: "mine-1", status: 417 });
  });
});

describe("logs", () => {
  test("one line a request says what it was, how it ended and how long it took", async () => {
    const { url, lines } = await start(memoryApi().api);
    const { text } = await ask(`${url}/v1/sandbox/sbx-none`, { headers: { "X-Request-Id": "mine-1" } });
    await ended(lines, "getSandbox");
    expect(lines).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        level: "info",
        event: "request",
        request_id: "mine-1",
        method: "GET",
        operation: "getSandbox",
        route: "/v1/sandbox/{id}",
        id: "sbx-none",
        status: 404,
        ms: expect.any(Number),
        bytes: Buffer.byteLength(text),
      },
    ]);
  });

  test("keys, environments, queries and bodies are in none of them", async () => {
    const lines: string[] = [];
    const { api } = memoryApi(true);
    const { url } = await start(api, { log: (line) => lines.push(line) });
    const porter = new Porter({ baseUrl: url, apiKey: key });
    const sandbox = await porter.sandboxes.create({ image: "a:1", env: { A: "hunter2" }, tags: { t: "hunter2" } });
    await sandbox.exec(["echo", "hunter2"]);
    await porter.sandboxes.list({ tags: { t: "hunter2" }, search: "hunter2" });
    await ask(`${url}/hunter2?key=hunter2`, {
      headers: { Authorization: "Bearer hunter2", "X-Request-Id": "hunter2 {}" },
    });
    await expect.poll(() => lines.length).toBeGreaterThanOrEqual(4);
    const text = lines.join("\n");
    expect(text).not.toContain("hunter2");
    expect(text).not.toContain(key);
  });

  test("a sink that throws does not stop the server", async () => {
    const { url } = await start(memoryApi().api, {
      log: () => {
        throw new Error("full");
      },
    });
    expect((await ask(`${url}/healthz`)).status).toBe(200);
    expect((await ask(`${url}/healthz`)).status).toBe(200);
  });
});

describe("metrics", () => {
  test("tell of requests, sandboxes and the process, to who may use the API", async () => {
    const { api, store } = memoryApi(true);
    const { url } = await start(api, { store });
    const porter = new Porter({ baseUrl: url, apiKey: key });
    const sandbox = await porter.sandboxes.create({ image: "a:1" });
    await sandbox.exec(["true"]);
    expect((await ask(`${url}/metrics`)).status).toBe(401);
    const { status, text, headers } = await ask(`${url}/metrics`, { headers: { Authorization: `Bearer ${key}` } });
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(text).toContain('porter_sandbox_sandboxes{phase="running"} 1\n');
    expect(text).toContain("porter_sandbox_sandboxes_live 1\n");
    expect(text).toContain('porter_sandbox_http_requests_total{operation="createSandbox",status="200"} 1\n');
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    if (process.platform === "linux") expect(text).toMatch(/^process_open_fds \d+$/m);
    for (const line of text.trimEnd().split("\n"))
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? [\d.e+-]+)$/);
  });

  test("can be left out", async () => {
    const { url } = await start(memoryApi().api, { metrics: false });
    expect((await ask(`${url}/metrics`)).status).toBe(404);
  });
});
