// The other side of the wire: a plain node:http server in a process of its own that answers canned bytes as a Sandbox API
// would. It does as little as it can, since its time counts for every subject alike.
import { fork } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";

export const fileBytes = 256 * 2 ** 20;

const created = "2026-01-02T03:04:05.678Z";
const sandbox = JSON.stringify({
  id: "sb-01k4z6w0q8",
  name: "bench-sandbox",
  volume_mounts: { "/data": "vol-01k4z6w0q9" },
});
const status = JSON.stringify({
  id: "sb-01k4z6w0q8",
  name: "bench-sandbox",
  image: "python:3.12-slim",
  tags: { workflow: "bench", owner: "nobody" },
  phase: "running",
  created_at: created,
  started_at: created,
  host: "",
  volume_mounts: { "/data": "vol-01k4z6w0q9" },
});
const volume = JSON.stringify({
  id: "vol-01k4z6w0q9",
  name: "bench-volume",
  type: "disk",
  path: "sandbox-vol-01k4z6w0q9",
  phase: "ready",
  attached_to: [],
  created_at: created,
});

const json = (response: ServerResponse, body: string) =>
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) }).end(body);

const block = Buffer.alloc(64 * 1024, "sandbox ");

/** `length` bytes of the file from `start`; node:stream waits for a slow reader. */
function fileContent(start: number, length: number): Readable {
  let at = start;
  const end = start + length;
  return new Readable({
    highWaterMark: 4 * block.length,
    read() {
      if (at >= end) return void this.push(null);
      const offset = at % block.length;
      const chunk = block.subarray(offset, Math.min(block.length, offset + end - at));
      at += chunk.length;
      this.push(chunk);
    },
  });
}

function sendFile(request: IncomingMessage, response: ServerResponse): void {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const start = Number(first ?? 0);
  const end = Math.min(last ? Number(last) : fileBytes - 1, fileBytes - 1);
  const headers = { "Content-Type": "application/octet-stream", "Content-Length": end - start + 1 };
  if (first === undefined) response.writeHead(200, headers);
  else response.writeHead(206, { ...headers, "Content-Range": `bytes ${start}-${end}/${fileBytes}` });
  fileContent(start, end - start + 1).pipe(response);
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { method, url = "" } = request;
  if (url.includes("/files/content")) {
    if (method === "GET") sendFile(request, response);
    else request.on("end", () => response.writeHead(204).end()).resume();
  } else if (method === "POST") {
    request.on("end", () => json(response, url.endsWith("/run") ? sandbox : volume)).resume();
  } else if (url.startsWith("/v1/sandbox/")) json(response, status);
  else if (url.startsWith("/v1/volume/lookup")) json(response, JSON.stringify({ id: "vol-01k4z6w0q9" }));
  else if (url.startsWith("/v1/volume/")) json(response, volume);
  else
    response.writeHead(404, { "Content-Type": "application/json" }).end('{"error":"no such path","code":"not_found"}');
}

export interface LoadServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a server in a child process: this one, or another module that tells its URL in the same way. */
export async function startServer(module = import.meta.filename): Promise<LoadServer> {
  const child = fork(module, { execArgv: [] });
  const url = await new Promise<string>((resolve, reject) => {
    child.once("message", (address) => resolve(String(address)));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the load server ended with exit code ${code}`)));
  });
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.kill();
      }),
  };
}

if (import.meta.main && process.send) {
  const server = createServer({ keepAliveTimeout: 60_000 }, answer);
  server.listen(0, "127.0.0.1", () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  // The benchmark that started this is gone: so is the reason to stay.
  process.on("disconnect", () => process.exit(0));
}
