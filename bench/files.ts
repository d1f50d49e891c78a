// A volume file of 256 MiB, down and up as streams, against bare `fetch` doing the same; and the memory each needs.
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import ky from "ky";
import { request } from "undici";
import { compare, type Measurement, memoryOf, type Work } from "./harness.ts";
import { publishedClient } from "./packages.ts";
import { type Report, row } from "./report.ts";
import { fileBytes, startServer } from "./server.ts";

const contentUrl = (url: string) => `${url}/v1/volume/vol-01k4z6w0q9/files/content?path=%2Fbig.bin`;
const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  let received = 0;
  for await (const chunk of chunks) received += chunk.length;
  if (received !== fileBytes) throw new Error(`${received} bytes arrived, not ${fileBytes}`);
}

/** The file as a stream that makes a chunk only when one is wanted. */
function source(): ReadableStream<Uint8Array> {
  const size = 64 * 1024;
  let left = fileBytes;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(size));
      left -= size;
      if (left === 0) controller.close();
    },
  });
}

async function volumeOf(url: string) {
  const { Porter } = await publishedClient();
  const porter = new Porter({ apiKey: "bench-key-that-opens-nothing", baseUrl: url });
  const volume = await porter.volumes.create({ name: "bench-volume" });
  if (volume.type !== "disk") throw new Error("the load server answered another kind of volume");
  return { volume, close: () => porter.close() };
}

const body = ({ body: stream }: Response): ReadableStream<Uint8Array> => {
  if (!stream) throw new Error("an answer without a body");
  return stream;
};

const downloads: Record<string, (url: string) => Work | Promise<Work>> = {
  porter: async (url) => {
    const { volume, close } = await volumeOf(url);
    return { run: async () => drain(await volume.stream("/big.bin")), close };
  },
  fetch: (url) => ({ run: async () => drain(body(await fetch(contentUrl(url)))) }),
  ky: (url) => ({ run: async () => drain(body(await ky.get(contentUrl(url), { timeout: false }))) }),
  "undici request": (url) => ({ run: async () => drain((await request(contentUrl(url))).body) }),
};

const uploads: Record<string, (url: string) => Work | Promise<Work>> = {
  porter: async (url) => {
    const { volume, close } = await volumeOf(url);
    return { run: () => volume.writeFile("/big.bin", source()), close };
  },
  fetch: (url) => ({
    run: async () => {
      const init: RequestInit & { duplex: "half" } = {
        method: "PUT",
        body: source(),
        duplex: "half",
        headers: { "Content-Type": "application/octet-stream" },
      };
      const response = await fetch(contentUrl(url), init);
      if (!response.ok) throw new Error(`status ${response.status}`);
      await response.arrayBuffer();
    },
  }),
  ky: (url) => ({
    run: () => ky.put(contentUrl(url), { body: source(), retry: 0, timeout: false }).arrayBuffer(),
  }),
  "undici request": (url) => ({
    run: async () => {
      const { body: answer } = await request(contentUrl(url), {
        method: "PUT",
        body: Readable.fromWeb(source() as NodeReadableStream),
      });
      await answer.dump();
    },
  }),
};

export async function open(subject: string, { url = "", direction }: Record<string, string>): Promise<Work> {
  const make = (direction === "down" ? downloads : uploads)[subject];
  if (!make) throw new Error(`no subject "${subject}"`);
  return make(url);
}

export async function files(quick: boolean, progress: (text: string) => void): Promise<Report> {
  const server = await startServer();
  const rows = [];
  const notes = [];
  for (const direction of ["down", "up"] as const) {
    for (const subject of Object.keys(downloads)) {
      const name = `${subject === "fetch" ? "fetch itself" : subject}, ${direction}`;
      progress(name);
      const measurement: Measurement = {
        suite: "./files.ts",
        subject,
        baseline: "fetch",
        setting: { url: server.url, direction },
        inFlight: 1,
        processes: quick ? 1 : subject === "porter" ? 3 : 1,
        pairs: quick ? 2 : 6,
        roundMs: 0,
        warmUp: 1,
      };
      const outcome = await compare(measurement);
      const { before, peak, held } = await memoryOf({ ...measurement, pairs: 3 });
      const speed = (perSecond: number) => mebibytes(perSecond * fileBytes);
      const detail = `${speed(outcome.subjectRate)} MiB/s, fetch ${speed(outcome.baselineRate)}; held ${mebibytes(held)} MiB, resident ${mebibytes(peak)} (${mebibytes(before)} before)`;
      rows.push(row(name, outcome, detail, subject === "porter" ? { atLeast: 0.95 } : undefined));
    }
  }
  await server.stop();
  notes.push(
    "Memory is the most that a fresh process needs to move the file three times: held, after collecting garbage; and resident. Holding a file whole would take 256 MiB.",
  );
  return { name: "files", title: "256 MiB as a stream, rate as a ratio to bare fetch", rows, notes };
}
