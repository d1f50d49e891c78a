import { EngineError } from "@porter-sandbox/api";
import type { Clock } from "@porter-sandbox/spec";
import type { DockerClient, Hijacked } from "./client.ts";
import { helperBody } from "./container-body.ts";
import { toEngineError, unless } from "./errors.ts";
import { readFrames } from "./frames.ts";
import { type Images, lacksImage } from "./images.ts";
import type { Names } from "./names.ts";
import { fold, root, sessionScript } from "./volume-script.ts";

export interface HelperAnswer {
  /** `ok`, or why not. */
  readonly say: string;
  readonly data: Buffer;
}

/** A container that works on one volume's files. */
export interface VolumeHelper {
  readonly container: string;
  ask(operation: string, ...args: (string | Uint8Array)[]): Promise<HelperAnswer>;
  readonly dead: boolean;
}

export interface VolumeHelpers {
  /** Runs `work` with the volume's helper, which is started when there is none, and stays for a while. */
  use<T>(volume: string, work: (helper: VolumeHelper) => Promise<T>): Promise<T>;
  /** Removes the volume's helper, so that the volume can go. */
  drop(volume: string): Promise<void>;
  close(): Promise<void>;
}

export interface HelpersOptions {
  readonly client: DockerClient;
  readonly names: Names;
  readonly images: Images;
  readonly clock: Clock;
  readonly helperImage: string;
  /** How long a helper stays without work. */
  readonly idleMs: number;
  /** How many may stay without work. */
  readonly most: number;
}

interface Slot {
  readonly started: Promise<VolumeHelper>;
  users: number;
  cancelIdle: () => void;
}

export function createVolumeHelpers(options: HelpersOptions): VolumeHelpers {
  const { client, names, images, clock, helperImage } = options;
  // The least recently used comes first.
  const slots = new Map<string, Slot>();

  async function start(volume: string): Promise<VolumeHelper> {
    // Creating a container that mounts a volume would make the volume.
    const exists = await unless(
      [404],
      client.call("GET", `/volumes/${names.volume(volume)}`).then(() => true),
    );
    if (exists === undefined) throw new EngineError("not_found", `volume ${volume} does not exist`);
    const body = helperBody({
      image: helperImage,
      command: ["sh", "-c", sessionScript],
      labels: names.labels("files", volume),
      // Files may belong to anyone, and be shut to everyone.
      capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER"],
      // When this process is gone, its standard input ends, and the helper with it.
      rest: {
        OpenStdin: true,
        StdinOnce: true,
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        User: "0:0",
      },
      host: {
        AutoRemove: true,
        PidsLimit: 256,
        Mounts: [
          {
            Type: "volume",
            Source: names.volume(volume),
            Target: root,
            VolumeOptions: { NoCopy: true, Labels: names.labels("volume", volume) },
          },
        ],
      },
    });
    const create = () => client.call<{ Id: string }>("POST", "/containers/create", { json: body });
    let container: string;
    try {
      container = (await create()).Id;
    } catch (error) {
      if (!lacksImage(error)) throw error;
      await images.pull(helperImage);
      container = (await create()).Id;
    }
    try {
      const attach = { query: { stream: true, stdin: true, stdout: true, stderr: true } };
      const session = openSession(await client.hijack(`/containers/${container}/attach`, attach));
      await client.call("POST", `/containers/${container}/start`);
      await session.ready;
      return {
        container,
        ask: session.ask,
        get dead() {
          return session.isDead();
        },
      };
    } catch (error) {
      await remove(container);
      throw error;
    }
  }

  const remove = async (container: string) => {
    await unless([404, 409], client.call("DELETE", `/containers/${container}`, { query: { force: true } }));
  };

  async function end(volume: string, slot: Slot): Promise<void> {
    if (slots.get(volume) === slot) slots.delete(volume);
    slot.cancelIdle();
    const helper = await slot.started.catch(() => undefined);
    if (helper !== undefined) await remove(helper.container);
  }

  function take(volume: string): Slot {
    const found = slots.get(volume);
    if (found !== undefined) {
      found.cancelIdle();
      slots.delete(volume);
      slots.set(volume, found);
      return found;
    }
    const slot: Slot = { started: start(volume), users: 0, cancelIdle: () => {} };
    slot.started.catch(() => {
      if (slots.get(volume) === slot) slots.delete(volume);
    });
    slots.set(volume, slot);
    return slot;
  }

  function giveBack(volume: string, slot: Slot): void {
    slot.users -= 1;
    if (slot.users > 0 || slots.get(volume) !== slot) return;
    slot.cancelIdle = clock.schedule(() => void end(volume, slot).catch(() => {}), options.idleMs);
    const resting = [...slots].filter(([, { users }]) => users === 0);
    for (const [name, old] of resting.slice(0, Math.max(0, resting.length - options.most))) {
      void end(name, old).catch(() => {});
    }
  }

  async function use<T>(volume: string, work: (helper: VolumeHelper) => Promise<T>): Promise<T> {
    for (;;) {
      const slot = take(volume);
      slot.users += 1;
      try {
        const helper = await slot.started.catch((error) => {
          throw toEngineError(error);
        });
        if (!helper.dead) return await work(helper);
        if (slots.get(volume) === slot) slots.delete(volume);
      } finally {
        giveBack(volume, slot);
      }
    }
  }

  return {
    use,
    async drop(volume) {
      const slot = slots.get(volume);
      if (slot !== undefined) await end(volume, slot);
      // One that a former server left, or whose end was not waited for.
      const query = { all: true, filters: names.filters("files", volume) };
      const left = await client.call<{ Id: string }[]>("GET", "/containers/json", { query });
      await Promise.all(left.map(({ Id }) => remove(Id)));
    },
    async close() {
      await Promise.allSettled([...slots].map(([volume, slot]) => end(volume, slot)));
    },
  };
}

/** Requests and answers take turns on the connection. */
function openSession({ socket, head }: Hijacked) {
  interface Waiting {
    readonly resolve: (answer: HelperAnswer) => void;
    readonly reject: (error: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let chunks: Buffer[] = [];
  let stderr = "";
  let dead = false;
  const expect = () => new Promise<HelperAnswer>((resolve, reject) => waiting.push({ resolve, reject }));

  const die = (reason: string) => {
    if (dead) return;
    dead = true;
    socket.destroy();
    const said = stderr.trim() === "" ? "" : `: ${stderr.trim().slice(0, 200)}`;
    for (const { reject } of waiting.splice(0)) {
      reject(new EngineError("engine_error", `the volume's helper ${reason}${said}`));
    }
  };
  const frames = readFrames((stream, piece) => {
    if (stream === "stderr") {
      stderr = (stderr + Buffer.from(piece).toString("utf8")).slice(-1000);
      return;
    }
    let rest = Buffer.from(piece);
    for (;;) {
      // The word after the NUL may come later than the NUL.
      const whole = chunks.length === 0 ? rest : Buffer.concat([...chunks, rest]);
      const nul = rest.includes(0) || chunks.some((chunk) => chunk.includes(0)) ? whole.indexOf(0) : -1;
      const feed = nul === -1 ? -1 : whole.indexOf(0x0a, nul);
      if (feed === -1) {
        if (rest.length > 0) chunks.push(rest);
        return;
      }
      chunks = [];
      waiting.shift()?.resolve({ data: whole.subarray(0, nul), say: whole.subarray(nul + 1, feed).toString("latin1") });
      rest = whole.subarray(feed + 1);
      if (rest.length === 0) return;
    }
  });
  const ready = expect().then(() => {});
  // The failure is thrown to whoever started it; a second owner of it would be unhandled.
  ready.catch(() => {});
  socket.on("data", (bytes: Uint8Array) => {
    try {
      frames.push(bytes);
    } catch (error) {
      die(error instanceof Error ? error.message : "spoke nonsense");
    }
  });
  socket.on("error", () => die("was cut off"));
  socket.on("close", () => die("ended"));
  socket.on("end", () => die("ended"));
  if (head.length > 0) frames.push(head);

  return {
    ready,
    isDead: () => dead,
    ask(operation: string, ...args: (string | Uint8Array)[]): Promise<HelperAnswer> {
      if (dead) return Promise.reject(new EngineError("engine_error", "the volume's helper ended"));
      const answer = expect();
      socket.write(`${[operation, ...args.map(fold)].join(" ")}\n`);
      return answer;
    },
  };
}
