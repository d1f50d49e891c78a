import { createSandboxApi, type QueueOptions, type SandboxApi, type SandboxApiOptions } from "@porter-sandbox/api";
import { createVirtualClock, type VirtualClock } from "./clock.ts";
import type { Shell } from "./commands/command.ts";
import { runPlain } from "./commands/plain.ts";
import { createCommands, type FakeCommands } from "./commands/scripts.ts";
import type { FakeControl, Leaks } from "./control.ts";
import { type FakeFiles, fakeFiles } from "./fake-files.ts";
import { createFaults } from "./faults.ts";
import { createGateway, type FetchLike } from "./gateway.ts";
import { createMemoryEngine, type MemoryEngine } from "./memory/engine.ts";
import { createRandom } from "./random.ts";
import { createRecorder } from "./recorder.ts";

/**
 * Everything that `createSandboxApi` takes but what makes it a fake: keys, limits, environment groups, extensions. Pages of
 * every origin may use it, unless `cors` says otherwise.
 */
export interface FakeOptions extends Omit<SandboxApiOptions, "engine" | "store" | "clock" | "random"> {
  /** Decides what chance decides: ids, and faults with a probability. Default 1. */
  readonly seed?: number | undefined;
  /** Where the clock starts, in milliseconds since the epoch or as a `Date`. It then stands still until it is moved. */
  readonly start?: number | Date | undefined;
  /** `true`: time moves only by `control.advance`. Default: it also runs along with the system's, unless `start` is given. */
  readonly frozen?: boolean | undefined;
  /** A clock of the caller's, instead of `start` and `frozen`; to share one among fakes. `close` leaves it alone. */
  readonly clock?: VirtualClock | undefined;
  /** How long a sandbox takes to start, in milliseconds by the clock. Default 0. */
  readonly bootDelayMs?: number | undefined;
  /**
   * What may be promised to all sandboxes together. A create that would go beyond waits as `queued`, one that could never
   * fit is refused with a 422; a sandbox that asks for no resources is promised none. Default: no bounds.
   */
  readonly capacity?: QueueOptions | undefined;
  /** Runs what no script answers; `bashShell()` of `@porter-sandbox/testing/shell`. Default: the plain commands. */
  readonly shell?: Shell | undefined;
  /** How many requests are remembered, the newest. Default 10,000. */
  readonly keptRequests?: number | undefined;
}

/** A whole Sandbox API in memory. */
export interface FakeSandboxApi {
  /** In place of the global `fetch`: `new Porter({ fetch: fake.fetch })`. Answers on every host. */
  readonly fetch: FetchLike;
  /** Its time, its faults and what it remembers. */
  readonly control: FakeControl;
  /** What commands answer, and which ran. */
  readonly commands: FakeCommands;
  /** What time it is in the fake. */
  readonly clock: VirtualClock;
  /** The engine in use; another one after a reset. */
  readonly engine: MemoryEngine;
  /** The server in use, without faults and recording; another one after a reset. */
  readonly api: SandboxApi;
  /** The files of a sandbox, its volumes mounted, or of a volume; by id. Throws when there is none. */
  files(of: { sandbox: string } | { volume: string }): FakeFiles;
  /** Throws an Error that lists what was left behind, if anything was. */
  assertNoLeaks(): Promise<void>;
  /** Ends everything that runs in it. */
  close(): Promise<void>;
  /** As `close()`, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A fake of the Sandbox API: the real server on an engine that keeps everything in memory. Nothing is shared between
 * two fakes; same seed, same start, same requests, same answers.
 *
 * @example
 * ```ts
 * const fake = createFakeSandboxApi();
 * const porter = new Porter({ fetch: fake.fetch });
 * fake.commands.on("npm test", { stdout: "3 passed\n" });
 * await using sandbox = await porter.sandboxes.create({ image: "node:24" });
 * const { stdout } = await sandbox.exec(["npm", "test"]);
 * ```
 */
export function createFakeSandboxApi(options: FakeOptions = {}): FakeSandboxApi {
  const { seed = 1, start, frozen, bootDelayMs, capacity, shell, keptRequests = 10_000, ...apiOptions } = options;
  const clock = options.clock ?? createVirtualClock({ start, frozen });
  // Two sources, so that how many faults were drawn does not change the ids.
  const idRandom = createRandom(seed);
  const faults = createFaults(createRandom(seed + 1));
  const recorder = createRecorder(() => clock.now(), keptRequests);
  const { commands, run } = createCommands(
    shell ? (call) => shell.run(call) : runPlain,
    // The server answers a 500 that says nothing of it, and tells nobody but `onError`.
    (error) => {
      if (!apiOptions.onError) console.error(error);
    },
  );

  const build = () => {
    const engine = createMemoryEngine({ clock, bootDelayMs, capacity, run, bootFault: () => faults.forBoot() });
    return {
      engine,
      api: createSandboxApi({ cors: { origins: "*" }, ...apiOptions, engine, clock, random: idRandom }),
    };
  };
  let current = build();
  const closeServer = async ({ engine, api }: typeof current) => {
    // First what runs: requests that wait for a command end, and the server has nothing left to wait for.
    await engine.close();
    await api.close();
  };

  const leaks = async (): Promise<Leaks> => ({
    sandboxes: current.engine.alive(),
    volumes: (await current.engine.inventory()).volumes,
    requests: recorder.unfinished(),
  });
  const control: FakeControl = {
    advance: (ms) => clock.advance(ms),
    inject: async (rule) => faults.inject(rule),
    clearFaults: async () => faults.clear(),
    evict: (sandboxId) => current.engine.evict(sandboxId),
    requests: async () => recorder.list(),
    clearRequests: async () => recorder.clear(),
    leaks,
    async reset() {
      const former = current;
      current = build();
      faults.clear();
      commands.clear();
      recorder.clear();
      await closeServer(former);
    },
  };
  const close = async () => {
    await closeServer(current);
    if (!options.clock) clock.close();
  };

  return {
    fetch: createGateway({ serve: async (request) => current.api.fetch(request), clock, faults, recorder }),
    control,
    commands,
    clock,
    get engine() {
      return current.engine;
    },
    get api() {
      return current.api;
    },
    files: (of) => fakeFiles(current.engine.tree(of)),
    async assertNoLeaks() {
      const left = await leaks();
      const lines = Object.entries(left).flatMap(([kind, names]: [string, readonly string[]]) =>
        names.length > 0 ? [`${kind}: ${names.join(", ")}`] : [],
      );
      if (lines.length > 0) throw new Error(`The fake was left with\n  ${lines.join("\n  ")}`);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
