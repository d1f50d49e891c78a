import { availableParallelism } from "node:os";
import {
  createSandboxQueue,
  type Engine,
  EngineError,
  type EngineFeatures,
  type SandboxPlan,
} from "@porter-sandbox/api";
import { systemClock } from "@porter-sandbox/spec";
import { createDockerClient } from "./client.ts";
import { marker } from "./commands/among.ts";
import { startExec } from "./commands/exec.ts";
import { killExec } from "./commands/kill.ts";
import { killRest, signalExec } from "./commands/signal.ts";
import { sizeOfPlan } from "./container-body.ts";
import { findEndpoint } from "./endpoint.ts";
import { hasStatus, toEngineError } from "./errors.ts";
import { createEventFeed } from "./events.ts";
import { createImages } from "./images.ts";
import { createLeftovers } from "./leftovers.ts";
import { namesOf } from "./names.ts";
import { whyUnenforceable } from "./network/egress.ts";
import { createNetwork } from "./network/network.ts";
import { isIpv4 } from "./network/nft.ts";
import { checkOptions, type DockerEngineOptions, sparesOf } from "./options.ts";
import { createIngress } from "./proxy/ingress.ts";
import { readLogs } from "./sandboxes/logs.ts";
import { createMetrics } from "./sandboxes/metrics.ts";
import { createPool } from "./sandboxes/pool.ts";
import { createRuntime } from "./sandboxes/runtime.ts";
import { createSandboxes } from "./sandboxes/sandboxes.ts";
import { createSnapshots } from "./sandboxes/snapshots.ts";
import { volumeFiles } from "./volumes/files.ts";
import { createVolumeHelpers } from "./volumes/helper.ts";
import { createVolumes } from "./volumes/volumes.ts";

/** An Engine on a Docker Engine API, and what an operator should know of it. */
export interface DockerEngine extends Engine {
  /** Whether sandboxes run behind a packet filter. */
  readonly egress: "enforced" | "unenforced";
  /**
   * Makes the proxy listen now, not with the first sandbox that exposes a port, and answers its port; undefined when
   * there is no proxy. Rejects with an EngineError when its address is taken.
   */
  openProxy(): Promise<number | undefined>;
}

/**
 * Sandboxes as containers of a Docker engine (or of Podman's socket).
 *
 * @example
 * ```ts
 * const api = createSandboxApi({ engine: dockerEngine() });
 * const porter = new Porter({ fetch: api.fetch });
 * ```
 *
 * @throws Error when an option is malformed, or when egress cannot be enforced here and the options do not accept that.
 * Whether the engine answers shows with the first use.
 */
export function dockerEngine(options: DockerEngineOptions = {}): DockerEngine {
  checkOptions(options);
  const {
    limits = {},
    installation = "default",
    helperImage = "busybox:1",
    clock = systemClock,
    isolation = {},
  } = options;
  const endpoint = findEndpoint(options.host, options.environment ?? process.env);
  const names = namesOf(installation);
  const helperSilenceMs = options.helperSilenceMs ?? 30_000;
  const egress = options.egress ?? "enforced";
  const obstacle = egress === "enforced" ? whyUnenforceable(endpoint) : undefined;
  if (obstacle !== undefined) {
    throw new Error(`egress: cannot be enforced here, since ${obstacle}; say "unenforced" to run sandboxes without it`);
  }
  const filtered = egress === "enforced";

  const client = createDockerClient(endpoint, clock);
  const images = createImages(client, options);
  const events = createEventFeed(client, names, clock);
  const leftovers = createLeftovers(client, events, clock);
  const helpers = createVolumeHelpers({
    client,
    names,
    images,
    clock,
    helperImage,
    leftovers,
    idleMs: options.helperIdleMs ?? 30_000,
    most: 16,
    silenceMs: helperSilenceMs,
  });
  const volumes = createVolumes(client, names, helpers);
  const snapshots = createSnapshots(client, names);
  const metrics = createMetrics(client, clock, options.metricsIntervalMs ?? 30_000);
  const network = createNetwork({
    client,
    names,
    images,
    helperImage,
    leftovers,
    clock,
    spares: sparesOf(options),
    subnet: options.subnet,
    resolvers: options.resolvers,
  });
  const proxy = options.proxy === undefined ? {} : options.proxy;
  const ingress = createIngress({ proxy: proxy || {}, clock, network });
  const exposes = proxy !== false && (filtered || endpoint.kind === "socket");
  const starts = options.concurrentStarts ?? Math.max(4, 2 * availableParallelism());
  const queue = createSandboxQueue({ ...options.capacity, starts });
  const pool =
    options.pool &&
    createPool({
      ...{ client, names, images, events, clock, leftovers, network, limits, isolation },
      wanted: options.pool,
    });
  const sandboxes = createSandboxes({
    client,
    names,
    images,
    events,
    clock,
    leftovers,
    network,
    ingress,
    filtered,
    exposes,
    pool,
    limits,
    isolation,
    queue,
    onRunning: metrics.watch,
    onEnded: metrics.rest,
  });

  const runtime = createRuntime(client, events, isolation.runtime);
  const inside = runtime.hasOwnKernel;
  const killer = { client, names, images, clock, leftovers, helperImage, inside };

  const features: EngineFeatures = {
    resources: true,
    egress: filtered,
    networking: exposes,
    snapshots: true,
    metrics: true,
    object_volumes: false,
  };

  function refuses(plan: SandboxPlan): ReturnType<NonNullable<Engine["refuses"]>> {
    if (plan.networking !== undefined && !exposes) return { field: "networking", rule: "this engine exposes no ports" };
    if (plan.egress !== undefined && !filtered) return { field: "egress", rule: "is not enforced here" };
    const entry = plan.egress?.find((destination) => !isIpv4(destination));
    if (entry !== undefined) {
      const got = JSON.stringify(entry);
      return { field: "egress", rule: `this engine can enforce only IPv4 addresses and ranges (got ${got})` };
    }
    const memory = plan.resources?.memory_bytes;
    if (memory !== undefined && memory < leastMemoryBytes) {
      return { field: "resources.memory", rule: `must be at least 6Mi for this engine (got ${memory} bytes)` };
    }
    return queue.refusal(sizeOfPlan(plan, limits)) ?? ingress.refuses(plan);
  }

  return {
    name: "docker",
    features,
    egress,
    openProxy: () => translated(async () => (exposes ? ingress.open() : undefined)),

    inventory: () =>
      translated(async () => {
        await helpers.sweep();
        await volumes.sweep();
        const [running, kept, images] = await Promise.all([
          sandboxes.inventory(),
          volumes.inventory(),
          snapshots.inventory(),
        ]);
        if (pool !== undefined) void runtime.checkFilterable().then(pool.fill, () => {});
        return { sandboxes: running, volumes: kept, snapshots: images };
      }),

    refuses,
    async startSandbox(plan, signal, begins) {
      const refusal = refuses(plan);
      if (refusal !== undefined) throw new EngineError("unsupported", `${refusal.field}: ${refusal.rule}`);
      if (filtered) await translated(runtime.checkFilterable);
      return sandboxes.start(plan, signal, () => begins?.());
    },
    attachSandbox: (id) => translated(() => sandboxes.attach(id)),
    stopSandbox: (id) => translated(() => sandboxes.stop(id)),
    removeSandbox: (id) =>
      translated(async () => {
        await sandboxes.remove(id);
        metrics.forget(id);
        await Promise.all([volumes.sweep(), snapshots.sandboxRemoved()]);
      }),

    async exec(id, { exec_id, env = {}, whole = false, ...request }) {
      const container = await translated(() => sandboxes.container(id));
      if (container === undefined) throw new EngineError("not_running", "the sandbox is not running");
      const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      const { died, ...streams } = await startExec(client, events, {
        ...request,
        container: container.id,
        env: [...variables, `${marker}=${exec_id}`],
      });
      let ended = false;
      streams.exit.then(
        () => {
          ended = true;
        },
        () => {},
      );
      if (whole) void died.then(() => killRest(killer, container.id, exec_id)).catch(() => {});
      return {
        ...streams,
        kill: () =>
          translated(async () => {
            if (!ended) await killExec(killer, container.id, exec_id);
          }),
        signal: (name) =>
          translated(async () => {
            if (!ended) await signalExec(killer, container.id, exec_id, name);
          }),
      };
    },

    logs: (id, window) =>
      translated(async () => {
        const container = await sandboxes.container(id);
        if (container === undefined) throw new EngineError("not_found", `sandbox ${id} is not known`);
        try {
          return await readLogs(client, container.id, window);
        } catch (error) {
          if (hasStatus(error, 404)) throw new EngineError("not_found", `sandbox ${id} is not known`);
          throw error;
        }
      }),
    metrics: (id, window) => metrics.read(id, window),

    createVolume: ({ id, type }) =>
      translated(async () => {
        if (type === "object") throw new EngineError("unsupported", "type: this engine has no object volumes");
        await volumes.create(id);
      }),
    deleteVolume: (id) => translated(() => volumes.delete(id)),
    files: (id) => volumeFiles({ client, events, helpers, clock, silenceMs: helperSilenceMs }, id),

    createSnapshot: ({ id, sandbox_id }) =>
      translated(async () => {
        const container = await sandboxes.container(sandbox_id);
        if (container === undefined) throw new EngineError("not_running", "the sandbox is not running");
        return snapshots.create(id, container.id);
      }),
    deleteSnapshot: (id) => translated(() => snapshots.delete(id)),

    async close() {
      metrics.close();
      images.close();
      // Before the network: nothing may be on it any more when it goes.
      await pool?.close().catch(() => {});
      await leftovers.close();
      await Promise.allSettled([ingress.close(), helpers.close(), network.close()]);
      events.close();
      client.close();
    },
  };
}

/** The least that Docker takes. */
const leastMemoryBytes = 6 * 1024 * 1024;

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toEngineError(error);
  }
}
