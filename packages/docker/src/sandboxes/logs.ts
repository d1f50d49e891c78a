import type { EngineLogLine, EngineLogOptions } from "@porter-sandbox/api";
import type { DockerClient } from "../client.ts";
import { type OutputStream, readFrames } from "../commands/frames.ts";
import { parseEngineTime } from "../inspection.ts";

/** A line is cut here; what the engine keeps of a workload is bounded anyway. */
const longestLineBytes = 256 * 1024;

/**
 * The newest `limit` lines of a container's own output that `options` let through, oldest first. The engine keeps a long
 * line in pieces and counts those, and counts before it looks at times; so it is asked for more until there are lines
 * enough.
 */
export async function readLogs(
  client: DockerClient,
  container: string,
  { since, until = Number.POSITIVE_INFINITY, keep = () => true, limit }: EngineLogOptions,
): Promise<EngineLogLine[]> {
  if (limit <= 0) return [];
  for (let tail = limit + 1; ; tail *= 4) {
    const tailed = await readTail(client, container, { since, tail });
    const lines = tailed.lines.filter((line) => line.timestamp <= until && keep(line));
    // With fewer pieces than asked for there are no more. With as many, the first line may have lost its beginning.
    if (tailed.pieces < tail || lines.length > limit) return lines.slice(-limit);
  }
}

async function readTail(
  client: DockerClient,
  container: string,
  { since, tail }: { readonly since: number; readonly tail: number },
): Promise<{ lines: EngineLogLine[]; pieces: number }> {
  const body = await client.stream("GET", `/containers/${container}/logs`, {
    query: { stdout: true, stderr: true, timestamps: true, since: unixSeconds(since), tail },
  });
  const joiner = joinLines();
  const frames = readFrames(joiner.push);
  for await (const bytes of body) frames.push(bytes as Uint8Array);
  frames.end();
  return { lines: joiner.end().filter(({ timestamp }) => timestamp >= since), pieces: joiner.pieces() };
}

const unixSeconds = (ms: number): string => (Math.max(0, Math.floor(ms)) / 1000).toFixed(3);

interface Line {
  timestamp: number;
  readonly parts: Uint8Array[];
  bytes: number;
}

/**
 * Puts lines together: each frame is one piece, a time and a space before it; a piece without a line feed at its end
 * is continued by the next one of its stream.
 */
export function joinLines() {
  const lines: EngineLogLine[] = [];
  const frame: Record<OutputStream, Uint8Array[]> = { stdout: [], stderr: [] };
  const unfinished = new Map<OutputStream, Line>();
  let pieces = 0;

  function finish(stream: OutputStream): void {
    const line = unfinished.get(stream);
    if (line === undefined) return;
    unfinished.delete(stream);
    lines.push({ timestamp: line.timestamp, line: Buffer.concat(line.parts).toString("utf8"), stream });
  }

  function piece(stream: OutputStream, bytes: Buffer): void {
    pieces += 1;
    const space = bytes.indexOf(0x20);
    const timestamp = parseEngineTime(bytes.subarray(0, Math.max(space, 0)).toString("latin1"));
    if (timestamp === undefined) return;
    const ends = bytes[bytes.length - 1] === 0x0a;
    const content = bytes.subarray(space + 1, ends ? bytes.length - 1 : bytes.length);
    const line: Line = unfinished.get(stream) ?? { timestamp, parts: [], bytes: 0 };
    const kept = content.subarray(0, longestLineBytes - line.bytes);
    // Not even an empty view of the rest: it would keep all of it in memory.
    if (kept.length > 0) line.parts.push(kept);
    line.bytes += kept.length;
    unfinished.set(stream, line);
    if (ends) finish(stream);
  }

  return {
    push(stream: OutputStream, part: Uint8Array, last: boolean): void {
      frame[stream].push(part);
      if (!last) return;
      const whole = Buffer.concat(frame[stream]);
      frame[stream] = [];
      piece(stream, whole);
    },
    pieces: () => pieces,
    end(): EngineLogLine[] {
      finish("stdout");
      finish("stderr");
      return lines;
    },
  };
}
