/** The engines by name. Each is loaded only when it is asked for: their packages are optional. */
import type { Engine } from "@porter-sandbox/api";
import { type CliOptions, DOCKER_ONLY, type EngineName, UsageError } from "./options.ts";

export interface LoadedEngine {
  readonly engine: Engine;
  /** For people: what exactly runs. */
  readonly description: string;
}

type Load = (options: CliOptions, installation: string) => Promise<LoadedEngine>;

/** Node says so when a package is not there; anything else is a fault in it. */
const isMissing = (error: unknown, name: string): boolean =>
  (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND" && String((error as Error).message).includes(name);

async function load<T>(option: string, name: string, importing: () => Promise<T>): Promise<T> {
  try {
    return await importing();
  } catch (error) {
    const why = isMissing(error, name) ? `needs the package ${name}: install it` : `${name} does not load`;
    throw new Error(`--engine ${option}: ${why}`, { cause: error });
  }
}

async function hasJustBash(): Promise<boolean> {
  try {
    await import("just-bash");
    return true;
  } catch {
    return false;
  }
}

/** The rules for its options are the engine's own; one that came from the command line is told by its name there. */
function complaint(error: Error): Error {
  const [, option = "", rule] = /^([\w.]+): (.*\(got .*\))$/s.exec(error.message) ?? [];
  const flag = DOCKER_ONLY.find((each) => each === option.replaceAll(".", "-"));
  return flag === undefined
    ? new Error(`--engine docker: ${error.message}`, { cause: error })
    : new UsageError(`--${flag}: ${rule}`);
}

const loaders: Readonly<Record<EngineName, Load>> = {
  async docker({ egress, helperImage, pool, spareNetworks, proxy, capacity }, installation) {
    const { dockerEngine } = await load("docker", "@porter-sandbox/docker", () => import("@porter-sandbox/docker"));
    let engine: ReturnType<typeof dockerEngine> | undefined;
    try {
      engine = dockerEngine({ installation, egress, helperImage, pool, spareNetworks, proxy, capacity });
      // A port that was asked for and is taken is better known now than with the first sandbox that exposes one.
      if (proxy?.port) await engine.openProxy();
      return { engine, description: `docker, installation ${installation}, egress ${engine.egress}` };
    } catch (error) {
      await engine?.close().catch(() => {});
      throw error instanceof Error ? complaint(error) : error;
    }
  },
  async memory({ capacity }) {
    const name = "@porter-sandbox/testing";
    const { createMemoryEngine } = await load("memory", name, () => import("@porter-sandbox/testing"));
    if (!(await hasJustBash())) {
      return {
        engine: createMemoryEngine({ capacity }),
        description: "memory, plain commands (with just-bash: a whole shell)",
      };
    }
    const { bashShell } = await load("memory", name, () => import("@porter-sandbox/testing/shell"));
    const shell = bashShell();
    return { engine: createMemoryEngine({ capacity, run: (call) => shell.run(call) }), description: "memory, bash" };
  },
};

/** Throws an Error that names the engine when its package is not there, or it cannot work here. */
export const loadEngine = (options: CliOptions, installation: string): Promise<LoadedEngine> =>
  loaders[options.engine](options, installation);
