import type { RunningSandbox, SandboxPlan } from "@porter-sandbox/api";
import { sizeOfPlan } from "../container-body.ts";
import { toEngineError, unless } from "../errors.ts";
import type { Images } from "../images.ts";
import { removeContainer } from "../leftovers.ts";
import type { Exposure } from "../proxy/ingress.ts";
import { type AttachOptions, createAttach } from "./attach.ts";
import { type BringUpOptions, createBringUp } from "./bring-up.ts";
import { cleanUp } from "./clean-up.ts";
import { type ContainersOptions, createContainers, type SandboxContainer } from "./containers.ts";
import { ImageMissing } from "./create-container.ts";

interface Sandboxes {
  /** Waits for its turn and for room, says that it begins, and brings it up. */
  start(plan: SandboxPlan, signal: AbortSignal, begins: () => void): Promise<RunningSandbox>;
  attach(id: string): Promise<RunningSandbox | undefined>;
  stop(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** The ids of all that were started; clears away what a crash left half made. */
  inventory(): Promise<string[]>;
  /** The container of a sandbox; undefined when there is none. */
  container(id: string): Promise<SandboxContainer | undefined>;
}

interface SandboxesOptions extends ContainersOptions, BringUpOptions, AttachOptions {
  readonly images: Images;
}

export function createSandboxes(options: SandboxesOptions): Sandboxes {
  const { client, names, images, limits, leftovers, network, ingress, pool, queue } = options;
  const containers = createContainers(options);
  const bringUp = createBringUp(options, containers);

  async function startInTurn(
    plan: SandboxPlan,
    exposure: Exposure | undefined,
    signal: AbortSignal,
    begins?: () => void,
  ): Promise<RunningSandbox> {
    const started = await queue.enter(plan.id, sizeOfPlan(plan, limits), signal);
    begins?.();
    const here = network.coming();
    try {
      return await bringUp(plan, exposure, signal);
    } finally {
      started();
      here();
    }
  }

  return {
    async start(plan, signal, begins) {
      try {
        const exposure = await ingress.claim(plan);
        try {
          return await startInTurn(plan, exposure, signal, begins);
        } catch (error) {
          if (!(error instanceof ImageMissing)) throw error;
          // Not in its turn: what is there already need not wait for what has to come from far away.
          await images.pull(plan.image, signal);
          return await startInTurn(plan, exposure, signal);
        }
      } catch (error) {
        ingress.release(plan.id);
        queue.release(plan.id);
        if (signal.aborted) throw signal.reason;
        throw toEngineError(error);
      }
    },

    attach: createAttach(options, containers),

    async stop(id) {
      ingress.release(id);
      const container = await containers.find(id);
      if (container === undefined) return;
      // 409: it does not run. Everything of it that runs elsewhere, its execs, dies with its main process.
      await unless([404, 409], client.call("POST", `/containers/${container.id}/kill`, { query: { signal: "KILL" } }));
      await containers.releaseHolder(container);
    },

    async remove(id) {
      ingress.release(id);
      const container = await containers.find(id);
      if (container === undefined) return;
      await removeContainer(client, container.id);
      containers.forget(id);
      containers.ends.gone(container.id);
      await containers.releaseHolder(container);
    },

    inventory: () => cleanUp({ client, names, leftovers, network, pool, isKnown: containers.isKnown }),

    container: containers.find,
  };
}
