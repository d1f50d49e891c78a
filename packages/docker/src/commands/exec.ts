import { setTimeout as pause } from "node:timers/promises";
import { EngineError, type EngineExec, type TtySize } from "@porter-sandbox/api";
import type { DockerClient, Hijacked } from "../client.ts";
import { hasStatus, toEngineError, unless } from "../errors.ts";
import type { EventFeed } from "../events.ts";
import { type ExecInspection, inspectContainer } from "../inspection.ts";
import { type OutputStream, readFrames } from "./frames.ts";

interface ExecRequest {
  /** The container to run it in. */
  readonly container: string;
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly env?: readonly string[] | undefined;
  readonly user?: string | undefined;
  readonly cwd?: string | undefined;
  readonly tty?: TtySize | undefined;
}

/** An EngineExec without what needs more than the engine's API. */
export interface ExecStreams extends Omit<EngineExec, "kill" | "signal"> {
  /** Resolves when the command itself has ended, though something that it started may still hold its output. */
  readonly died: Promise<void>;
}

/** What a person types to end the input of a terminal, which no closed connection does. */
const END_OF_TRANSMISSION = "\x04";

/** How long the engine may take to note that a container has ended. */
const endingMs = 500;
/** The same for a command that is not there: each such waits that long for its exit code. */
const vanishingMs = 100;
/** How many bytes of each stream may wait for their reader. */
const highWaterMark = 256 * 1024;
/** What the engine writes to stdout when it could not start a command; told apart from the command's own output. */
const startFailure =
  /^(OCI runtime exec failed|exec failed|runc exec|failed to create exec|.*executable file not found)/;
/** Podman writes that to stderr, and calls the runtime by its name. */
const podmanStartFailure = /^Error: [\w.-]+: .*OCI (runtime|permission)/;
const podmanBeginning = /^Error: [\w.-]+: /;
const longestStartFailure = 4096;
const notFound = /executable file not found|no such file or directory/;
const notRunnable = /permission denied|exec format error|is a directory/;

/**
 * The exit code of a command that never began: what shells say of what is not there (127) and of what cannot be run
 * (126; engines before 23 say that of both). Throws when it was not for the command that it did not begin.
 */
function refusalOf(said: string, exit_code: number, excuse: string): number {
  if (notFound.test(said)) return 127;
  if (notRunnable.test(said)) return 126;
  // Engines before 23 say nothing of a directory or user that is not there.
  if (said === "" && excuse !== "" && (exit_code === 126 || exit_code === 127)) return exit_code;
  // An engine may forget the process of a command that did run.
  if (said === "" && exit_code !== 126 && exit_code !== 127) return exit_code;
  const reason = said.trim().slice(0, 300) || "the engine does not say why";
  const ending = /not running|stopped|paused|no such container|process not found|init process/i.test(said);
  throw new EngineError(ending ? "not_running" : "engine_error", `the command could not be started: ${reason}`);
}

const endedBefore = (cause: unknown) =>
  new EngineError("not_running", "the sandbox ended before its command began", { cause });

/** Starts a command in a running container. Rejects with an EngineError `not_running` when it does not run. */
export async function startExec(client: DockerClient, events: EventFeed, request: ExecRequest): Promise<ExecStreams> {
  const { container, command, stdin, env, user, cwd, tty } = request;
  const size = tty && { ConsoleSize: [tty.rows, tty.cols] };
  let exec: string;
  let hijacked: Hijacked;
  let podman: boolean;
  try {
    await events.ready();
    podman = await client.isPodman();
    const created = await client.call<{ Id: string }>("POST", `/containers/${container}/exec`, {
      json: {
        // A terminal that nobody types into is one all the same.
        AttachStdin: stdin || tty !== undefined,
        AttachStdout: true,
        AttachStderr: true,
        Tty: tty !== undefined,
        Cmd: command,
        ...size,
        ...(env && { Env: env }),
        ...(user && { User: user }),
        ...(cwd && { WorkingDir: cwd }),
      },
    });
    exec = created.Id;
    hijacked = await client.hijack(`/exec/${exec}/start`, { json: { Detach: false, Tty: tty !== undefined, ...size } });
  } catch (error) {
    // Of one that ended between the two requests, engines before 23 say 500, as of everything that they failed at.
    const ended = hasStatus(error, 500) && /is not running/i.test((error as Error).message);
    if (ended || hasStatus(error, 404, 409))
      throw new EngineError("not_running", "the sandbox is not running", { cause: error });
    throw toEngineError(error);
  }
  const inspect = () => unless([404], client.call<ExecInspection>("GET", `/exec/${exec}/json`));
  const died = whenExecEnds(events, exec, container, inspect);

  /** After the last byte of output: the exit code, or why it is not known. */
  async function exitCode(said: string): Promise<{ exit_code: number; started: boolean }> {
    let found = await inspect();
    if (found?.Running === true) {
      await died.promise;
      found = await inspect();
    }
    if (found === undefined || found.Running || typeof found.ExitCode !== "number") {
      throw new EngineError("not_running", "the sandbox ended before its command");
    }
    // Podman forgets the process of every command that has ended.
    const started = podman ? !podmanStartFailure.test(said) : found.Pid !== 0;
    return { exit_code: found.ExitCode, started };
  }

  /** Whether the sandbox has ended; one that is just ending may not be known to have for a moment. */
  async function hasEnded(withinMs: number): Promise<boolean> {
    const look = () => inspectContainer(client, container);
    if ((await look())?.State.Running !== true) return true;
    await pause(withinMs);
    return (await look())?.State.Running !== true;
  }

  const asked = [...(cwd === undefined ? [] : [`in ${cwd}`]), ...(user === undefined ? [] : [`as ${user}`])];
  const excuse = asked.length === 0 ? "" : `the command could not be started ${asked.join(" ")}\n`;
  const output = outputOf(hijacked, exitCode, hasEnded, { terminal: tty !== undefined, excuse, podman });
  output.exit.then(died.stop, died.stop);
  if (tty !== undefined && !stdin) hijacked.socket.write(END_OF_TRANSMISSION);
  const resize = async ({ rows, cols }: TtySize): Promise<void> => {
    try {
      await client.call("POST", `/exec/${exec}/resize`, { query: { h: rows, w: cols } });
    } catch (error) {
      if ((await inspect())?.Running === true) throw toEngineError(error);
    }
  };
  // Engines before 23 take no size with the start; there it comes a moment after it.
  if (tty !== undefined) await resize(tty).catch(() => {});
  return {
    ...output,
    ...(stdin && { stdin: inputOf(hijacked, tty !== undefined) }),
    died: died.promise,
    resize,
  };
}

/** Resolves when an exec, or the container it runs in, has ended. */
function whenExecEnds(
  events: EventFeed,
  exec: string,
  container: string,
  inspect: () => Promise<ExecInspection | undefined>,
): { promise: Promise<void>; stop: () => void } {
  let stop = () => {};
  const promise = new Promise<void>((resolve) => {
    const look = () =>
      void inspect().then(
        (found) => found?.Running !== true && resolve(),
        () => {},
      );
    const offEvents = events.listen(({ action, container: about, attributes }) => {
      if (action === "exec_die" && attributes.execID === exec) resolve();
      if ((action === "die" || action === "destroy") && about === container) resolve();
    });
    const offResync = events.onResync(look);
    stop = () => {
      offEvents();
      offResync();
      resolve();
    };
  });
  return { promise, stop };
}

/**
 * The two streams of a hijacked connection, or the one of a terminal. Nobody's bytes pile up: a reader that rests makes the
 * engine rest.
 */
function outputOf(
  { socket, head }: Hijacked,
  exitCode: (said: string) => Promise<{ exit_code: number; started: boolean }>,
  hasEnded: (withinMs: number) => Promise<boolean>,
  { terminal, excuse, podman }: { readonly terminal: boolean; readonly excuse: string; readonly podman: boolean },
): Pick<ExecStreams, "stdout" | "stderr" | "exit"> {
  type Controller = ReadableStreamDefaultController<Uint8Array>;
  const open = new Map<OutputStream, Controller>();
  const [tells, beginning]: [OutputStream, RegExp] = podman ? ["stderr", podmanBeginning] : ["stdout", startFailure];
  /** The beginning of that stream, while it may still be the engine's word that the command could not start. */
  let held: Uint8Array[] | undefined = [];
  let heldBytes = 0;

  const flow = () => {
    const full = [...open.values()].some(({ desiredSize }) => (desiredSize ?? 1) <= 0);
    if (full) socket.pause();
    else socket.resume();
  };
  const streamOf = (name: OutputStream) =>
    new ReadableStream<Uint8Array>(
      {
        start: (controller) => void open.set(name, controller),
        pull: flow,
        cancel() {
          open.delete(name);
          flow();
        },
      },
      { highWaterMark, size: (chunk) => chunk.byteLength },
    );
  const stdout = streamOf("stdout");
  const stderr = streamOf("stderr");

  const deliver = (name: OutputStream, piece: Uint8Array) => {
    if (piece.length > 0) open.get(name)?.enqueue(piece);
  };
  const releaseHeld = (name: OutputStream) => {
    for (const piece of held ?? []) deliver(name, piece);
    held = undefined;
  };
  const emit = (name: OutputStream, piece: Uint8Array) => {
    if (held !== undefined && name === tells) {
      held.push(piece);
      heldBytes += piece.length;
      const text = Buffer.concat(held).toString("utf8");
      const undecided = beginning.test(text) && heldBytes <= longestStartFailure;
      if (!undecided) releaseHeld(tells);
      return;
    }
    deliver(name, piece);
  };
  // What a terminal writes comes as it is, without frames.
  const frames = terminal ? { push: (bytes: Uint8Array) => emit("stdout", bytes), end() {} } : readFrames(emit);

  const exit = new Promise<{ exit_code: number }>((resolve, reject) => {
    let broken: Error | undefined;
    const take = (bytes: Uint8Array) => {
      if (broken !== undefined) return;
      try {
        frames.push(bytes);
      } catch (error) {
        broken = error as Error;
        socket.destroy();
        return;
      }
      flow();
    };
    const finish = async () => {
      try {
        if (broken !== undefined) throw broken;
        frames.end();
        const said = Buffer.concat(held ?? []).toString("utf8");
        const { exit_code, started } = await exitCode(said);
        let refusal: number | undefined;
        try {
          refusal = started ? undefined : refusalOf(said, exit_code, excuse);
        } catch (error) {
          // What the engine says of a command that its sandbox's end came before has many words.
          if (!(await hasEnded(endingMs))) throw error;
          throw endedBefore(error);
        }
        // Of a sandbox that is just ending the files are gone before the news of its end is there.
        if ((refusal === 126 || refusal === 127) && (await hasEnded(vanishingMs))) throw endedBefore(said);
        if (refusal !== undefined && said === "" && exit_code > 125) deliver("stderr", Buffer.from(excuse));
        releaseHeld(refusal === undefined ? tells : "stderr");
        for (const controller of open.values()) controller.close();
        resolve({ exit_code: refusal ?? exit_code });
      } catch (error) {
        const failure = toEngineError(error);
        for (const controller of open.values()) controller.error(failure);
        reject(failure);
      } finally {
        open.clear();
        socket.destroy();
      }
    };
    let finished = false;
    const once = () => {
      if (finished) return;
      finished = true;
      void finish();
    };
    socket.on("data", take);
    socket.on("end", once);
    socket.on("error", (error) => {
      broken ??= error;
    });
    socket.on("close", once);
    if (head.length > 0) take(head);
  });
  // Those who only read the streams see the failure there.
  exit.catch(() => {});
  return { stdout, stderr, exit };
}

/** Standard input; closing it is end of file, and output goes on. */
function inputOf({ socket }: Hijacked, terminal: boolean): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    write: (chunk) =>
      new Promise((resolve, reject) => {
        socket.write(chunk, (error) => (error ? reject(toEngineError(error)) : resolve()));
      }),
    close: () =>
      new Promise((resolve) => {
        if (terminal) socket.write(END_OF_TRANSMISSION, () => resolve());
        else socket.end(() => resolve());
      }),
    abort: () => void socket.end(),
  });
}
