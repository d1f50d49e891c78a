/** A client that does one random thing after the other, and notes what it was told. */
import { setTimeout as pause } from "node:timers/promises";
import { type Porter, SandboxError, type Volume } from "../packages/core/src/index.ts";
import type { Random } from "../packages/testing/src/random.ts";
import type { FileChange } from "./file-model.ts";
import { type ExecNote, isOver, type Outcome, type SandboxNote, type VolumeNote, type World } from "./world.ts";

export interface ClientOptions {
  readonly world: World;
  readonly number: number;
  /** Goes through the wire that breaks. */
  readonly porter: Porter;
  readonly random: Random;
  readonly image: string;
  /** Where all sandboxes note that they ran, and what ran in them. */
  readonly ledger: VolumeNote;
  /** Whether the engine says that the sandbox's container runs; undefined when the engine cannot be asked. */
  readonly runsInEngine: (id: string) => Promise<boolean | undefined>;
  /** Live sandboxes that a client has at most. */
  readonly most: number;
}

/** Where the ledger is in every sandbox, and the file in it. */
export const ledgerPath = "/ledger";
export const ledgerFile = "tokens";
const waitMs = 8_000;
const filePaths = ["/c/f0", "/c/f1", "/c/f2"] as const;

/** Makes the operations of one client; each call does one. */
export function createClient(options: ClientOptions): () => Promise<void> {
  const { world, number, porter, random, image, ledger } = options;
  let count = 0;
  const next = () => {
    count += 1;
    return `${number}-${count}`;
  };
  const below = (limit: number) => Math.floor(random() * limit);
  const chance = (probability: number) => random() < probability;
  const pick = <T>(list: readonly T[]): T | undefined => list[below(list.length)];
  const call = { timeoutMs: waitMs };

  const mine = <T extends { readonly client: number }>(list: readonly T[]) =>
    list.filter(({ client }) => client === number);
  const usable = () =>
    mine(world.sandboxes).filter(
      ({ id, terminated, ended, kind }) =>
        id !== undefined && terminated === "no" && ended === undefined && kind === "idle",
    );
  const volumes = () => mine(world.volumes).filter(({ id, removed }) => id !== undefined && removed === "no");

  /** Runs one call, and answers how it went; a failure is never more than what the client says of it. */
  async function attempt<T>(
    what: string,
    about: readonly string[],
    work: () => Promise<T>,
  ): Promise<{ outcome: Outcome; value?: T; error?: SandboxError }> {
    const line = `client ${number}: ${what}`;
    world.note(`${line} …`, ...about);
    try {
      const value = await work();
      world.counts.ok += 1;
      world.note(`${line}: ok`, ...about);
      return { outcome: "ok", value };
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error;
      const outcome = error.admitted === false ? "refused" : "unknown";
      world.counts[outcome] += 1;
      world.note(
        `${line}: ${outcome} (${error.statusCode ?? ""} ${error.code} ${error.message.slice(0, 160)})`,
        ...about,
      );
      return { outcome, error };
    }
  }

  async function create(kind: SandboxNote["kind"], volume: VolumeNote | undefined): Promise<SandboxNote> {
    const name = `s-${next()}`;
    const note: SandboxNote = {
      name,
      client: number,
      kind,
      volume,
      ttlSeconds: chance(0.15) ? 2 + below(6) : undefined,
      askedAt: Date.now(),
      id: undefined,
      created: "unknown",
      terminated: "no",
      ended: undefined,
    };
    world.sandboxes.push(note);
    const script = `echo boot-${name} >> ${ledgerPath}/${ledgerFile}; ${kind === "short" ? "exit 7" : "exec sleep 100000"}`;
    const spec = {
      name,
      image,
      command: ["sh", "-c", script],
      tags: { run: world.run, client: `c${number}` },
      volume_mounts: { [ledgerPath]: ledger.id ?? "", ...(volume?.id && { "/own": volume.id }) },
      ...(note.ttlSeconds !== undefined && { ttl_seconds: note.ttlSeconds }),
    };
    const once = () => porter.sandboxes.create(spec, { ...call, idempotencyKey: `key-${name}` });
    let { outcome, value, error } = await attempt(`create ${name}`, [name], once);
    // A key makes it safe to ask again.
    let repeated = false;
    for (let repeat = 0; outcome === "unknown" && repeat < 3 && chance(0.7); repeat += 1) {
      repeated = true;
      await pause(200 * (repeat + 1));
      ({ outcome, value, error } = await attempt(`create ${name} again`, [name], once));
      if (error?.code === "name_taken")
        world.violation(`a create was repeated with its key, and its name was taken`, name);
    }
    // That a repeat was not taken says nothing of what came before it.
    note.created = repeated && outcome === "refused" ? "unknown" : outcome;
    note.id = value?.id;
    return note;
  }

  async function exec(note: SandboxNote): Promise<void> {
    const token = `x-${next()}`;
    const entry: ExecNote = { token, sandbox: note, outcome: "unknown" };
    world.execs.push(entry);
    const script = `sleep 0.${below(4)}; echo ${token} >> ${ledgerPath}/${ledgerFile}; echo ${token}`;
    const { outcome, value } = await attempt(`exec ${token} in ${note.name}`, [note.name, token], () =>
      porter.sandboxes.fromId(note.id ?? "").exec(["sh", "-c", script], call),
    );
    // One that ended by a signal was answered, and may have come to nothing.
    const whole = value?.exit_code === 0;
    entry.outcome = outcome === "ok" && !whole ? "unknown" : outcome;
    if (whole && value.stdout !== `${token}\n`) {
      world.violation(`exec ${token} ended well and said ${JSON.stringify(value.stdout)}`, note.name, token);
    }
  }

  async function look(note: SandboxNote): Promise<void> {
    const { outcome, value, error } = await attempt(`look at ${note.name}`, [note.name], async () => {
      const byName = await porter.sandboxes.get(note.name, call);
      await byName.refresh(call);
      return byName;
    });
    if (error?.statusCode === 404) world.violation(`${note.name} was acknowledged and is not known`, note.name);
    if (outcome !== "ok" || value === undefined) return;
    const phase = value.phase ?? "";
    if (value.id !== note.id) world.violation(`${note.name} is ${value.id} and was ${note.id}`, note.name);
    if (note.ended !== undefined && phase !== note.ended) {
      world.violation(`${note.name} was ${note.ended} and is ${phase}`, note.name);
    }
    if (isOver(phase)) note.ended = phase;
  }

  async function terminate(note: SandboxNote): Promise<void> {
    if (note.terminated === "no") note.terminated = "tried";
    const { outcome } = await attempt(`terminate ${note.name}`, [note.name], () =>
      porter.sandboxes.fromId(note.id ?? "").terminate(call),
    );
    if (outcome !== "ok") return;
    note.terminated = "done";
    if ((await options.runsInEngine(note.id ?? "")) === true) {
      world.violation(`${note.name} was acknowledged as terminated, and its container runs`, note.name);
    }
  }

  async function createVolume(): Promise<VolumeNote> {
    const note = world.newVolume(`v-${next()}`, number);
    const { outcome, value } = await attempt(`create volume ${note.name}`, [note.name], () =>
      porter.volumes.create({ name: note.name }, call),
    );
    note.created = outcome;
    note.id = value?.id;
    return note;
  }

  async function deleteVolume(note: VolumeNote): Promise<void> {
    const before = note.removed;
    note.removed = "tried";
    const { outcome } = await attempt(`delete volume ${note.name}`, [note.name], () =>
      porter.volumes.raw.deleteVolume({ path: { id: note.id ?? "" } }, call),
    );
    if (outcome === "ok") note.removed = "done";
    else if (outcome === "refused") note.removed = before;
  }

  const diskOf = async (note: VolumeNote) => (await porter.volumes.getById(note.id ?? "", call)) as Volume;

  async function change(note: VolumeNote): Promise<void> {
    const { files, name } = note;
    if (files.crowded) return;
    const [path = filePaths[0], other = filePaths[1]] = [pick(filePaths), pick(filePaths)];
    const text = `${name} ${next()} ${"x".repeat(chance(0.3) ? below(60_000) : below(200))}`;
    const isMove = chance(0.3) && path !== other;
    const asked: FileChange = isMove ? { kind: "move", from: path, to: other } : { kind: "write", path, text };
    const volume = await attempt(`open ${name}`, [name], () => diskOf(note));
    if (volume.value === undefined) return;
    const disk = volume.value;
    const what = isMove ? `move ${path} to ${other} in ${name}` : `write ${text.slice(0, 14)} to ${path} of ${name}`;
    const { outcome, error } = await attempt(what, [name], () =>
      isMove ? disk.moveFile(path, other, call) : disk.writeFile(path, text, call),
    );
    if (outcome === "unknown") return files.unknown(asked);
    const refused = isMove && (error?.statusCode === 404 || error?.statusCode === 409);
    const possible = outcome === "ok" ? files.done(asked) : !refused || files.refused(asked);
    if (!possible) {
      world.violation(
        `${what}: ${outcome}, which cannot be: ${path} is ${files.describe(path)}, ${other} ${files.describe(other)}`,
        name,
      );
    }
  }

  async function read(note: VolumeNote): Promise<void> {
    const path = pick(filePaths) ?? filePaths[0];
    const { outcome, value, error } = await attempt(`read ${path} of ${note.name}`, [note.name], async () =>
      (await diskOf(note)).readText(path, call),
    );
    if (outcome !== "ok" && error?.statusCode !== 404) return;
    const before = note.files.describe(path);
    if (!note.files.read(path, value)) {
      world.violation(
        `${path} of ${note.name} is ${value?.slice(0, 60) ?? "not there"} and must be ${before}`,
        note.name,
      );
    }
  }

  async function list(): Promise<void> {
    const known = mine(world.sandboxes).filter(({ created }) => created === "ok");
    const { value } = await attempt(`list`, [`list ${number}`], async () => {
      const names = new Map<string, string>();
      for await (const { name, id } of porter.sandboxes.iterate({ tags: { client: `c${number}` } }, call)) {
        names.set(name ?? "", id);
      }
      return names;
    });
    if (value === undefined) return;
    for (const { name, id } of known) {
      if (value.get(name) !== id)
        world.violation(`the list has ${value.get(name) ?? "nothing"} for ${name}, ${id}`, name);
    }
  }

  async function snapshot(note: SandboxNote): Promise<void> {
    const { value } = await attempt(`keep ${note.name}`, [note.name], () =>
      porter.sandboxes.fromId(note.id ?? "").snapshot({}, call),
    );
    if (value === undefined) return;
    const kept = { id: value.id, sandbox: note, removed: "no" } as { id: string; sandbox: SandboxNote; removed: "no" };
    world.snapshots.push(kept);
  }

  async function dropSnapshot(): Promise<void> {
    const note = pick(world.snapshots.filter(({ sandbox, removed }) => sandbox.client === number && removed === "no"));
    if (note === undefined) return;
    note.removed = "tried";
    const { outcome } = await attempt(`delete snapshot ${note.id}`, [note.id], () =>
      porter.snapshots.raw.deleteSnapshot({ path: { id: note.id } }, call),
    );
    if (outcome === "ok") note.removed = "done";
    else if (outcome === "refused") note.removed = "no";
  }

  /** What is ended in the moment in which it comes up, with its volume. */
  async function whirl(): Promise<void> {
    const volume = await createVolume();
    if (volume.id === undefined) return;
    const note = await create("idle", volume);
    if (note.id === undefined) return;
    await pause(below(400));
    await terminate(note);
    if (note.terminated === "done") await deleteVolume(volume);
  }

  const operations: readonly (readonly [weight: number, run: () => Promise<void> | undefined])[] = [
    [
      3,
      async () => {
        if (usable().length >= options.most) return;
        await create(chance(0.2) ? "short" : "idle", chance(0.4) ? pick(volumes()) : undefined);
      },
    ],
    [6, () => after(pick(usable()), exec)],
    [2, () => after(pick(mine(world.sandboxes).filter(({ created }) => created === "ok")), look)],
    [1, () => after(pick(usable()), terminate)],
    [
      1,
      async () => {
        if (volumes().length < 3) await createVolume();
      },
    ],
    [0.3, () => after(pick(volumes()), deleteVolume)],
    [4, () => after(pick(volumes()), change)],
    [2, () => after(pick(volumes()), read)],
    [1, list],
    [0.3, () => after(pick(usable()), snapshot)],
    [0.3, dropSnapshot],
    [1, whirl],
  ];
  const total = operations.reduce((sum, [weight]) => sum + weight, 0);

  return async () => {
    let at = random() * total;
    const found = operations.find(([weight]) => {
      at -= weight;
      return at < 0;
    });
    await found?.[1]();
  };
}

const after = <T>(value: T | undefined, work: (value: T) => Promise<void>): Promise<void> | undefined =>
  value === undefined ? undefined : work(value);
