import type { EngineLogLine, EngineLogOptions } from "@porter-sandbox/api";

/** Lines kept of one sandbox's output; the oldest go first. */
const KEPT_LOG_LINES = 10_000;

export interface LogBook {
  write(stream: "stdout" | "stderr", bytes: Uint8Array): void;
  /** Takes what has no newline yet as a last line. */
  end(): void;
  read(options: EngineLogOptions): EngineLogLine[];
}

/** Turns output into lines with the time at which each was complete. */
export function createLogBook(now: () => number): LogBook {
  let lines: EngineLogLine[] = [];
  const open = { stdout: openLine(), stderr: openLine() };
  const add = (stream: "stdout" | "stderr", line: string) => {
    lines.push({ timestamp: now(), line: line.endsWith("\r") ? line.slice(0, -1) : line, stream });
    if (lines.length >= 2 * KEPT_LOG_LINES) lines = lines.slice(-KEPT_LOG_LINES);
  };
  return {
    write(stream, bytes) {
      for (const line of open[stream].push(bytes)) add(stream, line);
    },
    end() {
      for (const stream of ["stdout", "stderr"] as const) {
        const rest = open[stream].rest();
        if (rest !== "") add(stream, rest);
      }
    },
    read({ since, until = Infinity, keep = () => true, limit }) {
      const newest = lines
        .slice(-KEPT_LOG_LINES)
        .filter((line) => line.timestamp >= since && line.timestamp <= until && keep(line));
      return limit > 0 ? newest.slice(-limit) : [];
    },
  };
}

/** Characters may arrive in pieces, lines too. */
function openLine() {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  return {
    push(bytes: Uint8Array): string[] {
      const lines = (text + decoder.decode(bytes, { stream: true })).split("\n");
      text = lines.pop() ?? "";
      return lines;
    },
    rest(): string {
      const rest = text + decoder.decode();
      text = "";
      return rest;
    },
  };
}
