/**
 * Judges from outside: by the engine's own API and disk, and by a client that was not there when things went wrong.
 * What it holds against them is only what the clients were told.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { Porter, SandboxError, type StatusResponse, type Volume } from "../packages/core/src/index.ts";
import type { DockerClient } from "../packages/docker/src/client.ts";
import { label } from "../packages/docker/src/names.ts";
import { ledgerFile } from "./client.ts";
import { installation, type Machine, spareNetworks } from "./machine.ts";
import { isOver, type VolumeNote, type World } from "./world.ts";

interface Container {
  readonly id: string;
  readonly kind: string;
  readonly of: string;
  readonly runs: boolean;
  readonly state: string;
  readonly network: string | undefined;
}

export interface Left {
  readonly containers: Container[];
  readonly volumes: string[];
  readonly images: string[];
  readonly networks: string[];
}

/**
 * Docker's own leak: killed while it started a container, it has lost sight of a mount, and says of the container at every
 * attempt that its file system cannot be removed. The server tries again and again; nobody can do more through the API.
 */
async function cannotBeRemoved(client: DockerClient, id: string, state: string): Promise<boolean> {
  if (state !== "dead" && state !== "removing") return false;
  const found = await client.call<{ State: { Error: string } }>("GET", `/containers/${id}/json`).catch(() => undefined);
  return found?.State.Error.includes("failed to remove root filesystem") === true;
}

/** Everything in the engine that carries our label or our name, and that the engine can remove. */
export async function leftInEngine({ engine: { client } }: Machine): Promise<Left> {
  const filters = { label: [`${label.installation}=${installation}`] };
  type Labelled = { Labels?: Record<string, string> | null };
  const [containers, volumes, images, networks] = await Promise.all([
    client.call<(Labelled & { Id: string; State: string; HostConfig?: { NetworkMode?: string } })[]>(
      "GET",
      "/containers/json",
      { query: { all: true, filters } },
    ),
    client.call<{ Volumes?: (Labelled & { Name: string })[] | null }>("GET", "/volumes"),
    client.call<(Labelled & { Id: string; RepoTags?: string[] | null })[]>("GET", "/images/json", {
      query: { filters },
    }),
    client.call<{ Name: string }[]>("GET", "/networks", { query: { filters } }),
  ]);
  const prefix = `porter-sandbox-${installation}`;
  const stuck = await Promise.all(containers.map(({ Id, State }) => cannotBeRemoved(client, Id, State)));
  const removable = containers.filter((_, index) => !stuck[index]);
  return {
    containers: removable.map(({ Id, State, Labels, HostConfig }) => ({
      id: Id,
      kind: Labels?.[label.kind] ?? "",
      of: Labels?.[label.id] ?? "",
      runs: State === "running" || State === "paused",
      state: State,
      network: /^container:(.+)$/.exec(HostConfig?.NetworkMode ?? "")?.[1],
    })),
    // By name too: what the engine makes on its own, for a mount, has no label.
    volumes: (volumes.Volumes ?? []).map(({ Name }) => Name).filter((name) => name.startsWith(`${prefix}.`)),
    images: images.map(({ Labels, Id }) => Labels?.[label.id] ?? Id),
    networks: networks.map(({ Name }) => Name),
  };
}

/** Whether the sandbox's container runs; undefined when the engine does not say. */
export async function runsInEngine({ engine: { client } }: Machine, id: string): Promise<boolean | undefined> {
  try {
    const query = { filters: { label: [`${label.installation}=${installation}`, `${label.id}=${id}`] } };
    return (await client.call<unknown[]>("GET", "/containers/json", { query })).length > 0;
  } catch {
    return undefined;
  }
}

const settleMs = 20_000;
const ttlGraceMs = 5_000;

async function everything(porter: Porter, world: World) {
  const sandboxes = new Map<string, StatusResponse>();
  for await (const { status } of porter.sandboxes.iterate({ tags: { run: world.run } })) {
    if (status) sandboxes.set(status.id, status);
  }
  const [volumes, snapshots] = await Promise.all([porter.volumes.list(), porter.snapshots.list()]);
  return { sandboxes, volumes, snapshots };
}

/** In which ways server and engine do not agree, as [what, about]. */
async function differences(machine: Machine, porter: Porter, world: World): Promise<[string, string][]> {
  const [{ sandboxes, volumes, snapshots }, left] = await Promise.all([
    everything(porter, world),
    leftInEngine(machine),
  ]);
  const found: [string, string][] = [];
  const nameOf = (id: string) => sandboxes.get(id)?.name ?? id;
  const short = new Set(world.sandboxes.flatMap(({ kind, name }) => (kind === "short" ? [name] : [])));
  const containers = new Map(left.containers.filter(({ kind }) => kind === "sandbox").map((one) => [one.of, one]));
  for (const { id, name, phase } of sandboxes.values()) {
    const runs = containers.get(id)?.runs === true;
    if (phase === "queued" || phase === "creating") found.push([`${name} is still ${phase}`, name]);
    if (phase === "running" && !runs) {
      found.push([`${name} is running, and its container is ${containers.get(id)?.state ?? "not there"}`, name]);
    }
    if (isOver(phase) && runs) found.push([`${name} is ${phase}, and its container runs`, name]);
    if (phase === "running" && short.has(name)) found.push([`${name} ends by itself and is running`, name]);
  }
  for (const { of } of containers.values()) {
    if (!sandboxes.has(of)) found.push([`a container runs for ${of}, which no sandbox is`, of]);
  }
  const holding = new Map(
    [...containers.values()].flatMap(({ network, runs, of }) => (network && runs ? [[network, of]] : [])),
  );
  const spares = left.containers.filter(({ kind, id }) => kind === "holder" && !holding.has(id));
  if (spares.length > spareNetworks) {
    const states = spares.map(({ state, id }) => `${id.slice(0, 12)} ${state}`).join(", ");
    found.push([`${spares.length} network holders serve no sandbox: ${states}`, ""]);
  }
  for (const { kind, of, state } of left.containers) {
    if (kind === "kill") found.push([`a helper that ends the command ${of} is left (${state})`, of]);
    if (kind === "files" && !volumes.some(({ id }) => id === of))
      found.push([`a helper of the volume ${of} is left (${state})`, of]);
    if (kind === "files" && state !== "running") found.push([`a helper of the volume ${of} is left, ${state}`, of]);
  }
  const volumeNames = new Map(
    volumes.map(({ id, name, phase }) => [`porter-sandbox-${installation}.volume.${id}`, { name, phase }]),
  );
  const mounted = new Set([...sandboxes.values()].flatMap(({ volume_mounts }) => Object.values(volume_mounts ?? {})));
  for (const volume of left.volumes) {
    const id = volume.slice(volume.lastIndexOf(".") + 1);
    // One that was deleted stays, empty, while an ended sandbox refers to it.
    if (!volumeNames.has(volume) && !mounted.has(id)) found.push([`the engine's volume ${volume} is nobody's`, id]);
  }
  for (const [volume, { name, phase }] of volumeNames) {
    if (phase === "pending") found.push([`the volume ${name} is still pending`, name]);
    if (phase === "ready" && !left.volumes.includes(volume))
      found.push([`the volume ${name} is ready, and the engine has none`, name]);
  }
  for (const { id, status } of snapshots) {
    if (status === "pending") found.push([`the snapshot ${id} is still pending`, id]);
    if (status === "ready" && !left.images.includes(id))
      found.push([`the snapshot ${id} is ready, and the engine has no image`, id]);
  }
  for (const image of left.images) {
    if (!snapshots.some(({ id }) => id === image)) found.push([`the image ${image} is nobody's snapshot`, image]);
  }
  return found.map(([what, about]) => [what, nameOf(about)]);
}

/** Waits until server and engine say the same, and judges all that the clients were told. */
export async function judge(machine: Machine, world: World, ledger: VolumeNote): Promise<void> {
  const url = machine.server()?.url;
  if (url === undefined) throw new Error("there is no server to judge");
  const porter = new Porter({ baseUrl: url });
  const deadline = Date.now() + settleMs;
  let left = await differences(machine, porter, world);
  while (left.length > 0 && Date.now() < deadline) {
    await pause(250);
    left = await differences(machine, porter, world);
  }
  for (const [what, about] of left) world.violation(`${what}, after ${settleMs / 1000} s`, about);

  await judgeSandboxes(porter, world);
  await judgeVolumes(porter, world);
  judgeCommands(machine, world, ledger);
  await judgeLogs(porter, world);
  porter.close();
}

async function idOf(look: () => Promise<{ id: string }>): Promise<string | undefined> {
  try {
    return (await look()).id;
  } catch (error) {
    if (error instanceof SandboxError && error.statusCode === 404) return undefined;
    throw error;
  }
}

async function judgeSandboxes(porter: Porter, world: World): Promise<void> {
  const { sandboxes, snapshots } = await everything(porter, world);
  const known = new Set<string>();
  for (const note of world.sandboxes) {
    const { name } = note;
    const id = await idOf(() => porter.sandboxes.raw.lookupSandbox({ query: { name } }));
    if (note.created === "ok" && id !== note.id) {
      world.violation(`${name} was acknowledged as ${note.id} and is ${id ?? "not known"}`, name);
    }
    if (note.created === "refused" && id !== undefined)
      world.violation(`${name} was refused, and there is ${id}`, name);
    if (id === undefined) continue;
    note.id = id;
    note.created = "ok";
    known.add(id);
    const status = sandboxes.get(id);
    if (status === undefined) {
      world.violation(`${name} is not in the list`, name);
      continue;
    }
    const { phase, exit_code } = status;
    if (note.ended !== undefined && note.ended !== phase)
      world.violation(`${name} was ${note.ended} and is ${phase}`, name);
    if (isOver(phase)) note.ended = phase;
    if (note.terminated === "done" && !isOver(phase)) world.violation(`${name} was terminated and is ${phase}`, name);
    // No workload here ends with 0.
    if (phase === "succeeded" || exit_code === 0) world.violation(`${name} is ${phase} with ${exit_code}`, name);
    // A signal's code, or none; 7 only from what exits so.
    const codes = note.kind === "short" ? [7, 137, 143, undefined] : [137, 143, undefined];
    if (!codes.includes(exit_code)) world.violation(`${name} is ${phase} with exit code ${exit_code}`, name);
    const expired =
      note.ttlSeconds !== undefined && Date.parse(status.started_at ?? status.created_at) + note.ttlSeconds * 1000;
    if (expired !== false && Date.now() > expired + ttlGraceMs && !isOver(phase)) {
      world.violation(`${name} had ${note.ttlSeconds} s from ${status.started_at} and is ${phase}`, name);
    }
  }
  for (const { id, name } of sandboxes.values()) {
    if (!known.has(id)) world.violation(`the list has ${name}, which nobody asked for`, name);
  }
  for (const { id, removed } of world.snapshots) {
    const there = snapshots.some((one) => one.id === id);
    if (removed === "no" && !there) world.violation(`the snapshot ${id} was acknowledged and is not known`, id);
    if (removed === "done" && there) world.violation(`the snapshot ${id} was deleted and is known`, id);
  }
}

async function judgeVolumes(porter: Porter, world: World): Promise<void> {
  const volumes = new Map((await porter.volumes.list()).map((volume) => [volume.name, volume as Volume]));
  for (const note of world.volumes) {
    const { name, files } = note;
    const volume = volumes.get(name);
    if (note.created === "ok" && note.removed === "no" && volume?.id !== note.id) {
      world.violation(`the volume ${name} was acknowledged as ${note.id} and is ${volume?.id ?? "not known"}`, name);
    }
    if (note.created === "refused" && volume) world.violation(`the volume ${name} was refused, and is there`, name);
    if (note.removed === "done" && volume) world.violation(`the volume ${name} was deleted, and is there`, name);
    if (volume === undefined) {
      if (note.created === "ok" && note.removed === "tried") note.removed = "done";
      continue;
    }
    note.id = volume.id;
    note.created = "ok";
    note.removed = "no";
    if (volume.phase !== "ready") continue;
    for (const path of files.paths()) {
      const before = files.describe(path);
      const text = await textOf(volume, path);
      if (!files.read(path, text)) {
        world.violation(`${path} of ${name} is ${text?.slice(0, 60) ?? "not there"} and must be ${before}`, name);
      }
    }
    const listed =
      (await idOf(async () => ({ id: (await volume.listdir("/c")).map(({ path }) => path).join("\n") }))) ?? "";
    const paths = listed.split("\n").filter((path) => path !== "");
    if (!files.listed(paths)) world.violation(`${name} lists ${paths.join(", ") || "nothing"}`, name);
    files.settle();
  }
}

async function textOf(volume: Volume, path: string): Promise<string | undefined> {
  try {
    return await volume.readText(path);
  } catch (error) {
    if (error instanceof SandboxError && error.statusCode === 404) return undefined;
    throw error;
  }
}

/** By the bytes on the engine's disk. */
function judgeCommands(machine: Machine, world: World, ledger: VolumeNote): void {
  const { host } = machine.engine;
  const folder = join(host.slice("unix://".length), "..", "data", "volumes");
  const file = join(folder, `porter-sandbox-${installation}.volume.${ledger.id}`, "_data", ledgerFile);
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
  const times = new Map<string, number>();
  for (const line of lines) times.set(line, (times.get(line) ?? 0) + 1);
  for (const [line, count] of times) {
    if (count > 1) world.violation(`${line} ran ${count} times`, line, line.replace("boot-", ""));
  }
  for (const { token, sandbox, outcome } of world.execs) {
    const ran = times.has(token);
    if (outcome === "ok" && !ran) world.violation(`${token} was acknowledged, and did not run`, token, sandbox.name);
    if (outcome === "refused" && ran) world.violation(`${token} was refused, and ran`, token, sandbox.name);
    if (outcome === "ok" && !times.has(`boot-${sandbox.name}`)) {
      world.violation(`${sandbox.name} ran a command and not its own`, sandbox.name);
    }
    times.delete(token);
  }
  for (const { name } of world.sandboxes) times.delete(`boot-${name}`);
  for (const line of times.keys()) world.violation(`${line} ran, and nobody asked for it`, line);
}

/** What an acknowledged command said is in the logs of its sandbox. */
async function judgeLogs(porter: Porter, world: World): Promise<void> {
  for (const sandbox of new Set(world.execs.map((exec) => exec.sandbox))) {
    const { logs } = await porter.sandboxes.raw.getSandboxLogs({
      path: { id: sandbox.id ?? "" },
      query: { limit: 5000 },
    });
    const lines = logs.filter(({ exec_id }) => exec_id).map(({ line }) => line);
    for (const { token, outcome } of world.execs.filter((exec) => exec.sandbox === sandbox)) {
      const count = lines.filter((line) => line === token).length;
      if (count > 1 || (count === 0 && outcome === "ok")) {
        world.violation(`${token} is ${count} times in the logs of ${sandbox.name}`, token, sandbox.name);
      }
    }
  }
}

/** Ends everything, lets it be forgotten, and looks for what stayed. */
export async function judgeEnd(machine: Machine, world: World): Promise<void> {
  const porter = new Porter({ baseUrl: machine.server()?.url });
  const { sandboxes, volumes, snapshots } = await everything(porter, world);
  for (const { id } of sandboxes.values()) await porter.sandboxes.fromId(id).terminate();
  for (const snapshot of snapshots) await snapshot.delete();
  for (const volume of volumes) await volume.delete();
  const first = world.sandboxes.find(({ created }) => created === "ok");
  const code = await machine.endServer();
  if (code !== 0) world.violation(`the server ended with ${code} when it was asked to`);
  judgeStore(machine, world);

  const { url } = await machine.startServer("--retention", "1s");
  const later = new Porter({ baseUrl: url });
  const deadline = Date.now() + settleMs;
  const isRest = async () =>
    (await later.sandboxes.list()).length > 0 ||
    (await leftInEngine(machine)).containers.some(({ kind }) => kind === "sandbox");
  while ((await isRest()) && Date.now() < deadline) await pause(250);
  if (first !== undefined) {
    const taken = await later.sandboxes
      .create({ name: first.name, image: machine.engine.image })
      .catch((error) => error);
    if ((taken as { code?: string }).code !== "name_taken")
      world.violation(`the name ${first.name} is free again`, first.name);
  }
  later.close();
  await machine.endServer();
  let left = await leftInEngine(machine);
  // What the engine is removing goes by itself; nobody else is there to remove anything.
  const removed = Date.now() + settleMs;
  while (left.containers.some(({ state }) => state === "removing") && Date.now() < removed) {
    await pause(250);
    left = await leftInEngine(machine);
  }
  for (const { kind, of, state } of left.containers)
    world.violation(`a ${kind} container of ${of} is left (${state})`, of);
  for (const kind of ["volumes", "images", "networks"] as const) {
    for (const name of left[kind])
      world.violation(`of ${kind} there is left ${name}`, name.slice(name.lastIndexOf(".") + 1));
  }
  judgeStore(machine, world);
}

function judgeStore(machine: Machine, world: World): void {
  const database = new DatabaseSync(join(machine.dataDir, "store.sqlite"));
  try {
    for (const pragma of ["integrity_check", "foreign_key_check"]) {
      const rows = database.prepare(`PRAGMA ${pragma}`).all();
      const text = rows.map((row) => Object.values(row).join(" ")).join("; ");
      if (text !== "" && text !== "ok") world.violation(`the store is not whole: ${text}`);
    }
  } finally {
    database.close();
  }
}
