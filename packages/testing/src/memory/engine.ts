import {
  createSandboxQueue,
  type Engine,
  EngineError,
  type EngineFeatures,
  type EngineFileInfo,
  type EngineFiles,
  type QueueOptions,
  type SandboxPlan,
  sizeOf,
} from "@porter-sandbox/api";
import { type Clock, sleep, systemClock } from "@porter-sandbox/spec";
import type { Command } from "../commands/command.ts";
import { withFileScripts } from "../commands/file-scripts.ts";
import { runPlain } from "../commands/plain.ts";
import type { Fault } from "../control.ts";
import { contentFromStream, emptyContent, streamOf } from "./content.ts";
import { createFileTree, type FileTree, type NodeInfo } from "./files.ts";
import { type Mount, type MountAccess, mountTrees } from "./mounts.ts";
import { type MemorySandbox, startMemorySandbox } from "./sandbox.ts";

/** What can happen to a sandbox while it starts, or soon after. */
export type BootFault = Extract<Fault, { kind: "slow_boot" | "failed_boot" | "evict_after" }>;

/** What `createMemoryEngine` takes. */
export interface MemoryEngineOptions {
  /** What time it is. Default: the system's. */
  readonly clock?: Clock | undefined;
  /** How long a sandbox takes to start, in milliseconds by the clock. Default 0: at once. */
  readonly bootDelayMs?: number | undefined;
  /**
   * What may be promised to all sandboxes together. A create that would go beyond waits as `queued`, one that could never
   * fit is refused with a 422; a sandbox that asks for no resources is promised none. Default: no bounds.
   */
  readonly capacity?: QueueOptions | undefined;
  /** What runs commands, but for those of `sandbox.files`, which the engine does itself. Default: the plain commands. */
  readonly run?: Command | undefined;
  /** Asked at each start; what it answers happens to that sandbox. */
  readonly bootFault?: ((plan: SandboxPlan) => BootFault | undefined) | undefined;
}

/** The engine of the fake. Beyond the port it lets a test lose a sandbox and look inside. */
export interface MemoryEngine extends Engine {
  /** Loses a running sandbox, as when its machine goes away. Rejects with `not_found` when none of that id runs. */
  evict(sandboxId: string): Promise<void>;
  /** Ids of sandboxes that start or run. */
  alive(): string[];
  /** The files of a sandbox, its volumes mounted, or of a disk volume. Throws `not_found` for an unknown id. */
  tree(of: { sandbox: string } | { volume: string }): FileTree;
}

interface Volume {
  readonly tree: FileTree;
  readonly access: MountAccess;
  readonly type: "disk" | "object";
}

const features: EngineFeatures = {
  resources: true,
  egress: true,
  networking: true,
  snapshots: true,
  metrics: true,
  object_volumes: true,
};

/**
 * An engine that keeps everything in memory: real file trees, real command output, no machine. Limits and egress rules
 * are accepted and not enforced, exposed ports have a host where nothing listens: it is a double, see the package's
 * Limitations.
 */
export function createMemoryEngine(options: MemoryEngineOptions = {}): MemoryEngine {
  const { clock = systemClock, bootDelayMs = 0, bootFault } = options;
  const run = withFileScripts(options.run ?? runPlain);
  const now = () => clock.now();
  const sandboxes = new Map<string, MemorySandbox>();
  const starting = new Set<string>();
  const volumes = new Map<string, Volume>();
  const snapshots = new Map<string, FileTree>();
  const image = imageTree(now);
  const queue = createSandboxQueue(options.capacity);
  let closed = false;
  let pids = 1;

  const volumeOf = (id: string): Volume => {
    const volume = volumes.get(id);
    if (!volume) throw new EngineError("not_found", `Volume ${id} does not exist`);
    return volume;
  };
  const runningOf = (id: string): MemorySandbox => {
    const sandbox = sandboxes.get(id);
    if (!sandbox?.isRunning()) throw new EngineError("not_running", `Sandbox ${id} is not running`);
    return sandbox;
  };
  const rootOf = (plan: SandboxPlan): FileTree => {
    if (plan.snapshot_id === undefined) return image;
    const snapshot = snapshots.get(plan.snapshot_id);
    if (!snapshot) throw new EngineError("not_found", `Snapshot ${plan.snapshot_id} does not exist`);
    return snapshot;
  };
  const mountsOf = (plan: SandboxPlan, root: FileTree): Mount[] =>
    Object.entries(plan.volume_mounts).map(([path, id]) => {
      if (root.exists(path) && root.stat(path).type === "file") {
        throw new EngineError("engine_error", `Cannot mount at ${path}: a file is in its place`);
      }
      return { path, ...volumeOf(id) };
    });
  const evict = async (id: string) => {
    if (!sandboxes.get(id)?.isRunning()) throw new EngineError("not_found", `No running sandbox has the id ${id}`);
    sandboxes.get(id)?.stop({ reason: "evicted", message: "The engine lost the sandbox" });
  };

  const boot = async (plan: SandboxPlan, signal: AbortSignal) => {
    const fault = bootFault?.(plan);
    const delay = bootDelayMs + (fault?.kind === "slow_boot" ? fault.ms : 0);
    if (delay > 0) await sleep(clock, delay, signal);
    if (closed) throw new EngineError("engine_error", "The engine is closed");
    if (fault?.kind === "failed_boot") {
      const { reason = "engine_error", message } = fault;
      const why =
        reason === "image_pull" ? `The image ${plan.image} could not be pulled` : "The sandbox could not start";
      throw new EngineError(reason, message ?? why);
    }
    const root = rootOf(plan);
    const mounts = mountsOf(plan, root);
    const sandbox = startMemorySandbox({
      plan,
      clock,
      run,
      nextPid: () => ++pids,
      baseBytes: root === image ? 0 : root.size(),
      createFiles() {
        const own = root.clone();
        return { root: own, whole: mountTrees(own, mounts) };
      },
    });
    sandboxes.set(plan.id, sandbox);
    if (fault?.kind === "evict_after") clock.schedule(() => void evict(plan.id).catch(() => {}), fault.ms);
    return sandbox.running;
  };

  return {
    name: "memory",
    features,
    egress: "unenforced",
    evict,
    alive: () => [...starting, ...[...sandboxes].filter(([, each]) => each.isRunning()).map(([id]) => id)],
    tree(of) {
      if ("volume" in of) return volumeOf(of.volume).tree;
      const sandbox = sandboxes.get(of.sandbox);
      if (!sandbox) throw new EngineError("not_found", `Sandbox ${of.sandbox} does not exist`);
      return sandbox.files().whole;
    },

    inventory: async () => ({
      sandboxes: [...sandboxes.keys()],
      volumes: [...volumes.keys()],
      snapshots: [...snapshots.keys()],
    }),

    refuses: ({ resources }) => queue.refusal(sizeOf(resources)),
    async startSandbox(plan, signal, begins) {
      if (signal.aborted) throw signal.reason;
      if (closed) throw new EngineError("engine_error", "The engine is closed");
      if (starting.has(plan.id) || sandboxes.has(plan.id)) {
        throw new EngineError("exists", `Sandbox ${plan.id} exists already`);
      }
      starting.add(plan.id);
      try {
        const started = await queue.enter(plan.id, sizeOf(plan.resources), signal);
        begins?.();
        const running = await boot(plan, signal).finally(started);
        void running.ended.then(() => queue.release(plan.id));
        return running;
      } catch (error) {
        queue.release(plan.id);
        throw error;
      } finally {
        starting.delete(plan.id);
      }
    },
    attachSandbox: async (id) => sandboxes.get(id)?.running,
    async stopSandbox(id) {
      sandboxes.get(id)?.stop();
    },
    async removeSandbox(id) {
      sandboxes.get(id)?.stop();
      sandboxes.delete(id);
    },
    exec: async (id, exec) => runningOf(id).exec(exec),
    async logs(id, window) {
      return sandboxes.get(id)?.logs(window) ?? [];
    },
    async metrics(id, window) {
      return sandboxes.get(id)?.metrics(window) ?? [];
    },

    async createVolume({ id, type, object }) {
      if (volumes.has(id)) return;
      volumes.set(id, { tree: createFileTree(now), type, access: accessOf(object?.access) });
    },
    async deleteVolume(id) {
      volumes.delete(id);
    },
    files: (id) =>
      volumeFiles(() => {
        const volume = volumeOf(id);
        if (volume.type === "object") throw new EngineError("unsupported", `Volume ${id} is a bucket: it has no files`);
        return volume.tree;
      }),

    async createSnapshot({ id, sandbox_id }) {
      if (snapshots.has(id)) throw new EngineError("exists", `Snapshot ${id} exists already`);
      const tree = runningOf(sandbox_id).files().root.clone();
      snapshots.set(id, tree);
      return { size_bytes: tree.size() };
    },
    async deleteSnapshot(id) {
      snapshots.delete(id);
    },

    async close() {
      closed = true;
      for (const sandbox of sandboxes.values()) sandbox.stop();
    },
  };
}

/** The root of every image here: the directories that programs expect, and nothing that runs. */
function imageTree(now: () => number): FileTree {
  const tree = createFileTree(now);
  const directories = "bin dev etc home root tmp usr/bin usr/lib usr/local/bin var/log var/tmp".split(" ");
  for (const directory of directories) tree.mkdir(`/${directory}`, { parents: true });
  tree.write("/dev/null", emptyContent);
  return tree;
}

function volumeFiles(treeOf: () => FileTree): EngineFiles {
  return {
    stat: async (path) => fileInfo(treeOf().stat(path)),
    list: async (path) => treeOf().list(path).map(fileInfo),
    async read(path, range) {
      const tree = treeOf();
      const content = tree.read(path);
      const file = fileInfo(tree.stat(path));
      const part = range(file);
      return { file, ...(part && { bytes: streamOf(content, part.start, part.length) }) };
    },
    async write(path, content) {
      const tree = treeOf();
      const bytes = await contentFromStream(content);
      tree.write(path, bytes, { parents: true });
    },
    async move(from, to) {
      treeOf().move(from, to);
    },
  };
}

function fileInfo({ name, type, size, modified_at }: NodeInfo): EngineFileInfo {
  return { name, type, size_bytes: size, modified_at };
}

/** An access that is not known here allows the least. */
function accessOf(access: string | undefined): MountAccess {
  if (access === undefined || access === "read_write") return "read_write";
  return access === "write_only_new_files" ? access : "read_only";
}
