/**
 * OCI runtimes that run a sandbox on a kernel of its own. From outside neither its processes nor, when it has a network
 * stack of its own too, its packets can be seen as those of a container can.
 */
import { EngineError } from "@porter-sandbox/api";
import type { DockerClient } from "./client.ts";

/** Whether a runtime brings its own kernel, by its name: gVisor's `runsc`, and Kata. */
export const hasOwnKernel = (runtime: string | undefined): boolean =>
  runtime !== undefined && /(^|[./-])(runsc|gvisor|kata)/i.test(runtime);

interface Info {
  readonly Runtimes?: Readonly<Record<string, { readonly runtimeArgs?: readonly string[] | null }>> | null;
}

/**
 * Rejects when a packet filter in the sandbox's network namespace would not see the packets of this runtime: one with a
 * network stack of its own sends them past it. gVisor goes without that when it is registered with `--network=host`,
 * which means the namespace that the container was given, not the machine's.
 */
export async function checkFilterable(client: Pick<DockerClient, "call">, runtime: string | undefined): Promise<void> {
  if (runtime === undefined || !hasOwnKernel(runtime)) return;
  const { Runtimes } = await client.call<Info>("GET", "/info");
  const found = Runtimes?.[runtime];
  if (found?.runtimeArgs?.some((argument) => /^--?network=host$/.test(argument))) return;
  const what = found === undefined ? "is not registered with the engine" : "is not registered with --network=host";
  throw new EngineError(
    "engine_error",
    `egress cannot be enforced with the runtime ${runtime}: it ${what}, so its packets would go past the filter`,
  );
}
