// Commands whose output comes as a stream: `sandbox.spawn` against a bare `fetch` of the same answer, which takes nothing
// apart. The server is the fake, so both wait for the same control plane and the same memory engine.
import { EXEC_STREAM_TYPE } from "@porter-sandbox/spec/stream-frames";
import { compare, type Measurement, memoryOf, type Work } from "./harness.ts";
import { publishedClient } from "./packages.ts";
import { type Report, row } from "./report.ts";
import { startServer } from "./server.ts";

const greeting = "hello";
const command = { first: ["echo", greeting], whole: (bytes: number) => ["head", "-c", String(bytes), "/dev/zero"] };

async function runningSandbox(url: string) {
  const { Porter } = await publishedClient();
  const porter = new Porter({ baseUrl: url });
  const sandbox = await porter.sandboxes.create({ image: "busybox:1" });
  await sandbox.waitUntilRunning();
  return { sandbox, close: () => porter.close() };
}

/** The bytes of a streamed exec as they arrive, frames and all. */
async function bareStream(url: string, id: string, argv: readonly string[]): Promise<ReadableStream<Uint8Array>> {
  const { body, status } = await fetch(`${url}/v1/sandbox/${id}/exec`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: EXEC_STREAM_TYPE },
    body: JSON.stringify({ command: argv }),
  });
  if (status !== 200 || !body) throw new Error(`status ${status}`);
  return body;
}

async function drain(chunks: AsyncIterable<Uint8Array>, atLeast: number): Promise<void> {
  let received = 0;
  for await (const chunk of chunks) received += chunk.length;
  if (received < atLeast) throw new Error(`${received} bytes arrived, not ${atLeast}`);
}

/** Until the first bytes of output; the rest is read too, but not waited for. */
async function firstByte(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const text = new TextDecoder();
  const iterator = chunks[Symbol.asyncIterator]();
  for (let seen = ""; !seen.includes(greeting); ) {
    const { done, value } = await iterator.next();
    if (done) throw new Error("the stream ended without output");
    seen += text.decode(value, { stream: true });
  }
  void (async () => {
    while (!(await iterator.next()).done);
  })();
}

type Setting = Record<string, string>;

const subjects: Record<string, (setting: Setting) => Promise<Work>> = {
  async porter({ url = "", bytes }) {
    const { sandbox, close } = await runningSandbox(url);
    if (!bytes) return { run: async () => firstByte((await sandbox.spawn(command.first)).stdout), close };
    return {
      async run() {
        const process = await sandbox.spawn(command.whole(Number(bytes)));
        await drain(process.stdout, Number(bytes));
        const { exit_code } = await process.exited;
        if (exit_code !== 0) throw new Error(`exit code ${exit_code}`);
      },
      close,
    };
  },
  async fetch({ url = "", bytes }) {
    const { sandbox, close } = await runningSandbox(url);
    if (!bytes) return { run: async () => firstByte(await bareStream(url, sandbox.id, command.first)), close };
    return {
      run: async () => drain(await bareStream(url, sandbox.id, command.whole(Number(bytes))), Number(bytes)),
      close,
    };
  },
};

export async function open(subject: string, setting: Setting): Promise<Work> {
  const make = subjects[subject];
  if (!make) throw new Error(`no subject "${subject}"`);
  return make(setting);
}

const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

export async function spawn(quick: boolean, progress: (text: string) => void): Promise<Report> {
  const server = await startServer(new URL("./fake-server.ts", import.meta.url).pathname);
  const rows = [];
  const bytes = (quick ? 128 : 1024) * 2 ** 20;
  const common = { suite: "./spawn.ts", inFlight: 1 };
  for (const name of ["porter", "fetch"]) {
    const label = name === "fetch" ? "fetch itself" : name;
    const ours = name === "porter";

    progress(`${label}, time to the first byte`);
    // Times, not rates: what is to be compared is measured as the baseline.
    const first = await compare({
      ...common,
      subject: "fetch",
      baseline: name,
      setting: { url: server.url },
      processes: quick ? 1 : ours ? 5 : 2,
      pairs: quick ? 6 : 12,
      roundMs: 60,
      warmUp: quick ? 3 : 8,
    });
    const milliseconds = (rate: number) => (1000 / rate).toFixed(2);
    const times = `${milliseconds(first.baselineRate)} ms, fetch ${milliseconds(first.subjectRate)} ms`;
    rows.push(row(`${label}, time to the first byte`, first, times, ours ? { atMost: 1.5 } : undefined));

    progress(`${label}, ${mebibytes(bytes)} MiB of output`);
    const measurement: Measurement = {
      ...common,
      subject: name,
      baseline: "fetch",
      setting: { url: server.url, bytes: String(bytes) },
      processes: quick ? 1 : ours ? 3 : 1,
      pairs: quick ? 2 : 4,
      roundMs: 0,
      warmUp: 1,
    };
    const whole = await compare(measurement);
    const { before, peak, held } = await memoryOf({ ...measurement, pairs: 1 });
    const speed = (rate: number) => mebibytes(rate * bytes);
    const detail = `${speed(whole.subjectRate)} MiB/s, fetch ${speed(whole.baselineRate)}; held ${mebibytes(held)} MiB, resident ${mebibytes(peak)} (${mebibytes(before)} before)`;
    rows.push(row(`${label}, ${mebibytes(bytes)} MiB of output`, whole, detail, ours ? { atLeast: 0.8 } : undefined));
  }
  await server.stop();
  return { name: "spawn", title: "streamed commands on the fake, time and rate as ratios to bare fetch", rows };
}
