/** Clients at work while server, engine and wire fail; then everything is judged. */
import { setTimeout as pause } from "node:timers/promises";
import { Porter } from "../packages/core/src/index.ts";
import { createRandom } from "../packages/testing/src/random.ts";
import { createClient } from "./client.ts";
import { startCutProxy } from "./cut-proxy.ts";
import { type Disturbance, disturb, disturbances } from "./disturbance.ts";
import { createMachine } from "./machine.ts";
import { judge, judgeEnd, runsInEngine } from "./oracle.ts";
import { createWorld, type Outcome } from "./world.ts";

export interface ChaosOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly clients: number;
  /** How long clients work in a round before something fails, and again after it, in milliseconds at most. */
  readonly workMs?: number | undefined;
  /** What goes wrong, round by round; default: all of it in the seed's order. */
  readonly only?: readonly Disturbance[] | undefined;
  /** Told what happens. */
  readonly say?: ((line: string) => void) | undefined;
}

export interface ChaosReport {
  readonly seed: number;
  readonly counts: Readonly<Record<Outcome, number>>;
  readonly sandboxes: number;
  readonly cuts: number;
  /** Each with the journal of what it is about. Empty when all is well. */
  readonly violations: readonly string[];
  /** The last failures that servers told of. */
  readonly complaints: readonly string[];
}

/** Answers why it cannot be done here, in words. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport | string> {
  const { rounds, seed, clients, workMs = 2_500, say = () => {} } = options;
  const random = createRandom(seed);
  const machine = await createMachine();
  if (typeof machine === "string") return machine;
  const world = createWorld(`r${seed}`, (text) => say(`\nVIOLATION ${text}\n`));
  const proxy = await startCutProxy(createRandom(seed + 1));
  try {
    machine.onServer = ({ url, child }) => {
      proxy.target = Number(new URL(url).port);
      world.note(`the server ${child.pid} is ready`);
      child.once("exit", () => world.note(`the server ${child.pid} is gone`));
    };
    const { url } = await machine.startServer();
    const ledger = world.newVolume("ledger", -1);
    const direct = new Porter({ baseUrl: url });
    ledger.id = (await direct.volumes.create({ name: ledger.name })).id;
    ledger.created = "ok";

    const work = Array.from({ length: clients }, (_, number) =>
      createClient({
        world,
        number,
        ledger,
        random: createRandom(seed * 1000 + number),
        porter: new Porter({ baseUrl: proxy.url, maxRetries: number % 2 === 0 ? 0 : 3 }),
        image: machine.engine.image,
        runsInEngine: (id) => runsInEngine(machine, id),
        most: 4,
      }),
    );
    const order: Disturbance[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      if (order.length === 0) order.push(...shuffled(options.only ?? disturbances, random));
      const kind = order.shift() ?? "server";
      const began = performance.now();
      proxy.cuts = [0, 0.15, 0.4][Math.floor(random() * 3)] ?? 0;
      world.note(`ROUND ${round}: ${kind}, cuts ${proxy.cuts}`);
      let over = false;
      const busy = work.map(async (step) => {
        while (!over) {
          await step();
          await pause(10);
        }
      });
      const happening = (async () => {
        await pause(workMs * (0.2 + 0.8 * random()));
        await disturb(kind, machine, random);
        await pause(workMs * (0.2 + 0.8 * random()));
      })();
      await Promise.race([happening, Promise.all(busy)]);
      await happening;
      over = true;
      await Promise.all(busy);
      proxy.cuts = 0;
      world.note(`JUDGING round ${round}`);
      await judge(machine, world, ledger);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const { ok, refused, unknown } = world.counts;
      say(
        `round ${round}, ${kind}: ${ok} done, ${refused} refused, ${unknown} unknown so far, ${proxy.cut()} cuts, ` +
          `${world.violations.length} violations, ${seconds} s`,
      );
    }
    await judgeEnd(machine, world);
    return {
      seed,
      counts: world.counts,
      sandboxes: world.sandboxes.length,
      cuts: proxy.cut(),
      violations: world.violations,
      complaints: machine.complaints().slice(-20),
    };
  } finally {
    await proxy.close();
    await machine.close();
  }
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((value) => [random(), value] as const)
    .sort(([a], [b]) => a - b)
    .map(([, value]) => value);
}
