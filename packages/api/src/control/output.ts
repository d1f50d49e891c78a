/** The output of a command: kept up to a bound for the answer, and cut into lines for the logs. */

export interface LineSplitter {
  /** The lines that are complete with these bytes. */
  push(bytes: Uint8Array): string[];
  /** What stood behind the last line end. */
  end(): string[];
}

/** Bytes that are no UTF-8 become U+FFFD; of a line longer than `maxChars` the rest is dropped. */
export function createLineSplitter(maxChars: number): LineSplitter {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let pending = "";
  const append = (text: string) => {
    if (pending.length < maxChars) pending += text.slice(0, maxChars - pending.length);
  };
  const take = (): string => {
    const line = pending.endsWith("\r") ? pending.slice(0, -1) : pending;
    pending = "";
    return line;
  };
  const split = (text: string): string[] => {
    const lines: string[] = [];
    let from = 0;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", from)) {
      append(text.slice(from, at));
      lines.push(take());
      from = at + 1;
    }
    append(text.slice(from));
    return lines;
  };
  return {
    push: (bytes) => split(decoder.decode(bytes, { stream: true })),
    end() {
      const lines = split(decoder.decode());
      if (pending !== "") lines.push(take());
      return lines;
    },
  };
}

export interface Collected {
  /** All of it, or its beginning. */
  readonly text: string;
  readonly truncated: boolean;
  /** The end of an output that was cut, when that was asked for. */
  readonly tail?: string;
  /** How many bytes came in all. */
  readonly bytes: number;
}

/** Text of bytes from the middle of a stream: what is left of a character that was cut in two is not shown. */
function textFromMiddle(bytes: Uint8Array): string {
  let from = 0;
  while (from < 3 && ((bytes[from] ?? 0) & 0xc0) === 0x80) from += 1;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(from));
}

/** The last bytes of a stream. */
function createTail(capacity: number) {
  let pieces: Uint8Array[] = [];
  let held = 0;
  return {
    push(bytes: Uint8Array) {
      pieces.push(bytes);
      held += bytes.length;
      // Not each time, or a stream of single bytes would be copied over and over.
      if (held > 2 * capacity + 65_536 || pieces.length > 4096) {
        const whole = this.take();
        pieces = [whole];
        held = whole.length;
      }
    },
    take(): Uint8Array {
      const whole = new Uint8Array(Math.min(held, capacity));
      let at = whole.length;
      for (let i = pieces.length - 1; i >= 0 && at > 0; i -= 1) {
        const piece = pieces[i] ?? new Uint8Array();
        const part = piece.length > at ? piece.subarray(piece.length - at) : piece;
        at -= part.length;
        whole.set(part, at);
      }
      return whole;
    },
  };
}

/**
 * Reads a stream to its end. At most `limit` bytes are kept, the first ones; or, with `tail`, the first half and the last.
 * All of them go to `onBytes`, which is waited for, so that a fast command does not outrun the logs.
 */
export async function collect(
  stream: ReadableStream<Uint8Array>,
  { limit, tail }: { readonly limit: number; readonly tail: boolean },
  onBytes: (bytes: Uint8Array) => Promise<void> | undefined,
): Promise<Collected> {
  const headBytes = tail ? Math.ceil(limit / 2) : limit;
  const rest = createTail(limit - headBytes);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const reader = stream.getReader();
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const left = Math.max(0, headBytes - bytes);
    if (left > 0) text += decoder.decode(value.length > left ? value.subarray(0, left) : value, { stream: true });
    if (tail && value.length > left) rest.push(left === 0 ? value : value.subarray(left));
    bytes += value.length;
    const taken = onBytes(value);
    if (taken !== undefined) await taken;
  }
  // A sequence that is incomplete at the real end is invalid and shows as such; one that the limit cut is left out.
  if (bytes <= limit) return { text: text + decoder.decode(rest.take()), truncated: false, bytes };
  return { text, truncated: true, bytes, ...(tail && { tail: textFromMiddle(rest.take()) }) };
}
