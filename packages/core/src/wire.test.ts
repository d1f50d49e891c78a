/** On real sockets: what is cancelled really stops, and answers of any kind end in a value or a typed error. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { json, volumeFields } from "../test/answers.ts";
import { rejection, setUp } from "../test/scripted-client.ts";
import { StepClock } from "../test/step-clock.ts";
import { isSandboxError, Porter, type PorterOptions, type Volume } from "./index.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(listener: RequestListener, options?: PorterOptions): Promise<Porter> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const { port } = started.address() as AddressInfo;
  return new Porter({ baseUrl: `http://127.0.0.1:${port}/base/`, ...options });
}

describe("on the wire", () => {
  it("an aborted call closes its connection", async () => {
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const controller = new AbortController();
    const porter = await serve((request) => {
      request.socket.on("close", closed);
      controller.abort(new Error("mine"));
    });
    expect(await rejection(porter.healthz({ signal: controller.signal }))).toMatchObject({ message: "mine" });
    await gone;
  });

  it("a timed-out command closes its connection", async () => {
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const clock = new StepClock();
    const porter = await serve(
      (request, response) => {
        // A server of the published API alone.
        if (request.method === "GET") return void response.writeHead(404).end();
        request.socket.on("close", closed);
        // It has the command, and its time is up.
        clock.step();
      },
      { clock },
    );
    const error = await rejection(porter.sandboxes.fromId("a").exec(["sleep"], { timeoutMs: 500 }));
    expect(error).toMatchObject({ name: "CommandTimeoutError", admitted: "unknown" });
    await gone;
  });

  it("a stream that is left stops the download", async () => {
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const porter = await serve((request, response) => {
      if (!request.url?.includes("/content")) return void response.end(JSON.stringify(volumeFields()));
      response.on("close", closed);
      const more = (): void =>
        void (
          response.destroyed || (response.write("x".repeat(65536)) ? setImmediate(more) : response.once("drain", more))
        );
      more();
    });
    const volume = (await porter.volumes.getById("vol-1")) as Volume;
    for await (const piece of volume.stream("/endless")) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    await gone;
  });

  it("a download cut by the server is told from a whole one", async () => {
    const porter = await serve((request, response) => {
      if (!request.url?.includes("/content")) return void response.end(JSON.stringify(volumeFields()));
      response.setHeader("content-length", "1000");
      response.write("x".repeat(300), () => response.destroy());
    });
    const volume = (await porter.volumes.getById("vol-1")) as Volume;
    expect(await rejection(new Response(volume.stream("/cut")).text())).toMatchObject({
      name: "StreamInterruptedError",
      bytesReceived: 300,
    });
  });

  it("a refused connection is known to have admitted nothing", async () => {
    // Nobody listens there: a port that was free a moment ago may be somebody's by now.
    const porter = new Porter({ baseUrl: "http://127.0.0.1:2" });
    const error = await rejection(porter.sandboxes.fromId("a").exec(["x"]));
    expect(error).toMatchObject({ name: "ConnectionError", admitted: false, retryable: true });
  });

  it("redirects are followed, with the path of the base kept", async () => {
    const porter = await serve((request, response) => {
      if (request.url === "/base/healthz") response.writeHead(307, { location: "/elsewhere" }).end();
      else response.end(JSON.stringify({ status: request.url }));
    });
    expect(await porter.healthz()).toEqual({ status: "/elsewhere" });
  });

  it("a stream is sent as it comes", async () => {
    const porter = await serve((request, response) => {
      if (!request.url?.includes("/content")) return void response.end(JSON.stringify(volumeFields()));
      request.resume().on("end", () => response.writeHead(204).end());
    });
    const volume = (await porter.volumes.getById("vol-1")) as Volume;
    async function* pieces() {
      for (let i = 0; i < 50; i++) yield new Uint8Array(65536);
    }
    await volume.writeFile("/big", pieces());
    const mine = new Error("disk on fire");
    async function* failing() {
      yield new Uint8Array(10);
      throw mine;
    }
    expect(await rejection(volume.writeFile("/big", failing()))).toBe(mine);
  });
});

it("ends in a value or a typed error, whatever a server answers", async () => {
  const calls: ((porter: Porter) => Promise<unknown>)[] = [
    (porter) => porter.healthz(),
    (porter) => porter.sandboxes.list(),
    (porter) => porter.sandboxes.create({ image: "a" }),
    (porter) => porter.sandboxes.fromId("a").refresh(),
    (porter) => porter.sandboxes.fromId("a").exec(["x"]),
    (porter) => porter.sandboxes.fromId("a").logs(),
    (porter) => porter.sandboxes.fromId("a").metrics({ metric: "x" }),
    (porter) => porter.sandboxes.fromId("a").terminate(),
    (porter) => porter.volumes.list(),
    (porter) => porter.volumes.create(),
    (porter) => porter.raw.listVolumeFiles({ path: { id: "a" } }),
    (porter) => porter.raw.readVolumeFile({ path: { id: "a" }, query: { path: "a" } }),
    (porter) => porter.snapshots.list(),
  ];
  const content = fc.oneof(
    fc.json(),
    fc.string(),
    fc.constantFrom("", "null", "[", '{"id":1e999}', `${"[".repeat(9999)}`),
  );
  const statuses = fc.constantFrom(200, 201, 206, 302, 400, 404, 409, 418, 429, 500, 503);
  await fc.assert(
    fc.asyncProperty(fc.nat(calls.length - 1), statuses, content, async (which, status, text) => {
      const { porter } = setUp([() => new Response(text, { status })], { maxRetries: 0, timeoutMs: 1000 });
      try {
        await calls[which]?.(porter);
      } catch (error) {
        expect(isSandboxError(error)).toBe(true);
        expect((error as Error).message.length).toBeLessThan(2000);
      }
      porter.close();
    }),
    { seed: 3, numRuns: 500 },
  );
});

it("ends in a typed error, whatever a caller asks", async () => {
  await fc.assert(
    fc.asyncProperty(fc.anything(), fc.anything(), async (spec, options) => {
      const { porter } = setUp([json({ id: "a", name: "a" })]);
      for (const act of [
        () => porter.sandboxes.create(spec as never, options as never),
        () => porter.volumes.create(spec as never),
        () => porter.sandboxes.list(spec as never),
        () => porter.sandboxes.fromId("a").exec(spec as never),
        () => porter.raw.writeVolumeFile({ path: { id: "a" }, query: { path: "b" }, body: spec as never }),
      ]) {
        try {
          await act();
        } catch (error) {
          expect(isSandboxError(error)).toBe(true);
        }
      }
    }),
    { seed: 5, numRuns: 300 },
  );
});
