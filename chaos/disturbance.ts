/** What goes wrong in a round. */
import { setTimeout as pause } from "node:timers/promises";
import type { Random } from "../packages/testing/src/random.ts";
import type { Machine } from "./machine.ts";

export const disturbances = ["server", "engine", "server twice", "engine by force", "both", "server early"] as const;
export type Disturbance = (typeof disturbances)[number];

/** Has it happen, and brings everything up again. */
export async function disturb(kind: Disturbance, machine: Machine, random: Random): Promise<void> {
  const soon = () => pause(random() * 800);
  const restartServer = async () => {
    await machine.killServer();
    await machine.startServer();
  };
  const restartEngine = async (signal: "SIGTERM" | "SIGKILL", meanwhile: () => Promise<unknown> = soon) => {
    await machine.stopEngine(signal);
    await meanwhile();
    await machine.startEngine();
  };
  const byForce = () => (random() < 0.5 ? "SIGKILL" : "SIGTERM");
  switch (kind) {
    case "server":
      return restartServer();
    case "server twice":
      await restartServer();
      await soon();
      return restartServer();
    case "server early": {
      // Killed while it takes stock of what is there.
      await machine.killServer();
      const started = machine.startServer();
      await pause(200 + random() * 700);
      await machine.killServer();
      // The supervisor has started it again, or it had been ready and has to be.
      await started.catch(() => {});
      if (machine.server() === undefined) await machine.startServer();
      return;
    }
    case "engine":
      return restartEngine("SIGTERM");
    case "engine by force":
      return restartEngine("SIGKILL");
    case "both": {
      let server: Promise<unknown> | undefined;
      await restartEngine(byForce(), async () => {
        await soon();
        await machine.killServer();
        server = machine.startServer();
        await soon();
      });
      await server;
    }
  }
}
