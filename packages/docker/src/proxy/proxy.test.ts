import { once } from "node:events";
import http, { type IncomingMessage, type RequestListener } from "node:http";
import net, { type AddressInfo } from "node:net";
import { systemClock } from "@porter-sandbox/spec";
import { afterEach, describe, expect, it } from "vitest";
import { createProxy, type ProxySettings } from "./proxy.ts";
import { createRoutes, inRanges } from "./routes.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listening(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket) => sockets.add(socket.on("error", () => {})));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A proxy before one sandbox, `web.localhost`, whose port is this server's. */
async function before(upstream: net.Server | undefined, settings: Partial<ProxySettings> = {}) {
  const routes = createRoutes();
  const proxy = createProxy({
    host: "127.0.0.1",
    port: 0,
    idleMs: 5_000,
    clock: systemClock,
    routes,
    isShutOut: () => false,
    ...settings,
  });
  const port = await proxy.open();
  closing.push(() => proxy.close());
  const route = routes.add("sbx-1", ["web.localhost"], "public");
  if (upstream !== undefined) route.target = { address: "127.0.0.1", port: await listening(upstream) };
  return { proxy, port, routes, route };
}

const echo: RequestListener = (request, response) => {
  const { method, url, rawHeaders } = request;
  const parts: Buffer[] = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () =>
    response.end(JSON.stringify({ method, url, rawHeaders, body: Buffer.concat(parts).toString() })),
  );
};

interface Asked {
  readonly status: number;
  readonly message: IncomingMessage;
  readonly text: string;
}

function ask(port: number, options: http.RequestOptions = {}, body?: string | Buffer): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const headers = { Host: "web.localhost", ...(options.headers as Record<string, string>) };
    const request = http.request({ host: "127.0.0.1", port, agent: false, ...options, headers }, (message) => {
      let text = "";
      message.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      message.on("error", reject);
      message.on("end", () => resolve({ status: message.statusCode ?? 0, message, text }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** Everything that comes back for these bytes until the connection ends, or is quiet for a moment. */
function raw(port: number, text: string, quietMs = 150): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1");
    let said = "";
    socket.setTimeout(quietMs, () => socket.destroy());
    socket.on("data", (part) => {
      said += part.toString("latin1");
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(said));
    socket.write(text, "latin1");
  });
}

const linesOf = (rawHeaders: string[]) =>
  rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name.toLowerCase()}: ${rawHeaders[at + 1]}`] : []));

describe("a request through the proxy", () => {
  it("arrives as it was sent, and so does its answer", async () => {
    const { port } = await before(
      http.createServer((request, response) => {
        response.statusCode = 201;
        response.statusMessage = "Made";
        response.setHeader("Set-Cookie", ["a=1", "b=2"]);
        echo(request, response);
      }),
    );
    const { status, message, text } = await ask(port, { method: "PUT", path: "/a%2Fb/../c?d=1&d=2" }, "hello");
    expect([status, message.statusMessage, message.headers["set-cookie"]]).toEqual([201, "Made", ["a=1", "b=2"]]);
    expect(JSON.parse(text)).toMatchObject({ method: "PUT", url: "/a%2Fb/../c?d=1&d=2", body: "hello" });
  });

  it("tells the sandbox who asks and for which host, whatever the client says of that", async () => {
    const { port } = await before(http.createServer(echo));
    const headers = {
      Host: `WEB.localhost:${port}`,
      "X-Forwarded-For": "203.0.113.9",
      "X-Forwarded-Host": "evil.example",
      Forwarded: "for=203.0.113.9",
      "X-Real-IP": "203.0.113.9",
      "X-Own": "kept",
    };
    const lines = linesOf(JSON.parse((await ask(port, { headers })).text).rawHeaders);
    expect(lines).toEqual(
      expect.arrayContaining([
        `host: WEB.localhost:${port}`,
        "x-forwarded-for: 127.0.0.1",
        `x-forwarded-host: WEB.localhost:${port}`,
        "x-forwarded-proto: http",
        "x-own: kept",
      ]),
    );
    expect(lines.filter((line) => /203\.0\.113\.9|evil/.test(line))).toEqual([]);
  });

  it("hands nothing on that is between two neighbours", async () => {
    const { port } = await before(
      http.createServer((request, response) => {
        response.setHeader("Connection", "close, X-Answer-Hop");
        response.setHeader("X-Answer-Hop", "leaks");
        response.setHeader("Keep-Alive", "timeout=77");
        response.setHeader("Proxy-Authenticate", "Basic");
        response.setHeader("X-End", "kept");
        echo(request, response);
      }),
    );
    const said = await raw(
      port,
      "GET / HTTP/1.1\r\nHost: web.localhost\r\nConnection: keep-alive, X-Hop, Content-Length, X-Forwarded-For\r\nX-Hop: leaks\r\n" +
        "Proxy-Authorization: Basic secret\r\nProxy-Connection: keep-alive\r\nKeep-Alive: 5\r\nTE: trailers\r\nTrailer: X\r\n" +
        "Content-Length: 2\r\n\r\nok",
    );
    const [head = "", body = ""] = said.split("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.1 200 /);
    expect(head).toContain("X-End: kept");
    expect(head).not.toMatch(/X-Answer-Hop|timeout=77|Proxy-Authenticate|Connection: close/i);
    const seen = JSON.parse(/\{.*\}/.exec(body)?.[0] ?? "");
    expect(seen.body).toBe("ok");
    const names = linesOf(seen.rawHeaders).map((line) => line.split(":")[0]);
    expect(names.sort()).toEqual(
      ["connection", "content-length", "host", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"].sort(),
    );
  });

  it("streams both ways at once", async () => {
    const { port } = await before(http.createServer((request, response) => void request.pipe(response)));
    const request = http.request({ host: "127.0.0.1", port, method: "POST", headers: { Host: "web.localhost" } });
    const answered = new Promise<IncomingMessage>((resolve) => request.once("response", resolve));
    request.write("first");
    const answer = await answered;
    const next = () => new Promise<string>((resolve) => answer.once("data", (part) => resolve(String(part))));
    expect(await next()).toBe("first");
    request.write("second");
    expect(await next()).toBe("second");
    const ended = new Promise((resolve) => answer.once("end", resolve));
    request.end();
    await ended;
    expect(answer.headers["content-length"]).toBeUndefined();
  });

  it("carries a large body with its length, and one without a body with none", async () => {
    const { port } = await before(
      http.createServer((request, response) => {
        let bytes = 0;
        request.on("data", (part: Buffer) => {
          bytes += part.length;
        });
        request.on("end", () =>
          response.end(`${bytes} ${request.headers["content-length"]} ${request.headers["transfer-encoding"]}`),
        );
      }),
    );
    const large = Buffer.alloc(5 * 1024 * 1024, "x");
    expect((await ask(port, { method: "POST" }, large)).text).toBe(`${large.length} ${large.length} undefined`);
    expect((await ask(port, { method: "GET" })).text).toBe("0 undefined undefined");
    expect((await ask(port, { method: "DELETE", headers: { "Transfer-Encoding": "chunked" } }, "abc")).text).toBe(
      "3 undefined chunked",
    );
  });

  it("keeps the client's connection for the next request, to another sandbox too", async () => {
    const { port, routes } = await before(http.createServer((_request, response) => void response.end("one")));
    const other = routes.add("sbx-2", ["other.localhost"], "public");
    other.target = { address: "127.0.0.1", port: await listening(http.createServer((_q, a) => void a.end("two"))) };
    const get = (host: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const said = await raw(port, get("web.localhost") + get("other.localhost") + get("nobody.localhost"));
    expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 404"]);
    expect(said).toMatch(/one[\s\S]*two[\s\S]*no sandbox answers/);
  });

  it("is asked for its body when the sandbox is there, and only then", async () => {
    const { port } = await before(http.createServer(echo));
    const head = (host: string) =>
      `POST / HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`;
    expect(await raw(port, head("web.localhost"))).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    expect(await raw(port, head("nobody.localhost"))).toMatch(/^HTTP\/1\.1 404 /);
    const { text } = await ask(port, { method: "POST", headers: { Expect: "100-continue" } }, "ok");
    expect(JSON.parse(text).body).toBe("ok");
    expect(text.toLowerCase()).not.toContain("expect");
  });

  it("answers a HEAD without a body", async () => {
    const { port } = await before(
      http.createServer((_request, response) => void response.setHeader("Content-Length", 42).end()),
    );
    const { status, message, text } = await ask(port, { method: "HEAD" });
    expect([status, message.headers["content-length"], text]).toEqual([200, "42", ""]);
  });
});

describe("what the proxy answers itself", () => {
  it("is a 404 for a name that nobody has, and for none", async () => {
    const { port } = await before(http.createServer(echo));
    for (const host of ["nobody.localhost", "localhost", "127.0.0.1", "web.localhost.evil.example", "a b", "[::1]"]) {
      const { status, text } = await ask(port, { headers: { Host: host } });
      expect([status, text], host).toEqual([404, "no sandbox answers to this name\n"]);
    }
    expect((await ask(port, { headers: { Host: `Web.LOCALHOST.:${port}` } })).status).toBe(200);
  });

  it("is a 503 while the sandbox starts, and a 502 when nothing answers on its port", async () => {
    const { port, route } = await before(undefined);
    const starting = await ask(port);
    expect([starting.status, starting.message.headers["retry-after"]]).toEqual([503, "1"]);
    const gone = net.createServer();
    const free = await listening(gone);
    await new Promise((resolve) => gone.close(resolve));
    route.target = { address: "127.0.0.1", port: free };
    expect(await ask(port)).toMatchObject({ status: 502, text: "nothing in the sandbox answers on its port\n" });
    expect(await ask(port, { method: "POST" }, "x".repeat(200_000))).toMatchObject({ status: 502 });
  });

  it("is a 504 when the sandbox says nothing", async () => {
    const { port } = await before(
      net.createServer(() => {}),
      { idleMs: 100 },
    );
    expect(await ask(port)).toMatchObject({ status: 504 });
  });

  it.each([
    ["is not HTTP", "SSH-2.0-server\r\n"],
    ["has too many headers", `HTTP/1.1 200 OK\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`],
    ["can be read in two ways", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    [
      "changes the protocol unasked",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n",
    ],
    ["changes the protocol to none", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    ["has a status that there is not", "HTTP/1.1 0 None\r\n\r\n"],
    ["has a control byte in its reason", "HTTP/1.1 200 \x01\r\n\r\n"],
    ["has one in the reason of no body", "HTTP/1.1 204 \x7f\r\n\r\n"],
    ["has one in a header", "HTTP/1.1 200 OK\r\nX: \x01\r\n\r\n"],
  ])("is a 502 for an answer that %s, to a request and to one for an upgrade", async (_, answer) => {
    const { port } = await before(
      net.createServer((socket) => socket.once("data", () => socket.write(answer, "latin1"))),
    );
    expect(await ask(port)).toMatchObject({ status: 502, text: "the sandbox's answer is not HTTP\n" });
    const upgrade = "GET / HTTP/1.1\r\nHost: web.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    if (answer.includes("Upgrade: other")) return;
    expect(await raw(port, upgrade, 5_000)).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
  });

  it("is never a whole answer in place of one that was cut short", async () => {
    const partial = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    const { port } = await before(net.createServer((socket) => socket.once("data", () => socket.end(partial))));
    await expect(ask(port)).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  });

  it("refuses what two servers could read in two ways", async () => {
    const reached: string[] = [];
    const { port } = await before(
      http.createServer((request, response) => {
        reached.push(request.url ?? "");
        response.end();
      }),
    );
    const cases: [bytes: string, status: number][] = [
      [
        "POST / HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
      ],
      ["POST / HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400],
      ["POST / HTTP/1.1\r\nHost: web.localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501],
      ["POST / HTTP/1.1\r\nHost: web.localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400],
      ["GET / HTTP/1.1\r\nHost: web.localhost\r\nHost: nobody.localhost\r\n\r\n", 400],
      ["GET / HTTP/1.1\r\n\r\n", 400],
      ["GET / HTTP/1.0\r\n\r\n", 400],
      ["GET http://web.localhost/ HTTP/1.1\r\nHost: web.localhost\r\n\r\n", 400],
      [`GET / HTTP/1.1\r\nHost: web.localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
    ];
    for (const [bytes, status] of cases) {
      expect(await raw(port, bytes), bytes.slice(0, 120)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    }
    expect(await raw(port, "CONNECT web.localhost:80 HTTP/1.1\r\nHost: web.localhost\r\n\r\n")).toBe("");
    expect(reached).toEqual([]);
  });

  it("counts no headers, so that none after the two thousandth is lost", async () => {
    const upstream = http.createServer(echo);
    upstream.maxHeadersCount = 0;
    const { port } = await before(upstream);
    const many = "a:\r\n".repeat(2_500);
    const said = await raw(port, `GET / HTTP/1.1\r\nHost: web.localhost\r\n${many}Content-Length: 5\r\n\r\nGET /`, 400);
    expect(said).toContain('"body":"GET /"');
  });

  it("lets nobody in from where it is shut", async () => {
    const { port } = await before(http.createServer(echo), { isShutOut: inRanges(["127.0.0.0/8"]) });
    await expect(ask(port)).rejects.toThrow();
  });
});

describe("a private name", () => {
  it("answers this machine, and nobody that another proxy speaks for", async () => {
    const { port, routes } = await before(undefined);
    const route = routes.add("sbx-2", ["own.localhost"], "private");
    route.target = { address: "127.0.0.1", port: await listening(http.createServer(echo)) };
    expect((await ask(port, { headers: { Host: "own.localhost" } })).status).toBe(200);
    for (const name of ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"]) {
      expect((await ask(port, { headers: { Host: "own.localhost", [name]: "x" } })).status, name).toBe(404);
    }
  });
});

describe("an upgrade", () => {
  const upgrading = (extra = "") =>
    `GET /live HTTP/1.1\r\nHost: web.localhost\r\nConnection: Upgrade, X-Hop\r\nX-Hop: leaks\r\nUpgrade: websocket\r\n${extra}\r\n`;
  const switching = () =>
    http.createServer(echo).on("upgrade", (request: IncomingMessage, socket, head: Buffer) => {
      const seen = linesOf(request.rawHeaders).join("|");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Seen: ${seen}\r\n\r\n`,
      );
      socket.write(head);
      socket.pipe(socket);
    });

  it("is handed on, and then the bytes both ways", async () => {
    const { port } = await before(switching());
    const said = await raw(port, `${upgrading()}early`);
    const [head = "", body] = said.split("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.1 101 [\s\S]*Upgrade: websocket/);
    expect(head).toContain("connection: Upgrade|upgrade: websocket");
    expect(head).not.toContain("leaks");
    expect(body).toBe("early");
  });

  it("works with a WebSocket client", async () => {
    const { createHash } = await import("node:crypto");
    const { port, routes, route } = await before(
      http.createServer().on("upgrade", (request: IncomingMessage, socket) => {
        const accept = createHash("sha1")
          .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
          .digest("base64");
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
        socket.once("data", () => socket.write(Buffer.from([0x81, 5, ...Buffer.from("hello")])));
      }),
    );
    // A client that cannot choose its Host asks for the address.
    const named = routes.add("sbx-2", ["localhost"], "public");
    named.target = route.target;
    const socket = new WebSocket(`ws://localhost:${port}/`);
    socket.addEventListener("open", () => socket.send("anyone?"));
    const message = await new Promise((resolve, reject) => {
      socket.addEventListener("message", ({ data }) => resolve(data));
      socket.addEventListener("error", reject);
    });
    expect(message).toBe("hello");
    socket.close();
  });

  it("that the sandbox does not want is answered as it answers", async () => {
    const { port } = await before(http.createServer((_request, response) => void response.writeHead(426).end("no")));
    const said = await raw(port, upgrading());
    expect(said).toMatch(/^HTTP\/1\.1 426 [\s\S]*Connection: close/);
    expect(said).toContain("no");
  });

  it("is not handed on with a control byte in its reason", async () => {
    const answer = "HTTP/1.1 101 \x01\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    const { port } = await before(net.createServer((socket) => socket.once("data", () => socket.write(answer))));
    expect(await raw(port, upgrading(), 5_000)).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
  });

  it("with a body, or to HTTP/2, is an ordinary request", async () => {
    const { port } = await before(switching());
    expect(await raw(port, `${upgrading("Content-Length: 2\r\n")}ok`)).toMatch(/^HTTP\/1\.1 200 [\s\S]*"body":"ok"/);
    expect(await raw(port, upgrading().replace("websocket", "h2c"))).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("is refused as a request is", async () => {
    const { port, route } = await before(undefined);
    expect(await raw(port, upgrading())).toMatch(/^HTTP\/1\.1 503 /);
    route.target = { address: "127.0.0.1", port: 1 };
    expect(await raw(port, upgrading())).toMatch(/^HTTP\/1\.1 502 /);
    expect(await raw(port, upgrading().replace("web.", "nobody."))).toMatch(/^HTTP\/1\.1 404 /);
  });

  it("that came to nothing is let go, also by who does not hang up", async () => {
    const { port } = await before(http.createServer(echo));
    for (const host of ["web.localhost", "nobody.localhost"]) {
      const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      socket.on("error", () => {}).resume();
      socket.write(upgrading().replace("web.localhost", host));
      await new Promise((resolve) => socket.once("end", resolve));
      // What is written to a connection that nobody holds is answered with its reset.
      const poke = () => {
        socket.write("x");
        return socket.closed;
      };
      await expect.poll(poke, { timeout: 4_000 }).toBe(true);
    }
  });

  it("ends with the sandbox, and so does what is under way", async () => {
    const { port, routes } = await before(switching());
    const open = net.connect(port, "127.0.0.1");
    open.write(upgrading());
    const [said] = await once(open, "data");
    expect(String(said)).toMatch(/^HTTP\/1\.1 101 /);
    const silent = net.createServer(() => {});
    const other = await before(silent);
    const waiting = ask(other.port);
    await once(silent, "connection");
    const ended = once(open.resume(), "close");
    routes.remove("sbx-1");
    other.routes.remove("sbx-1");
    await ended;
    expect((await waiting).status).toBe(502);
    expect((await ask(port)).status).toBe(404);
  });
});

describe("the proxy's port", () => {
  it("is the one it had when that is free, else another", async () => {
    const first = await before(undefined);
    await first.proxy.close();
    const [one, two] = [await before(undefined), await before(undefined)];
    await one.proxy.close();
    await two.proxy.close();
    expect(await one.proxy.open(first.port)).toBe(first.port);
    expect(await two.proxy.open(first.port)).not.toBe(first.port);
  });

  it("is said to be taken when it was asked for", async () => {
    const taken = await listening(net.createServer());
    const routes = createRoutes();
    const settings = {
      host: "127.0.0.1",
      port: taken,
      idleMs: 1_000,
      clock: systemClock,
      routes,
      isShutOut: () => false,
    };
    const proxy = createProxy(settings);
    await expect(proxy.open()).rejects.toThrow(`proxy: 127.0.0.1 port ${taken} cannot be listened on (EADDRINUSE)`);
    await proxy.close();
  });
});

describe("routes", () => {
  it("give a name to one sandbox at a time", () => {
    const routes = createRoutes();
    routes.add("a", ["a.localhost", "shop.test"], "public");
    expect(() => routes.add("b", ["b.localhost", "shop.test"], "public")).toThrow("shop.test leads to another sandbox");
    expect(routes.find("b.localhost")).toBeUndefined();
    routes.remove("a");
    routes.add("b", ["b.localhost", "shop.test"], "public");
    expect([routes.owner("shop.test"), routes.owner("a.localhost")]).toEqual(["b", undefined]);
  });
});
