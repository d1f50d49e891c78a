// Real containers: the client, the API and the Docker engine in one process against the same container, command or stream
// asked of the Engine API directly. On an engine of the benchmark's own where this is root with dockerd, as the tests do.
import { Transform } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { createSandboxApi } from "@porter-sandbox/api";
import { dockerEngine } from "@porter-sandbox/docker";
import { systemClock } from "@porter-sandbox/spec";
import { createDockerClient, type DockerClient, textOf } from "../packages/docker/src/client.ts";
import { sandboxBody } from "../packages/docker/src/container-body.ts";
import { findEndpoint } from "../packages/docker/src/endpoint.ts";
import { namesOf } from "../packages/docker/src/names.ts";
import { whyUnenforceable } from "../packages/docker/src/network/egress.ts";
import { startTestEngine, testImage } from "../packages/docker/test/engine.ts";
import { compare, type Measurement, type Work } from "./harness.ts";
import { publishedClient } from "./packages.ts";
import { type Report, row, type Target } from "./report.ts";

const streamBytes = 256 * 2 ** 20;
const print = ["head", "-c", String(streamBytes), "/dev/zero"];

type Egress = "enforced" | "unenforced";
interface Setting {
  readonly host: string;
  readonly egress: Egress;
  /** How many networks are kept ready; by default as many as the burst before took. */
  readonly spareNetworks?: number | undefined;
}

/** A Sandbox API on the engine, and its client, in this process. */
async function openPorter({ host, egress, spareNetworks }: Setting, warm = 0) {
  const pool = warm > 0 ? { image: testImage, size: warm } : undefined;
  const installation = `bench-${process.pid}`;
  const docker = dockerEngine({ host, egress, installation, proxy: false, pool, spareNetworks });
  const made: string[] = [];
  /** When the engine has said of as many that they run. */
  const running = new Map<string, () => void>();
  const engine: typeof docker = {
    ...docker,
    async startSandbox(plan, ...rest) {
      const sandbox = await docker.startSandbox(plan, ...rest);
      made.push(plan.id);
      running.get(plan.name)?.();
      return sandbox;
    },
  };
  const api = createSandboxApi({ engine });
  const { Porter } = await publishedClient();
  const porter = new Porter({ fetch: api.fetch });
  let named = 0;
  /** Created, and seen to run: looked at when the engine says so, since a poll's interval is no work of the server's. */
  async function createRunning() {
    named += 1;
    const name = `bench-${process.pid}-${named}`;
    const runs = new Promise<void>((resolve) => running.set(name, resolve));
    const sandbox = await porter.sandboxes.create({ image: testImage, name });
    await runs;
    running.delete(name);
    while ((await sandbox.refresh()).phase !== "running") await new Promise(setImmediate);
    return sandbox;
  }
  const client = createDockerClient(findEndpoint(host, {}), systemClock);
  const query = { filters: { ...namesOf(installation).filters("holder"), status: ["running"] } };
  let burst = 0;
  const kept = () => (egress === "enforced" ? warm + (spareNetworks ?? Math.min(20, Math.max(2, burst))) : 0);
  return {
    createRunning,
    /** Removes what was made; then what is kept ready stands again, and has settled. */
    async rest() {
      if (made.length === 0) return;
      burst = Math.max(burst, made.length);
      await Promise.all(made.splice(0).map((id) => docker.removeSandbox(id)));
      while ((await client.call<unknown[]>("GET", "/containers/json", { query })).length !== kept()) await pause(50);
      if (kept() > 0) await pause(300);
    },
    async close() {
      client.close();
      await Promise.all(made.map((id) => docker.removeSandbox(id)));
      porter.close();
      await api.close();
    },
  };
}

/** The very container that the engine would make, on a network like that of sandboxes. */
async function openRaw({ host }: Setting) {
  const client = createDockerClient(findEndpoint(host, {}), systemClock);
  const network = `bench-raw-${process.pid}`;
  const made: string[] = [];
  await client.call("POST", "/networks/create", { json: { Name: network, Driver: "bridge" } }).catch(() => {});
  const names = namesOf(`raw-${process.pid}`);
  const rest = async () => {
    const query = { force: true, v: true };
    await Promise.all(made.splice(0).map((id) => client.call("DELETE", `/containers/${id}`, { query })));
  };
  async function createRunning(): Promise<string> {
    const id = crypto.randomUUID();
    const json = sandboxBody(
      { id, name: id, image: testImage, env: {}, volume_mounts: {} },
      { names, limits: {}, isolation: {}, image: testImage, network },
    );
    const { Id } = await client.call<{ Id: string }>("POST", "/containers/create", { json });
    made.push(Id);
    await client.call("POST", `/containers/${Id}/start`);
    return Id;
  }
  return {
    client,
    createRunning,
    rest,
    async close() {
      await rest();
      await client.call("DELETE", `/networks/${network}`).catch(() => {});
      client.close();
    },
  };
}

const execBody = (Cmd: readonly string[]) => ({ AttachStdin: false, AttachStdout: true, AttachStderr: true, Cmd });

/** A command through the Engine API, to its last byte and its exit code. `read` gets the stream as the engine frames it. */
async function rawExec(
  client: DockerClient,
  container: string,
  command: readonly string[],
  read: (stream: Transform) => Promise<unknown>,
): Promise<void> {
  const { Id } = await client.call<{ Id: string }>("POST", `/containers/${container}/exec`, {
    json: execBody(command),
  });
  const { socket, head } = await client.hijack(`/exec/${Id}/start`, { json: { Detach: false, Tty: false } });
  const stream = new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) });
  if (head.length > 0) stream.write(head);
  socket.pipe(stream);
  await read(stream);
  socket.destroy();
  const { ExitCode } = await client.call<{ ExitCode: number }>("GET", `/exec/${Id}/json`);
  if (ExitCode !== 0) throw new Error(`the command ended with ${ExitCode}`);
}

const subjects: Record<string, (setting: Setting) => Promise<Work>> = {
  async create(setting) {
    const { createRunning, rest, close } = await openPorter(setting);
    return { run: createRunning, rest, close };
  },
  async "create from the pool"(setting) {
    const { createRunning, rest, close } = await openPorter({ ...setting, egress: "enforced" }, 1);
    const client = createDockerClient(findEndpoint(setting.host, {}), systemClock);
    const { label } = namesOf(`bench-${process.pid}`).filters("pool");
    /** Until the next one waits, and has settled. */
    const refill = async () => {
      const query = { filters: { label, name: ["[.]pool[.]"] } };
      const waiting = () => client.call<unknown[]>("GET", "/containers/json", { query });
      while ((await waiting()).length === 0) await pause(50);
      await pause(500);
    };
    await (await createRunning()).refresh();
    await refill();
    return {
      run: createRunning,
      async rest() {
        await rest();
        await refill();
      },
      async close() {
        client.close();
        await close();
      },
    };
  },
  async "raw create"(setting) {
    const { createRunning, rest, close } = await openRaw(setting);
    return { run: createRunning, rest, close };
  },
  async exec(setting) {
    const { createRunning, close } = await openPorter(setting);
    const sandbox = await createRunning();
    return { run: () => sandbox.exec(["true"]), close };
  },
  async "raw exec"(setting) {
    const { client, createRunning, close } = await openRaw(setting);
    const container = await createRunning();
    return { run: () => rawExec(client, container, ["true"], textOf), close };
  },
  async spawn(setting) {
    const { createRunning, close } = await openPorter(setting);
    const sandbox = await createRunning();
    const run = async () => {
      const child = await sandbox.spawn(print);
      let received = 0;
      for await (const chunk of child.stdout) received += chunk.length;
      if (received !== streamBytes) throw new Error(`${received} bytes came, not ${streamBytes}`);
      await child.exited;
    };
    return { run, close };
  },
  async "raw stream"(setting) {
    const { client, createRunning, close } = await openRaw(setting);
    const container = await createRunning();
    const run = () =>
      rawExec(client, container, print, async (stream) => {
        let received = 0;
        for await (const chunk of stream) received += (chunk as Uint8Array).length;
        if (received < streamBytes) throw new Error(`${received} bytes came, not ${streamBytes}`);
      });
    return { run, close };
  },
};

export async function open(subject: string, setting: Record<string, string>): Promise<Work> {
  const { host = "", egress, spareNetworks } = setting;
  const make = subjects[subject];
  if (!make) throw new Error(`no subject "${subject}"`);
  return make({
    host,
    egress: egress === "enforced" ? "enforced" : "unenforced",
    spareNetworks: spareNetworks === undefined ? undefined : Number(spareNetworks),
  });
}

interface Comparison {
  readonly name: string;
  /** Whose time is the ratio's numerator, except for `rate`. */
  readonly subject: string;
  readonly raw: string;
  readonly target?: Target;
  readonly rate?: boolean;
  readonly egress: readonly Egress[];
  readonly spareNetworks?: number;
  readonly measured: Partial<Measurement>;
}

const once = { roundMs: 0, pairs: 15, warmUp: 3 };
const comparisons: readonly Comparison[] = [
  {
    name: "create to running, cold",
    ...{ subject: "create", raw: "raw create", target: { atMost: 1.15 }, egress: ["unenforced", "enforced"] },
    measured: once,
  },
  {
    name: "20 creates at once, to the last running",
    ...{ subject: "create", raw: "raw create", target: { atMost: 1 }, egress: ["unenforced", "enforced"] },
    measured: { ...once, inFlight: 20, processes: 2, pairs: 3, warmUp: 1 },
  },
  {
    name: "the same, with 2 networks ready, as for a first burst",
    ...{ subject: "create", raw: "raw create", egress: ["enforced"], spareNetworks: 2 },
    measured: { ...once, inFlight: 20, processes: 2, pairs: 3, warmUp: 1 },
  },
  {
    name: "create to running, from the pool, to an exec of true",
    ...{ subject: "create from the pool", raw: "raw exec", target: { atMost: 1.25 }, egress: ["enforced"] },
    measured: once,
  },
  {
    name: "exec of true",
    ...{ subject: "exec", raw: "raw exec", target: { atMost: 1.15 }, egress: ["unenforced"] },
    measured: { roundMs: 400, pairs: 15, warmUp: 3 },
  },
  {
    name: "spawn, 256 MiB of output",
    ...{ subject: "spawn", raw: "raw stream", target: { atLeast: 0.8 }, egress: ["unenforced"], rate: true },
    measured: { ...once, pairs: 6, warmUp: 1 },
  },
];

export async function docker(quick: boolean, progress: (text: string) => void): Promise<Report> {
  const report = { name: "docker", title: "real containers, as a ratio to the Engine API asked directly" };
  const engine = await startTestEngine({ apart: true });
  if (typeof engine === "string") return { ...report, rows: [], notes: [`skipped: ${engine}`] };
  const rows = [];
  const notes = [
    "Times are ratios of times, so less is better; the stream's is one of rates. The raw container has the same options, on a bridge network of its own.",
  ];
  try {
    const obstacle = whyUnenforceable(findEndpoint(engine.host, {}));
    if (obstacle !== undefined) notes.push(`without the rows behind a packet filter: ${obstacle}`);
    for (const { name, subject, raw, target, rate = false, egress, spareNetworks, measured } of comparisons) {
      for (const mode of egress) {
        if (mode === "enforced" && obstacle !== undefined) continue;
        const title =
          egress.length === 1 ? name : `${name}, ${mode === "enforced" ? "behind the filter" : "no filter"}`;
        progress(title);
        const outcome = await compare({
          suite: "./docker.ts",
          // A rate over a rate the other way round is a time over a time.
          ...(rate ? { subject, baseline: raw } : { subject: raw, baseline: subject }),
          setting: { host: engine.host, egress: mode, ...(spareNetworks && { spareNetworks: String(spareNetworks) }) },
          ...{ inFlight: 1, processes: quick ? 1 : 3, roundMs: 0, pairs: 10, warmUp: 1 },
          ...measured,
          ...(quick && { processes: 1, pairs: 3, warmUp: 1 }),
        });
        const speed = (perSecond: number) =>
          rate ? `${((perSecond * streamBytes) / 2 ** 20).toFixed(0)} MiB/s` : `${(1000 / perSecond).toFixed(0)} ms`;
        const [ours, theirs] = rate
          ? [outcome.subjectRate, outcome.baselineRate]
          : [outcome.baselineRate, outcome.subjectRate];
        progress(`  ${outcome.ratio.toFixed(2)}`);
        rows.push(row(title, outcome, `${speed(ours)}, Engine API ${speed(theirs)}`, target));
      }
    }
  } finally {
    await engine.stop();
  }
  return { ...report, rows, notes };
}
