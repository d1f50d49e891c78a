/** The output of a process as a stream of frames, for one reader. */
import { eventFrame, frameHeader } from "@porter-sandbox/spec/stream-frames";
import type { Plane } from "./plane.ts";
import { OUTPUTS, type Process, type Reader } from "./process.ts";

/** After so much silence a reader is told that the process is still there. */
const QUIET_MS = 15_000;

type Controller = ReadableStreamDefaultController<Uint8Array>;

/**
 * What was written from these offsets on, then what is being written, then the end. Nothing is made before it is asked for. An
 * end that nobody knows is an error of the stream: it is never made up.
 */
export function framesOf(
  { clock }: Plane,
  process: Process,
  from: { readonly stdout: number; readonly stderr: number },
): ReadableStream<Uint8Array> {
  let wake = (): void => {};
  let quiet = false;
  let cancelTimer: (() => void) | undefined;
  let lastSent = clock.now();
  let begun = false;
  let left = false;
  const reader: Reader = { at: { ...from }, wake: () => wake(), resting: clock.now() };

  /** Whether there was anything to send. Payloads are sent as they are, each stream's behind one header. */
  function send(controller: Controller): boolean {
    let sent = false;
    for (const name of OUTPUTS) {
      const kept = process.output[name];
      if (reader.at[name] === kept.end) continue;
      sent = true;
      if (reader.at[name] < kept.start) {
        controller.enqueue(eventFrame({ type: "gap", stream: name, from: reader.at[name], to: kept.start }));
        reader.at[name] = kept.start;
      }
      if (kept.end === kept.start) continue;
      controller.enqueue(frameHeader(name, kept.end - reader.at[name]));
      for (const bytes of kept.from(reader.at[name])) controller.enqueue(bytes);
      reader.at[name] = kept.end;
    }
    return sent;
  }

  function watchSilence(): void {
    if (cancelTimer !== undefined) return;
    cancelTimer = clock.schedule(
      () => {
        cancelTimer = undefined;
        quiet = clock.now() - lastSent >= QUIET_MS;
        wake();
      },
      Math.max(0, lastSent + QUIET_MS - clock.now()),
    );
  }

  function leave(): void {
    left = true;
    cancelTimer?.();
    process.detach(reader);
  }

  /** What can be sent now; false when that is nothing. */
  function next(controller: Controller): boolean {
    if (!begun) {
      begun = true;
      const { exec_id } = process;
      const offsets = { stdout_offset: from.stdout, stderr_offset: from.stderr };
      controller.enqueue(eventFrame({ type: "start", exec_id, ...offsets }));
      return true;
    }
    if (send(controller)) {
      process.advanced();
      return true;
    }
    const { end } = process;
    if (end !== undefined) {
      leave();
      if ("event" in end) {
        controller.enqueue(eventFrame(end.event));
        controller.close();
      } else {
        controller.error(new Error("how the command ended is not known", { cause: end.error }));
      }
      return true;
    }
    if (quiet) controller.enqueue(eventFrame({ type: "keepalive" }));
    return quiet;
  }

  process.attach(reader);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reader.resting = Number.POSITIVE_INFINITY;
        while (!left && !next(controller)) {
          await new Promise<void>((resolve) => {
            wake = resolve;
            watchSilence();
          });
        }
        quiet = false;
        lastSent = clock.now();
        reader.resting = lastSent;
      },
      cancel() {
        leave();
        wake();
      },
    },
    { highWaterMark: 0 },
  );
}
