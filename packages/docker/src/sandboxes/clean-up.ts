import type { DockerClient } from "../client.ts";
import type { ContainerSummary } from "../inspection.ts";
import { type Leftovers, removeCreated } from "../leftovers.ts";
import { label, type Names } from "../names.ts";
import type { Network } from "../network/network.ts";
import type { Pool } from "./pool.ts";

interface CleanUpOptions {
  readonly client: DockerClient;
  readonly names: Names;
  readonly leftovers: Leftovers;
  readonly network: Network;
  readonly pool: Pool | undefined;
  /** Whether this process brings the sandbox up, or has. */
  readonly isKnown: (sandbox: string) => boolean;
}

/** Clears away what a server that is gone left half made. Answers the ids of all sandboxes that were started. */
export async function cleanUp(options: CleanUpOptions): Promise<string[]> {
  const { client, names, leftovers, network, pool, isKnown } = options;
  const list = (kind: "sandbox" | "pool" | "holder" | "kill") =>
    client.call<ContainerSummary[]>("GET", "/containers/json", { query: { all: true, filters: names.filters(kind) } });
  const [made, pooled, holders, killers] = await Promise.all([
    list("sandbox"),
    list("pool"),
    list("holder"),
    list("kill"),
  ]);
  // One that was handed out is a sandbox like any other; one that waits for a server that is gone is none.
  const [given, waiting] = split(pooled, ({ Names }) => names.sandboxOf(Names) !== undefined);
  const [awaited, abandoned] = split(waiting, ({ Id }) => pool?.isOwn(Id) === true);
  const removed = new Set<ContainerSummary>();
  for (const summary of made) {
    const unstarted = summary.State === "created" && !isKnown(summary.Labels?.[label.id] ?? "");
    if (unstarted && (await removeCreated(client, summary.Id))) removed.add(summary);
  }
  const kept = [...made.filter((summary) => !removed.has(summary)), ...given];
  const used = new Set([...kept, ...awaited].flatMap((each) => (isOver(each) ? [] : (holderOf(each) ?? []))));
  const stray = holders.filter(({ Id }) => !used.has(Id) && !network.isOwn(Id));
  // After it was killed an engine can be unable to for a while; that must not keep the server from starting.
  await Promise.all([...stray, ...killers, ...abandoned].map(({ Id }) => leftovers.remove(Id)));
  return kept.flatMap(({ Labels, Names }) => names.sandboxOf(Names) ?? Labels?.[label.id] ?? []);
}

const isOver = ({ State }: ContainerSummary) => State === "exited" || State === "dead";

function split<T>(all: readonly T[], test: (one: T) => boolean): [yes: T[], no: T[]] {
  return [all.filter(test), all.filter((one) => !test(one))];
}

/** The container whose network a container uses; undefined for its own. */
export function holderOf({ HostConfig }: Pick<ContainerSummary, "HostConfig">): string | undefined {
  return /^container:(.+)$/.exec(HostConfig?.NetworkMode ?? "")?.[1];
}
