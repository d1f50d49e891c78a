import { mkdir, mkdtemp, open, rm, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { download, Porter, upload, type Volume } from "../index.ts";

const MIB = 2 ** 20;
/** Four files in flight at once: one that kept what it sends or receives would hold far more than is allowed. */
const FILES = 4;
const FILE_BYTES = 96 * MIB;
/** With room for what is not collected yet. */
const ALLOWED_BYTES = 256 * MIB;

const block = Buffer.alloc(64 * 1024, "a file of many bytes ");
let received = 0;

/** A volume of large files, over HTTP in this process: it takes and gives bytes, and keeps none. */
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const { method, url = "" } = request;
  const json = (value: unknown) => response.end(JSON.stringify(value));
  if (method === "PUT") {
    request.on("data", (piece: Buffer) => {
      received += piece.length;
    });
    request.on("end", () => response.writeHead(204).end());
  } else if (url.includes("/files/content")) {
    response.setHeader("content-length", FILE_BYTES);
    Readable.from(Array.from({ length: FILE_BYTES / block.length }, () => block)).pipe(response);
  } else if (url.includes("/files")) {
    const entry = (at: number) => ({ name: `${at}.bin`, type: "file", size_bytes: FILE_BYTES });
    json({ path: "/tree", entries: Array.from({ length: FILES }, (_, at) => entry(at)), truncated: false });
  } else {
    const [created_at, path] = ["2026-01-02T03:04:05Z", "vol-1"];
    json({ id: "vol-1", name: "large", type: "disk", path, phase: "ready", attached_to: [], created_at });
  }
});

let folder: string;
let porter: Porter;
let volume: Volume;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  porter = new Porter({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  volume = (await porter.volumes.getById("vol-1")) as Volume;
  folder = await mkdtemp(join(tmpdir(), "porter-sandbox-memory-"));
});

afterAll(async () => {
  porter.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

/** The most memory of JavaScript's, buffers included, that `work` has beyond what there was before. */
async function mostHeld(work: () => Promise<unknown>): Promise<number> {
  const used = () => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  let most = 0;
  const sampling = setInterval(() => {
    most = Math.max(most, used() - before);
  }, 5);
  await work();
  clearInterval(sampling);
  return most;
}

test("a tree of 384 MiB is sent in bounded memory", async () => {
  const tree = join(folder, "up");
  await mkdir(tree);
  for (let at = 0; at < FILES; at++) {
    const file = await open(join(tree, `${at}.bin`), "w");
    await file.truncate(FILE_BYTES);
    await file.close();
  }
  const held = await mostHeld(() => upload(volume, tree, "/tree"));
  expect(received).toBe(FILES * FILE_BYTES);
  expect(held).toBeLessThan(ALLOWED_BYTES);
});

test("a tree of 384 MiB is received in bounded memory", async () => {
  const held = await mostHeld(() => download(volume, "/tree", join(folder, "down")));
  for (let at = 0; at < FILES; at++) expect((await stat(join(folder, "down", `${at}.bin`))).size).toBe(FILE_BYTES);
  expect(held).toBeLessThan(ALLOWED_BYTES);
});
