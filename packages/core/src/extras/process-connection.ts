import {
  decodeFrames,
  EXEC_STREAM_TYPE,
  type ExitEvent,
  FrameError,
  type SandboxEndedEvent,
  type StartEvent,
} from "@porter-sandbox/spec/stream-frames";
import { MalformedResponseError, StreamInterruptedError } from "../errors/client-errors.ts";
import { notRunningError } from "../errors/lifecycle-errors.ts";
import { isSandboxError, SandboxError } from "../errors/sandbox-error.ts";
import type { Client } from "../transport/client.ts";
import { requestIdOf } from "../transport/failures.ts";
import { readJson } from "../transport/readers.ts";
import { perform, type Reader } from "../transport/request.ts";
import { retryDelay } from "../transport/retry.ts";
import type { Scope } from "../transport/scope.ts";
import type { ExecResult } from "../types.ts";
import type { ProcessExit } from "./process.ts";
import { createOutput, type Output } from "./process-output.ts";
import { statusOf } from "./when-running.ts";

/** What a server answers to a command: frames as they come, or, one that has no streams, everything at the end. */
export type Opened = { readonly response: Response; readonly what: string } | { readonly result: ExecResult };

/** Keepalives come every 15 seconds or so: after this long without anything nobody is there any more. */
const SILENCE_MS = 60_000;
/** For what arrived, and was not looked at yet, when the clock made a leap. */
const SECOND_LOOK_MS = 1000;
/** How much longer than its time a command is waited for: a server that ends it by itself says so then. */
export const GRACE_MS = 5000;

export const readOpened: Reader<Opened> = async (response, what, id, sent) => {
  if (response.headers.get("content-type")?.startsWith(EXEC_STREAM_TYPE)) return { response, what };
  if (id === "execSandbox") return { result: (await readJson(response, what, id, sent)) as ExecResult };
  throw malformed(response, `${what}: the answer is no stream of frames`);
};

function malformed(response: Response, message: string, cause?: unknown): MalformedResponseError {
  return new MalformedResponseError(message, {
    code: "malformed_response",
    field: "",
    statusCode: response.status,
    requestId: requestIdOf(response),
    admitted: true,
    cause,
  });
}

/** Where a process stands for one who follows it. */
export interface Following {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly running: boolean;
  readonly exited: Promise<ProcessExit>;
  disconnect(): void;
}

interface Begun {
  readonly exec_id: string;
  readonly following: Following;
}

export interface FollowOptions {
  readonly sandboxId: string;
  /** Where reading starts. */
  readonly offsets: { readonly stdout: number; readonly stderr: number };
  /** The caller's. What was sent may run by then, so its start is waited for a little, to know what to abandon. */
  readonly signal?: AbortSignal | null | undefined;
  /** Asks for the first time; may wait until the sandbox runs. */
  open(scope: Scope): Promise<Opened>;
  /** Opens the scope that everything happens in, without the signal; it tells `onFail` when it is over before its end. */
  scope(onFail: (reason: unknown) => void): Scope;
  /** The call that follows a process that began is over before its end. */
  abandon?(exec_id: string, reason: unknown): void;
}

/** Opens a process and follows it to its end. Resolves when it began, with the streams that go on. */
export function follow(client: Client, options: FollowOptions): Promise<Begun> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    if (signal?.aborted) throw signal.reason;
    const stdout = createOutput("stdout", options.offsets.stdout);
    const stderr = createOutput("stderr", options.offsets.stderr);
    const outputs = { stdout, stderr };
    let exec_id: string | undefined;
    let running = true;
    let settle: { resolve(exit: ProcessExit): void; reject(reason: unknown): void } | undefined;
    const exited = new Promise<ProcessExit>((resolve, reject) => {
      settle = { resolve, reject };
    });
    // Those who only read the streams hear of a failure there.
    exited.catch(() => {});

    let cancelWait: (() => void) | undefined;
    const end = () => {
      running = false;
      scope.end();
      cancelWait?.();
      offAbort?.();
    };
    const finish = (exit: ProcessExit) => {
      end();
      stdout.end();
      stderr.end();
      settle?.resolve(exit);
    };
    const fail = (reason: unknown) => {
      end();
      stdout.fail(reason);
      stderr.fail(reason);
      settle?.reject(reason);
      // Nobody hears it any more once the process began.
      reject(reason);
    };
    const following: Following = {
      stdout,
      stderr,
      get running() {
        return running;
      },
      exited,
      disconnect: () =>
        scope.fail(
          new SandboxError("the process was disconnected; it goes on", { code: "disconnected", admitted: true }),
        ),
    };
    const begin = (id: string) => {
      exec_id = id;
      if (signal?.aborted) scope.fail(signal.reason);
      else resolve({ exec_id: id, following });
    };

    const scope = options.scope((reason) => {
      fail(reason);
      if (exec_id) options.abandon?.(exec_id, reason);
    });
    const offAbort =
      signal &&
      onAbort(signal, () => {
        const { reason } = signal;
        if (exec_id !== undefined || !options.abandon || scope.admitted === false) return scope.fail(reason);
        reject(reason);
        cancelWait = client.clock.schedule(() => scope.fail(reason), GRACE_MS);
      });

    const readAll = async (): Promise<ExitEvent | SandboxEndedEvent | ExecResult> => {
      let opened = await options.open(scope);
      for (let failures = 0; ; ) {
        if ("result" in opened) return opened.result;
        let lively = false;
        const onLife = () => {
          lively = true;
        };
        try {
          return await readFrames(client, scope, opened, outputs, begin, onLife);
        } catch (error) {
          if (scope.over || exec_id === undefined || !(error instanceof StreamInterruptedError)) throw error;
          failures = lively ? 0 : failures + 1;
          opened = await again(error, exec_id, failures);
        }
      }
    };
    /** Takes up a stream that broke where it stopped. */
    const again = async (broken: StreamInterruptedError, exec_id: string, failures: number): Promise<Opened> => {
      const { extensions } = client;
      if (failures > client.maxRetries || extensions?.includes("processes") === false) throw broken;
      if (failures > 0) await scope.sleep(retryDelay(failures, broken, client.random));
      const path = { id: options.sandboxId, exec_id };
      const query = { stdout_offset: stdout.position, stderr_offset: stderr.position };
      try {
        return await perform(client, scope, "readProcessOutput", { path, query }, readOpened);
      } catch (cause) {
        if (scope.over || !isSandboxError(cause)) throw cause;
        throw new StreamInterruptedError(broken.message, { ...broken, cause });
      }
    };

    readAll()
      .then(async (end) => {
        if (!("type" in end)) {
          const bytes = { stdout: new TextEncoder().encode(end.stdout), stderr: new TextEncoder().encode(end.stderr) };
          stdout.push(bytes.stdout);
          stderr.push(bytes.stderr);
          begin("");
          const counts = { stdout_bytes: stdout.position, stderr_bytes: stderr.position };
          const { exit_code, reason = "unknown", signal } = end;
          finish({ ...counts, exit_code, reason, ...(signal && { signal }) });
        } else if (end.type === "exit") {
          const { type: _, ...exit } = end;
          finish(exit);
        } else {
          fail(await endedWithSandbox(client, scope, options.sandboxId, end.phase));
        }
      })
      .catch(fail);
  });
}

/** Why the sandbox ended, as far as the server says. */
async function endedWithSandbox(client: Client, scope: Scope, id: string, phase: string | undefined) {
  const end = await statusOf(client, scope, id).catch(() => ({ phase }));
  const message = `the sandbox ended (${end.phase ?? "its phase is not known"}) before the process did`;
  return notRunningError(message, { code: "sandbox_not_running", admitted: true }, end);
}

/** Reads one connection to its end; throws when it breaks before. `onLife` hears of all that comes behind its beginning. */
async function readFrames(
  client: Client,
  scope: Scope,
  { response, what }: { readonly response: Response; readonly what: string },
  outputs: { readonly stdout: Output; readonly stderr: Output },
  begin: (exec_id: string) => void,
  onLife: () => void,
): Promise<ExitEvent | SandboxEndedEvent> {
  const { clock } = client;
  const started = ({ exec_id, stdout_offset, stderr_offset }: StartEvent) => {
    if (stdout_offset !== outputs.stdout.position || stderr_offset !== outputs.stderr.position)
      throw malformed(response, `${what} answered another part of the output`);
    begin(exec_id);
  };
  const decoder = decodeFrames({
    output(stream, bytes) {
      onLife();
      outputs[stream].push(bytes as Uint8Array<ArrayBuffer>);
    },
    event(event) {
      if (event.type === "start") started(event);
      else onLife();
      if (event.type === "gap") outputs[event.stream].gap(event.to);
    },
  });
  const interrupted = (cause?: unknown) =>
    new StreamInterruptedError(`${what} broke off before the end of the command, whose end is not known`, {
      code: "stream_interrupted",
      statusCode: response.status,
      requestId: requestIdOf(response),
      admitted: true,
      bytesReceived: outputs.stdout.position + outputs.stderr.position,
      cause,
    });
  const reader = response.body?.getReader();
  if (!reader) throw interrupted();

  /** The body of a fetch that does not heed its signal must not go on either. */
  const giveUp = () => void reader.cancel().catch(() => {});
  let heard = clock.now();
  let waiting = true;
  let cancelTimer: (() => void) | undefined;
  const watch = (ms: number, second: boolean) => {
    cancelTimer = clock.schedule(() => {
      const quiet = clock.now() - heard;
      if (!waiting) watch(SILENCE_MS, false);
      else if (quiet < SILENCE_MS) watch(SILENCE_MS - quiet, false);
      else if (!second) watch(SECOND_LOOK_MS, true);
      else giveUp();
    }, ms);
  };
  watch(SILENCE_MS, false);
  const offAbort = onAbort(scope.signal, giveUp);
  try {
    for (;;) {
      let chunk: Uint8Array | undefined;
      try {
        chunk = (await reader.read()).value;
      } catch (error) {
        throw interrupted(error);
      }
      if (chunk === undefined) {
        if (decoder.end) return decoder.end;
        throw interrupted();
      }
      heard = clock.now();
      try {
        decoder.push(chunk);
      } catch (error) {
        if (error instanceof FrameError) throw malformed(response, `${what}: ${error.message}`, error);
        throw error;
      }
      if (decoder.end) return decoder.end;
      const full = outputs.stdout.full() ?? outputs.stderr.full();
      if (full) {
        waiting = false;
        await full;
        waiting = true;
        heard = clock.now();
      }
    }
  } finally {
    cancelTimer?.();
    offAbort();
    giveUp();
  }
}

function onAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener("abort", listener);
  return () => signal.removeEventListener("abort", listener);
}
