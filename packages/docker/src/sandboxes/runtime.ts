/**
 * The OCI runtime of sandboxes. Some run a sandbox on a kernel of its own: from outside neither its processes nor, when it
 * has a network stack of its own too, its packets can be seen as those of a container can.
 */
import { EngineError } from "@porter-sandbox/api";
import type { DockerClient } from "../client.ts";
import type { EventFeed } from "../events.ts";

interface Runtime {
  /** Whether it brings its own kernel, by its name: gVisor's `runsc`, and Kata. */
  hasOwnKernel(): Promise<boolean>;
  /**
   * Rejects when a packet filter in the sandbox's network namespace would not see the packets of this runtime: one with a
   * network stack of its own sends them past it. gVisor goes without that when it is registered with `--network=host`,
   * which means the namespace that the container was given, not the machine's.
   */
  checkFilterable(): Promise<void>;
}

interface Info {
  readonly DefaultRuntime?: string;
  readonly Runtimes?: Readonly<Record<string, { readonly runtimeArgs?: readonly string[] | null }>> | null;
}

/** The runtime called `wanted`, or the one that the engine takes when it is told none. */
export function createRuntime(
  client: Pick<DockerClient, "call">,
  events: Pick<EventFeed, "onResync">,
  wanted: string | undefined,
): Runtime {
  let told: Promise<Info> | undefined;
  // An engine that was away may be back with other ones.
  events.onResync(() => {
    told = undefined;
  });
  const info = (): Promise<Info> => {
    told ??= client.call<Info>("GET", "/info").catch((error) => {
      told = undefined;
      throw error;
    });
    return told;
  };
  const find = async () => wanted ?? (await info()).DefaultRuntime;
  return {
    hasOwnKernel: async () => bringsKernel(await find()),
    async checkFilterable() {
      const runtime = await find();
      if (runtime === undefined || !bringsKernel(runtime)) return;
      const found = (await info()).Runtimes?.[runtime];
      if (found?.runtimeArgs?.some((argument) => /^--?network=host$/.test(argument))) return;
      const what = found === undefined ? "is not registered with the engine" : "is not registered with --network=host";
      throw new EngineError(
        "engine_error",
        `egress cannot be enforced with the runtime ${runtime}: it ${what}, so its packets would go past the filter`,
      );
    },
  };
}

const bringsKernel = (runtime: string | undefined): boolean =>
  runtime !== undefined && /(^|[./-])(runsc|gvisor|kata)/i.test(runtime);
