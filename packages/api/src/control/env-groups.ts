/** Environment groups: named sets of variables that a server knows and a create refers to. */
import { invalid, show } from "../errors.ts";
import type { EnvGroups } from "./plane.ts";

async function lookUp(groups: EnvGroups, name: string): Promise<Readonly<Record<string, string>> | undefined> {
  if (typeof groups === "function") return groups(name);
  return Object.hasOwn(groups, name) ? groups[name] : undefined;
}

/** The variables of all groups, a later one over an earlier one, and the explicit ones over all. */
export async function resolveEnv(
  groups: EnvGroups,
  names: readonly string[] | undefined,
  explicit: Readonly<Record<string, string>> | undefined,
): Promise<Readonly<Record<string, string>>> {
  if (names === undefined || names.length === 0) return explicit ?? {};
  const merged: [string, string][] = [];
  for (const name of names) {
    const group = await lookUp(groups, name);
    if (group === undefined) throw invalid("env_groups", `env_groups: each must exist (got ${show(name)})`);
    merged.push(...Object.entries(group));
  }
  return Object.fromEntries([...merged, ...Object.entries(explicit ?? {})]);
}
