/**
 * The framing of a streamed exec, for both sides: a header of eight bytes (the stream, three zeros, the payload's length as
 * a big-endian number), then the payload. Stream 1 is standard output, 2 standard error, 3 carries events as JSON.
 */
import { isRecord } from "./text.ts";

/** The media type that asks for a streamed exec, and that its answer has. */
export const EXEC_STREAM_TYPE = "application/vnd.sandbox.exec-stream";

export type OutputName = "stdout" | "stderr";

/** How a command ended; see `ExitReason` of the API. A newer server may have reasons that are not listed here. */
export type ExitReason = "exited" | "signaled" | "timed_out" | "killed";

/** The first frame. The offsets are where, in bytes since the command began, what follows of each stream begins. */
export interface StartEvent {
  readonly type: "start";
  readonly exec_id: string;
  readonly stdout_offset: number;
  readonly stderr_offset: number;
}

/** Nothing happened for a while, and the command still runs. */
export interface KeepaliveEvent {
  readonly type: "keepalive";
}

/** The bytes from `from` up to but not including `to` are lost. */
export interface GapEvent {
  readonly type: "gap";
  readonly stream: OutputName;
  readonly from: number;
  readonly to: number;
}

/** The end of the command; the last frame. */
export interface ExitEvent {
  readonly type: "exit";
  readonly exit_code: number;
  /** `SIGKILL`, say; absent when none ended it or the server does not know which. */
  readonly signal?: string;
  readonly reason: ExitReason;
  /** How many bytes were written in all, whoever read them. */
  readonly stdout_bytes: number;
  readonly stderr_bytes: number;
}

/** The sandbox ended and the command with it, in a way that is not known; the last frame instead of `exit`. */
export interface SandboxEndedEvent {
  readonly type: "sandbox_ended";
  /** Where the sandbox is in its life, when the server knows it already. */
  readonly phase?: string;
}

export type StreamEvent = StartEvent | KeepaliveEvent | GapEvent | ExitEvent | SandboxEndedEvent;

const HEADER_BYTES = 8;
const STREAM_NUMBERS = { stdout: 1, stderr: 2, event: 3 } as const;
/** Events are small; a longer one is no event but a stream read from a wrong place. */
const MAX_EVENT_BYTES = 65_536;

/** The header of a frame. The payload is sent after it as it is, so that nothing is copied. */
export function frameHeader(stream: OutputName | "event", length: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(HEADER_BYTES);
  header[0] = STREAM_NUMBERS[stream];
  header[4] = length >>> 24;
  header[5] = length >>> 16;
  header[6] = length >>> 8;
  header[7] = length;
  return header;
}

/** A whole frame with an event. */
export function eventFrame(event: StreamEvent): Uint8Array<ArrayBuffer> {
  const payload = new TextEncoder().encode(JSON.stringify(event));
  const frame = new Uint8Array(HEADER_BYTES + payload.length);
  frame.set(frameHeader("event", payload.length));
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** What a decoder tells, in the order of the stream. */
export interface FrameSink {
  /** A piece of output: a part of a frame or all of it, never empty, and not copied. */
  output(stream: OutputName, bytes: Uint8Array): void;
  /** An event of a known type. */
  event(event: StreamEvent): void;
}

export interface FrameDecoder {
  /**
   * Takes the next bytes, cut anywhere.
   *
   * @throws FrameError when they cannot be what follows; whatever was told before holds.
   */
  push(bytes: Uint8Array): void;
  /**
   * The last frame, once it has come. Undefined means that the end of the command is not known, whatever came before:
   * a stream that is over without it was cut.
   */
  readonly end: ExitEvent | SandboxEndedEvent | undefined;
  /** Where to go on reading: bytes of each stream since the command began, gaps counted in. */
  readonly offsets: { readonly stdout: number; readonly stderr: number };
}

/** The bytes are no stream of frames, or not one that a truthful server writes. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FrameError";
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isName = (value: unknown): value is OutputName => value === "stdout" || value === "stderr";
const isOptionalText = (value: unknown): boolean => value === undefined || value === null || typeof value === "string";

/** Whether an object of this `type` has what such an event has. */
const fits: Readonly<Record<StreamEvent["type"], (event: Readonly<Record<string, unknown>>) => boolean>> = {
  start: (event) => typeof event.exec_id === "string" && isCount(event.stdout_offset) && isCount(event.stderr_offset),
  keepalive: () => true,
  gap: ({ stream, from, to }) => isName(stream) && isCount(from) && isCount(to) && to > from,
  exit: (event) =>
    Number.isSafeInteger(event.exit_code) &&
    typeof event.reason === "string" &&
    isOptionalText(event.signal) &&
    isCount(event.stdout_bytes) &&
    isCount(event.stderr_bytes),
  sandbox_ended: ({ phase }) => isOptionalText(phase),
};

/** The event in a payload; undefined for one of a type that this version does not know. */
function parseEvent(payload: Uint8Array): StreamEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    throw new FrameError("an event is not JSON");
  }
  if (!isRecord(value) || typeof value.type !== "string") throw new FrameError("an event has no type");
  if (!Object.hasOwn(fits, value.type)) return undefined;
  if (!fits[value.type as StreamEvent["type"]](value))
    throw new FrameError(`an event ${value.type} is not as it should be`);
  // A null says the same as absence.
  for (const name of ["signal", "phase"]) if (value[name] === null) delete value[name];
  return value as unknown as StreamEvent;
}

/**
 * Takes a stream apart as it arrives. Output is told piece by piece and never held. It holds the server to its word: a
 * stream begins with `start`, nothing follows its end, gaps begin where the stream stood, and `exit` counts the bytes
 * that came and those that were told as lost; so an `end` means that nothing else is missing.
 */
export function decodeFrames(sink: FrameSink): FrameDecoder {
  const header = new Uint8Array(HEADER_BYTES);
  const offsets = { stdout: 0, stderr: 0 };
  let have = 0;
  let left = 0;
  let stream: OutputName | "event" = "event";
  let event: Uint8Array | undefined;
  let started = false;
  let end: ExitEvent | SandboxEndedEvent | undefined;
  let broken: FrameError | undefined;

  function take(found: StreamEvent | undefined): void {
    if (found?.type === "start") {
      if (started) throw new FrameError("there are two starts");
      started = true;
      offsets.stdout = found.stdout_offset;
      offsets.stderr = found.stderr_offset;
    } else if (!started) {
      throw new FrameError("the stream does not begin with a start");
    }
    if (found === undefined) return;
    if (found.type === "gap") {
      if (found.from !== offsets[found.stream]) throw new FrameError("a gap does not begin where its stream stands");
      offsets[found.stream] = found.to;
    }
    if (found.type === "exit") {
      const { stdout_bytes, stderr_bytes } = found;
      if (stdout_bytes !== offsets.stdout || stderr_bytes !== offsets.stderr) {
        throw new FrameError("the end counts other bytes than came");
      }
    }
    if (found.type === "exit" || found.type === "sandbox_ended") end = found;
    sink.event(found);
  }

  function readHeader(): void {
    const [kind = 0, a, b, c, ...size] = header;
    if (kind < 1 || kind > 3 || a !== 0 || b !== 0 || c !== 0) throw new FrameError("the bytes are no frame");
    stream = kind === 1 ? "stdout" : kind === 2 ? "stderr" : "event";
    left = size.reduce((sum, byte) => sum * 256 + byte, 0);
    if (stream !== "event") {
      if (!started) throw new FrameError("the stream does not begin with a start");
      return;
    }
    if (left > MAX_EVENT_BYTES) throw new FrameError("an event is too long to be one");
    event = new Uint8Array(left);
    if (left === 0) throw new FrameError("an event is not JSON");
  }

  function readAll(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (end !== undefined) throw new FrameError("something follows the end");
      if (left === 0) {
        const part = bytes.subarray(at, at + HEADER_BYTES - have);
        header.set(part, have);
        have += part.length;
        at += part.length;
        if (have < HEADER_BYTES) return;
        have = 0;
        readHeader();
        continue;
      }
      const piece = bytes.subarray(at, at + left);
      at += piece.length;
      left -= piece.length;
      if (stream === "event") {
        event?.set(piece, event.length - left - piece.length);
        if (left === 0 && event !== undefined) take(parseEvent(event));
      } else {
        offsets[stream] += piece.length;
        sink.output(stream, piece);
      }
    }
  }

  return {
    push(bytes) {
      if (broken !== undefined) throw broken;
      try {
        readAll(bytes);
      } catch (error) {
        if (error instanceof FrameError) broken = error;
        throw error;
      }
    },
    get end() {
      return broken === undefined ? end : undefined;
    },
    offsets,
  };
}
