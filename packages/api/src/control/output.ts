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
  readonly text: string;
  readonly truncated: boolean;
}

/**
 * Reads a stream to its end. The first `limit` bytes are kept, without a character that the limit cuts in two; all of
 * them go to `onBytes`, which is waited for, so that a fast command does not outrun the logs.
 */
export async function collect(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  onBytes: (bytes: Uint8Array) => Promise<void> | undefined,
): Promise<Collected> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const reader = stream.getReader();
  let text = "";
  let left = limit;
  let truncated = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    truncated ||= value.length > left;
    if (left > 0) text += decoder.decode(value.length > left ? value.subarray(0, left) : value, { stream: true });
    left -= Math.min(left, value.length);
    const taken = onBytes(value);
    if (taken !== undefined) await taken;
  }
  // A sequence that is incomplete at the real end is invalid and shows as such; one that the limit cut is left out.
  return { text: truncated ? text : text + decoder.decode(), truncated };
}
