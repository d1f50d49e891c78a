import { randomUUID } from "node:crypto";
import { EngineError } from "@porter-sandbox/api";
import type { Clock } from "@porter-sandbox/spec";
import type { DockerClient, Hijacked } from "../client.ts";
import { readFrames } from "../commands/frames.ts";
import { helperBody } from "../container-body.ts";
import { toEngineError, unless } from "../errors.ts";
import type { Images } from "../images.ts";
import { type Leftovers, removeContainer } from "../leftovers.ts";
import type { Names } from "../names.ts";
import { fold, longestListingBytes, root, sessionScript } from "./script.ts";

export interface HelperAnswer {
  /** `ok`, or why not. */
  readonly say: string;
  readonly data: Buffer;
}

/** A container that works on one volume's files. */
export interface VolumeHelper {
  readonly container: string;
  ask(operation: string, ...args: (string | Uint8Array)[]): Promise<HelperAnswer>;
  /** Gives it up: it is removed, what waits for it fails, and the next one to need a helper gets a new one. */
  abandon(why: string): void;
  readonly dead: boolean;
}

export interface VolumeHelpers {
  /** Runs `work` with the volume's helper, which is started when there is none, and stays for a while. */
  use<T>(volume: string, work: (helper: VolumeHelper) => Promise<T>): Promise<T>;
  /** Removes the volume's helper, so that the volume can go. */
  drop(volume: string): Promise<void>;
  /** Removes what a former server left: nothing that it was asked can happen any more. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

interface HelpersOptions {
  readonly client: DockerClient;
  readonly names: Names;
  readonly images: Images;
  readonly clock: Clock;
  readonly helperImage: string;
  readonly leftovers: Leftovers;
  /** How long a helper stays without work. */
  readonly idleMs: number;
  /** How many may stay without work. */
  readonly most: number;
  /** How long one may be silent when it is asked something. */
  readonly silenceMs: number;
}

interface Slot {
  readonly started: Promise<VolumeHelper>;
  users: number;
  cancelIdle: () => void;
}

export function createVolumeHelpers(options: HelpersOptions): VolumeHelpers {
  const { client, names, images, clock, helperImage, leftovers } = options;
  // The least recently used comes first.
  const slots = new Map<string, Slot>();
  /** The names of those that this process made. */
  const own = new Set<string>();

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
    const name = names.container("files", randomUUID());
    own.add(name);
    try {
      const container = await images.create(body, name);
      const attach = { query: { stream: true, stdin: true, stdout: true, stderr: true } };
      const session = openSession(await client.hijack(`/containers/${container}/attach`, attach), {
        clock,
        silenceMs: options.silenceMs,
        onDeath: () => void leftovers.remove(container).then(() => own.delete(name)),
      });
      await client.call("POST", `/containers/${container}/start`);
      await session.ready;
      return {
        container,
        ask: session.ask,
        abandon: session.die,
        get dead() {
          return session.isDead();
        },
      };
    } catch (error) {
      // By name: the engine may have made it without being able to say so.
      await leftovers.remove(name);
      own.delete(name);
      throw error;
    }
  }

  async function end(volume: string, slot: Slot): Promise<void> {
    if (slots.get(volume) === slot) slots.delete(volume);
    slot.cancelIdle();
    const helper = await slot.started.catch(() => undefined);
    if (helper !== undefined) await leftovers.remove(helper.container);
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
      await Promise.all(left.map(({ Id }) => removeContainer(client, Id)));
    },
    async sweep() {
      const query = { all: true, filters: names.filters("files") };
      const found = await client.call<{ Id: string; Names: string[] }[]>("GET", "/containers/json", { query });
      const strangers = found.filter(({ Names }) => !Names.some((name) => own.has(name.replace(/^\//, ""))));
      await Promise.all(strangers.map(({ Id }) => leftovers.remove(Id)));
    },
    async close() {
      await Promise.allSettled([...slots].map(([volume, slot]) => end(volume, slot)));
    },
  };
}

/** No answer is longer than a listing, which the script cuts before this. */
const longestAnswerBytes = 2 * longestListingBytes;

/** Empties a volume, however much is in it. */
const patient = (operation: string) => operation === "wipe";

interface SessionOptions {
  readonly clock: Clock;
  readonly silenceMs: number;
  readonly onDeath: () => void;
}

/**
 * Requests and answers take turns on the connection. The code in a sandbox may make an answer long, or have it never
 * come (a file that is swapped for a pipe while it is opened), so both are bounded.
 */
function openSession({ socket, head }: Hijacked, { clock, silenceMs, onDeath }: SessionOptions) {
  interface Waiting {
    readonly operation: string;
    readonly resolve: (answer: HelperAnswer) => void;
    readonly reject: (error: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let data: Uint8Array[] = [];
  let bytes = 0;
  /** What came after the NUL that ends the data; undefined before it. */
  let word: string | undefined;
  let stderr = "";
  let dead = false;
  let cancelAlarm = () => {};
  const expect = (operation: string) =>
    new Promise<HelperAnswer>((resolve, reject) => waiting.push({ operation, resolve, reject }));

  /** Whoever waits has waited long enough when this much time passes without a sign. */
  const setAlarm = () => {
    cancelAlarm();
    const [next] = waiting;
    if (dead || next === undefined || patient(next.operation)) return;
    cancelAlarm = clock.schedule(() => die(`did not answer within ${silenceMs} ms`), silenceMs);
  };
  const die = (reason: string) => {
    if (dead) return;
    dead = true;
    cancelAlarm();
    socket.destroy();
    onDeath();
    const said = stderr.trim() === "" ? "" : `: ${stderr.trim().slice(0, 200)}`;
    for (const { reject } of waiting.splice(0)) {
      reject(new EngineError("engine_error", `the volume's helper ${reason}${said}`));
    }
  };
  const take = (part: Uint8Array) => {
    bytes += part.length;
    if (bytes > longestAnswerBytes) throw new Error("said too much");
    if (part.length > 0) data.push(part);
  };
  const frames = readFrames((stream, piece) => {
    if (stream === "stderr") {
      stderr = (stderr + Buffer.from(piece).toString("utf8")).slice(-1000);
      return;
    }
    for (let rest = Buffer.from(piece); rest.length > 0; ) {
      if (word === undefined) {
        const nul = rest.indexOf(0);
        take(nul === -1 ? rest : rest.subarray(0, nul));
        if (nul === -1) return;
        word = "";
        rest = rest.subarray(nul + 1);
        continue;
      }
      const feed = rest.indexOf(0x0a);
      word += rest.subarray(0, feed === -1 ? rest.length : feed).toString("latin1");
      if (feed === -1) return;
      waiting.shift()?.resolve({ data: Buffer.concat(data), say: word });
      [data, bytes, word] = [[], 0, undefined];
      rest = rest.subarray(feed + 1);
    }
  });
  const ready = expect("start").then(() => {});
  // The failure is thrown to whoever started it; a second owner of it would be unhandled.
  ready.catch(() => {});
  const receive = (bytes: Uint8Array) => {
    try {
      frames.push(bytes);
      setAlarm();
    } catch (error) {
      die(error instanceof Error ? error.message : "spoke nonsense");
    }
  };
  socket.on("data", receive);
  socket.on("error", () => die("was cut off"));
  socket.on("close", () => die("ended"));
  socket.on("end", () => die("ended"));
  if (head.length > 0) receive(head);

  return {
    ready,
    die,
    isDead: () => dead,
    ask(operation: string, ...args: (string | Uint8Array)[]): Promise<HelperAnswer> {
      if (dead) return Promise.reject(new EngineError("engine_error", "the volume's helper ended"));
      const answer = expect(operation);
      if (waiting.length === 1) setAlarm();
      socket.write(`${[operation, ...args.map(fold)].join(" ")}\n`);
      return answer;
    },
  };
}
