/** What a command writes, as lines of its sandbox's logs. */
import type { StoredLogLine } from "../store.ts";
import { levelOf } from "./log-level.ts";
import { createLineSplitter } from "./output.ts";
import type { Plane } from "./plane.ts";

/**
 * How much of a stream may be logged at once, and how much more each second. Logs are read by people and keep their newest
 * lines only: a command that writes a gigabyte must not be slowed down by lines that nobody will ever see.
 */
const BURST_BYTES = 8 * 1024 * 1024;
const BYTES_PER_SECOND = 1024 * 1024;

export interface CommandLog {
  /** Resolves when the lines are kept; undefined when there is nothing to wait for. */
  push(bytes: Uint8Array): Promise<void> | undefined;
  end(): Promise<void> | undefined;
}

/** Keeps the lines of one stream of a command. What comes too fast is left out, and a line says how much that was. */
export function logInto(plane: Plane, id: string, exec_id: string, stream: "stdout" | "stderr"): CommandLog {
  const splitter = createLineSplitter(plane.limits.logLineChars);
  let budget = BURST_BYTES;
  let refilled = plane.clock.now();
  let leftOut = 0;

  const keep = (texts: readonly string[]): Promise<void> | undefined => {
    const timestamp = plane.clock.now();
    const lines: StoredLogLine[] = texts.map((line) => ({ timestamp, line, level: levelOf(line, stream), exec_id }));
    if (leftOut > 0) {
      const line = `(${leftOut} bytes of ${stream} came too fast for the logs)`;
      lines.unshift({ timestamp, line, level: "warning", exec_id });
      leftOut = 0;
    }
    return lines.length === 0 ? undefined : plane.store.appendLogs(id, lines);
  };

  return {
    push(bytes) {
      if (budget < bytes.length) {
        const now = plane.clock.now();
        budget = Math.min(BURST_BYTES, budget + ((now - refilled) / 1000) * BYTES_PER_SECOND);
        refilled = now;
      }
      if (budget < bytes.length) {
        const begun = leftOut === 0 ? splitter.end() : [];
        const kept = begun.length > 0 ? keep(begun) : undefined;
        leftOut += bytes.length;
        return kept;
      }
      budget -= bytes.length;
      const texts = splitter.push(bytes);
      return texts.length === 0 && leftOut === 0 ? undefined : keep(texts);
    },
    end: () => keep(splitter.end()),
  };
}
