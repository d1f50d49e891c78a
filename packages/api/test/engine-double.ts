/** The smallest engine that can show what the control plane asks of one. Sandboxes run until a test ends them. */
import type { Clock } from "@porter-sandbox/spec";
import {
  type Engine,
  EngineError,
  type EngineExec,
  type EngineFeatures,
  type EngineFileInfo,
  type EngineFiles,
  type EngineLogLine,
  type EngineMetricSample,
  type ExecPlan,
  type RunningSandbox,
  type SandboxEnd,
  type SandboxPlan,
  type TtySize,
} from "../src/engine.ts";

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

export function defer<T>(): Deferred<T> {
  let resolve = (_: T): void => {};
  let reject = (_: unknown): void => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

export const streamOf = (...chunks: (string | Uint8Array)[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks)
        controller.enqueue(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk);
      controller.close();
    },
  });

interface Running {
  readonly plan: SandboxPlan;
  readonly ended: Deferred<SandboxEnd>;
  readonly started_at: number;
  alive: boolean;
}

export interface EngineDouble extends Engine {
  readonly plans: SandboxPlan[];
  readonly running: Map<string, Running>;
  readonly removed: string[];
  readonly volumes: Map<string, Map<string, { bytes: Uint8Array; at: number } | "directory">>;
  readonly snapshots: Set<string>;
  readonly kills: string[];
  readonly signals: string[];
  readonly sizes: TtySize[];
  readonly execs: ExecPlan[];
  readonly workloadLogs: EngineLogLine[];
  readonly samples: EngineMetricSample[];
  /** Runs before a sandbox starts; a rejection is the engine's. */
  beforeStart: (plan: SandboxPlan, signal: AbortSignal) => Promise<void>;
  beforeVolume: () => Promise<void>;
  beforeSnapshot: () => Promise<void>;
  beforeStop: () => Promise<void>;
  /** What a command does. */
  onExec: (
    command: readonly string[],
    killed: Promise<void>,
    plan: ExecPlan,
  ) => Pick<EngineExec, "stdout" | "stderr" | "exit" | "stdin">;
  end(id: string, end: Partial<SandboxEnd>): void;
  closed: boolean;
}

const ALL: EngineFeatures = {
  resources: true,
  egress: true,
  networking: true,
  snapshots: true,
  metrics: true,
  object_volumes: true,
};

export function createEngineDouble(clock: Clock, features: Partial<EngineFeatures> = {}): EngineDouble {
  const filesIn = (volumeId: string): EngineFiles => {
    const tree = engine.volumes.get(volumeId) ?? new Map<string, { bytes: Uint8Array; at: number } | "directory">();
    const at = (path: string) => {
      const found = path === "/" ? "directory" : tree.get(path);
      if (found !== undefined) return found;
      const parts = path.split("/");
      for (let i = 2; i < parts.length; i += 1) {
        const parent = tree.get(parts.slice(0, i).join("/"));
        if (parent !== undefined && parent !== "directory")
          throw new EngineError("not_a_directory", `${path} leads through a file`);
      }
      throw new EngineError("not_found", `${path} is not there`);
    };
    const infoOf = (path: string): EngineFileInfo => {
      const node = at(path);
      const name = path.slice(path.lastIndexOf("/") + 1);
      return node === "directory"
        ? { name, type: "directory", size_bytes: 0, modified_at: clock.now() }
        : { name, type: "file", size_bytes: node.bytes.length, modified_at: node.at };
    };
    return {
      stat: async (path) => infoOf(path),
      async list(path) {
        if (at(path) !== "directory") throw new EngineError("not_a_directory", `${path} is a file`);
        const prefix = path === "/" ? "/" : `${path}/`;
        return [...tree.keys()]
          .filter((key) => key.startsWith(prefix) && !key.slice(prefix.length).includes("/"))
          .map(infoOf);
      },
      async read(path, range) {
        const node = at(path);
        if (node === "directory") throw new EngineError("is_a_directory", `${path} is a directory`);
        const file = infoOf(path);
        const part = range(file);
        return { file, ...(part && { bytes: streamOf(node.bytes.slice(part.start, part.start + part.length)) }) };
      },
      async write(path, content) {
        const bytes = new Uint8Array(await new Response(content).arrayBuffer());
        if (tree.get(path) === "directory") throw new EngineError("is_a_directory", `${path} is a directory`);
        const parts = path.split("/");
        const parents = parts.slice(2).map((_, i) => parts.slice(0, i + 2).join("/"));
        for (const parent of parents) {
          const node = tree.get(parent);
          if (node !== undefined && node !== "directory")
            throw new EngineError("not_a_directory", `${parent} is a file`);
        }
        for (const parent of parents) tree.set(parent, "directory");
        tree.set(path, { bytes, at: clock.now() });
      },
      async move(from, to) {
        at(from);
        if (to === "/" || tree.has(to)) throw new EngineError("exists", `${to} is there`);
        for (const [path, node] of [...tree]) {
          if (path !== from && !path.startsWith(`${from}/`)) continue;
          tree.delete(path);
          tree.set(to + path.slice(from.length), node);
        }
      },
    };
  };

  const engine: EngineDouble = {
    name: "double",
    features: { ...ALL, ...features },
    plans: [],
    running: new Map(),
    removed: [],
    volumes: new Map(),
    snapshots: new Set(),
    kills: [],
    signals: [],
    sizes: [],
    execs: [],
    workloadLogs: [],
    samples: [],
    closed: false,
    beforeStart: async () => {},
    beforeVolume: async () => {},
    beforeSnapshot: async () => {},
    beforeStop: async () => {},
    onExec: (command) => ({
      stdout: streamOf(`${command.join(" ")}\n`),
      stderr: streamOf(),
      exit: Promise.resolve({ exit_code: 0 }),
    }),
    end(id, end) {
      const sandbox = engine.running.get(id);
      if (!sandbox?.alive) return;
      sandbox.alive = false;
      sandbox.ended.resolve({ finished_at: clock.now(), ...end });
    },

    inventory: async () => ({
      sandboxes: [...engine.running.keys()],
      volumes: [...engine.volumes.keys()],
      snapshots: [...engine.snapshots],
    }),
    async startSandbox(plan, signal, begins) {
      engine.plans.push(plan);
      begins?.();
      await engine.beforeStart(plan, signal);
      signal.throwIfAborted();
      engine.running.set(plan.id, { plan, ended: defer(), started_at: clock.now(), alive: true });
      const running = await engine.attachSandbox(plan.id);
      if (running === undefined) throw new EngineError("engine_error", "lost");
      return running;
    },
    async attachSandbox(id): Promise<RunningSandbox | undefined> {
      const sandbox = engine.running.get(id);
      if (sandbox === undefined) return undefined;
      return {
        started_at: sandbox.started_at,
        host: sandbox.plan.networking ? `${sandbox.plan.name}.test` : "",
        ended: sandbox.ended.promise,
      };
    },
    async stopSandbox(id) {
      await engine.beforeStop();
      engine.end(id, { exit_code: 137 });
    },
    async removeSandbox(id) {
      engine.removed.push(id);
      engine.running.delete(id);
    },
    async exec(id, plan) {
      const { command } = plan;
      engine.execs.push(plan);
      if (!engine.running.get(id)?.alive) throw new EngineError("not_running", "it does not run");
      const killed = defer<void>();
      return {
        ...engine.onExec(command, killed.promise, plan),
        async kill() {
          engine.kills.push(command.join(" "));
          killed.resolve();
        },
        async signal(name) {
          engine.signals.push(name);
        },
        async resize(size) {
          engine.sizes.push(size);
        },
      };
    },
    logs: async (_, { since, until = Infinity, keep = () => true, limit }) =>
      engine.workloadLogs
        .filter((line) => line.timestamp >= since && line.timestamp <= until && keep(line))
        .slice(-limit),
    metrics: async (_, { start, end }) =>
      engine.samples.filter(({ timestamp }) => timestamp >= start && timestamp <= end),
    async createVolume({ id }) {
      await engine.beforeVolume();
      engine.volumes.set(id, new Map());
    },
    async deleteVolume(id) {
      engine.volumes.delete(id);
    },
    files: filesIn,
    async createSnapshot({ id }) {
      await engine.beforeSnapshot();
      engine.snapshots.add(id);
      return { size_bytes: 42 };
    },
    async deleteSnapshot(id) {
      engine.snapshots.delete(id);
    },
    async close() {
      engine.closed = true;
    },
  };
  return engine;
}
