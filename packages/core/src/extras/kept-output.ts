import type { OutputName } from "@porter-sandbox/spec/stream-frames";

/** The outputs of a command as `exec` answers them. */
export interface Kept {
  stdout: string;
  stderr: string;
  stdout_truncated?: boolean;
  stderr_truncated?: boolean;
  stdout_tail?: string;
  stderr_tail?: string;
}

/** Keeps the first and the last half of `maxBytes` of each output, or all of one that is not longer. */
export function createKeeper(maxBytes: number) {
  const outputs = { stdout: createEnds(maxBytes), stderr: createEnds(maxBytes) };
  return {
    take: (name: OutputName, bytes: Uint8Array) => outputs[name].take(bytes),
    kept(): Kept {
      const [out, err] = [outputs.stdout.kept(), outputs.stderr.kept()];
      return {
        stdout: out.head,
        stderr: err.head,
        stdout_truncated: out.tail !== undefined,
        stderr_truncated: err.tail !== undefined,
        ...(out.tail !== undefined && { stdout_tail: out.tail }),
        ...(err.tail !== undefined && { stderr_tail: err.tail }),
      };
    },
  };
}

/** Cuts outputs that came whole. */
export function cut(result: Kept, maxBytes: number): void {
  const keeper = createKeeper(maxBytes);
  const { stdout_truncated = false, stderr_truncated = false } = result;
  keeper.take("stdout", new TextEncoder().encode(result.stdout));
  keeper.take("stderr", new TextEncoder().encode(result.stderr));
  const kept = keeper.kept();
  // What the server cut stays cut.
  kept.stdout_truncated ||= stdout_truncated;
  kept.stderr_truncated ||= stderr_truncated;
  Object.assign(result, kept);
}

/** What begins with a byte order mark keeps it, as it does in what comes whole. */
const newDecoder = () => new TextDecoder("utf-8", { ignoreBOM: true });

/** A continuation byte of UTF-8. */
const isInner = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

function createEnds(maxBytes: number) {
  const headBytes = Math.ceil(maxBytes / 2);
  const tailBytes = maxBytes - headBytes;
  const head: Uint8Array[] = [];
  let tail: Uint8Array[] = [];
  let headHeld = 0;
  let tailHeld = 0;
  let total = 0;
  return {
    take(bytes: Uint8Array): void {
      total += bytes.length;
      const first = bytes.subarray(0, headBytes - headHeld);
      if (first.length > 0) head.push(first);
      headHeld += first.length;
      const rest = bytes.subarray(first.length);
      if (rest.length === 0) return;
      tail.push(rest);
      tailHeld += rest.length;
      let drop = 0;
      for (let next = tail[0]; next && tailHeld - next.length >= tailBytes; next = tail[++drop])
        tailHeld -= next.length;
      if (drop > 0) tail = tail.slice(drop);
    },
    /** `tail` is there when something is missing before it. */
    kept(): { head: string; tail?: string } {
      if (total <= maxBytes) return { head: newDecoder().decode(joined([...head, ...tail])) };
      const last = joined(tail);
      let from = Math.max(0, last.length - tailBytes);
      // Neither half has a part of a character that was cut in two.
      for (let skipped = 0; skipped < 3 && isInner(last[from]); skipped++) from++;
      return {
        head: newDecoder().decode(joined(head), { stream: true }),
        tail: newDecoder().decode(last.subarray(from)),
      };
    },
  };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
