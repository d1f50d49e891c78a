/** From what a caller asked for to what is remembered, and from that to what an engine runs. */
import { parseCpu, parseMemory } from "@porter-sandbox/spec";
import type { components } from "@porter-sandbox/spec/types";
import type { Engine, EngineFeatures, SandboxPlan } from "../engine.ts";
import { unsupported } from "../errors.ts";
import type { SandboxLaunch, SandboxRecord } from "../store.ts";

export type SandboxSpec = components["schemas"]["SandboxSpec"];

/** What the engine cannot enforce is refused, never accepted and left out. */
export function refuseUnsupported(spec: SandboxSpec, features: EngineFeatures, engine: string): void {
  const asked: [field: string, wanted: boolean, can: boolean][] = [
    ["snapshot_id", Boolean(spec.snapshot_id), features.snapshots],
    ["networking", (spec.networking?.length ?? 0) > 0, features.networking],
    ["egress", spec.egress !== undefined, features.egress],
    ["resources", spec.resources?.cpu !== undefined || spec.resources?.memory !== undefined, features.resources],
  ];
  const refused = asked.find(([, wanted, can]) => wanted && !can);
  if (refused !== undefined) throw unsupported(refused[0], `the engine ${engine} cannot enforce it`);
}

/** The same for what an engine can only tell from the whole. */
export function refuseUnenforceable(engine: Engine, plan: SandboxPlan): void {
  const refusal = engine.refuses?.(plan);
  if (refusal !== undefined) throw unsupported(refusal.field, refusal.rule);
}

const isEmpty = (value: object | undefined): boolean => value === undefined || Object.keys(value).length === 0;

function networkingOf(spec: SandboxSpec): SandboxPlan["networking"] {
  const entry = spec.networking?.[0];
  if (entry === undefined) return undefined;
  const domain = entry.domains?.[0];
  const visibility = entry.internal ? "internal" : (domain?.visibility ?? "public");
  return { port: entry.port, visibility, ...(domain?.domain && { domain: domain.domain }) };
}

const NO_ENV: Readonly<Record<string, string>> = Object.freeze({});

export function newSandboxRecord(
  spec: SandboxSpec,
  { id, at, env }: { id: string; at: number; env: Readonly<Record<string, string>> },
): SandboxRecord {
  const networking = networkingOf(spec);
  const launch: SandboxLaunch = {
    env: isEmpty(env) ? NO_ENV : env,
    ...(spec.command && { command: spec.command }),
    ...(spec.args && { args: spec.args }),
    ...(networking && { networking }),
    ...(spec.egress && { egress: spec.egress.allowed_destinations }),
  };
  const cpu = spec.resources?.cpu === undefined ? undefined : parseCpu(spec.resources.cpu);
  const memory = spec.resources?.memory === undefined ? undefined : parseMemory(spec.resources.memory);
  const resources = {
    ...(cpu !== undefined && { cpu_cores: cpu }),
    ...(memory !== undefined && { memory_bytes: memory }),
  };
  return {
    id,
    name: spec.name ?? id,
    image: spec.image ?? "",
    phase: "queued",
    created_at: at,
    launch,
    ...(spec.snapshot_id && { snapshot_id: spec.snapshot_id }),
    ...(spec.tags && !isEmpty(spec.tags) && { tags: spec.tags }),
    ...(spec.volume_mounts && !isEmpty(spec.volume_mounts) && { volume_mounts: spec.volume_mounts }),
    ...(!isEmpty(resources) && { resources }),
    ...(spec.ttl_seconds !== undefined && { ttl_seconds: spec.ttl_seconds }),
    ...(spec.idle_timeout_seconds !== undefined && { idle_timeout_seconds: spec.idle_timeout_seconds }),
  };
}

const NO_MOUNTS: Readonly<Record<string, string>> = Object.freeze({});

export function planOf(record: SandboxRecord): SandboxPlan {
  const { id, name, image, snapshot_id, resources, launch } = record;
  return {
    id,
    name,
    image,
    env: NO_ENV,
    ...launch,
    volume_mounts: record.volume_mounts ?? NO_MOUNTS,
    ...(snapshot_id !== undefined && { snapshot_id }),
    ...(resources && { resources }),
  };
}
