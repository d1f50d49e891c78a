import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { findPlace } from "./place.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Something that answers as a Docker engine with these images does, for as long as nothing is made on it. */
async function engineWith(images: readonly string[], listen: (server: Server) => string): Promise<string> {
  const server = createServer((request, response) => {
    const image = /\/images\/(.+)\/json$/.exec(request.url ?? "")?.[1];
    const known = request.url === "/_ping" || (image !== undefined && images.includes(image));
    response.writeHead(known ? 200 : 404, { "Api-Version": "1.41", "Content-Type": "application/json" });
    response.end(JSON.stringify(known ? { Id: "x" } : { message: "there is no such thing" }));
  });
  const host = listen(server);
  await new Promise((resolve) => server.once("listening", resolve));
  closing.push(() => server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? `tcp://127.0.0.1:${address.port}` : host;
}

function socketFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "quickstart-"));
  closing.push(() => rmSync(folder, { recursive: true }));
  return join(folder, "d.sock");
}
const onSocket = (server: Server) => {
  const file = socketFile();
  server.listen(file);
  return `unix://${file}`;
};
const onTcp = (server: Server) => {
  server.listen(0, "127.0.0.1");
  return "";
};

async function why(environment: Record<string, string>): Promise<string> {
  const place = await findPlace(environment);
  closing.push(() => place.close());
  expect((await place.fetch("http://api.test/readyz")).status).toBe(200);
  expect(place.why).not.toContain("\n");
  return place.why;
}

describe("the quickstart runs on the embedded engine, and says why", () => {
  it("when no engine is there", async () => {
    const file = socketFile();
    expect(await why({ DOCKER_HOST: `unix://${file}` })).toMatch(
      new RegExp(`^on the embedded engine .*the Docker engine at ${file} does not answer: connect ENOENT`),
    );
  });
  it("when the engine takes connections and never answers", async () => {
    const file = socketFile();
    const mute = createSocket(() => {}).listen(file);
    closing.push(() => mute.close());
    expect(await why({ DOCKER_HOST: `unix://${file}` })).toMatch(
      /embedded.*does not answer: nothing came within 3000 ms/,
    );
  });
  it("when DOCKER_HOST is nonsense", async () => {
    expect(await why({ DOCKER_HOST: "nonsense" })).toMatch(/embedded.*host: must be unix:/);
  });
  it("when the engine has no image, which is not pulled", async () => {
    const host = await engineWith(["python:3.12-slim"], onSocket);
    expect(await why({ DOCKER_HOST: host })).toMatch(
      /embedded.*has none of the images busybox:1.*docker pull busybox:1/,
    );
  });
  it("when the packet filter is out of reach, and nobody said that it may be left out", async () => {
    const host = await engineWith(["busybox:1"], onTcp);
    expect(await why({ DOCKER_HOST: host })).toMatch(
      /embedded.*egress cannot be enforced here, since .*set QUICKSTART_EGRESS=unenforced/,
    );
  });
  it("when the engine is there and a sandbox does not start on it", async () => {
    const host = await engineWith(["busybox:1"], onTcp);
    expect(await why({ DOCKER_HOST: host, QUICKSTART_EGRESS: "unenforced" })).toMatch(
      /embedded.*did not start on it: there is no such thing/,
    );
  });
});
