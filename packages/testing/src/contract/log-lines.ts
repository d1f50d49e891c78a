import type { Context } from "./context.ts";
import { body } from "./http.ts";

/** A line of a log as the wire writes it. */
interface Line {
  timestamp: string;
  line: string;
  level: string;
  exec_id: string;
}

type Query = Record<string, string | number | string[]>;

export const readLogs = async (c: Context, id: string, query: Query = {}): Promise<Line[]> =>
  body(await c.http("GET", `/v1/sandbox/${id}/logs`, { query })).logs;

/** Waits until a sandbox has this many lines; engines may write them a moment later. */
export const linesOf = (c: Context, id: string, count: number, query?: Query): Promise<Line[]> =>
  c.until(`${count} lines`, async () => {
    const found = await readLogs(c, id, query);
    return found.length >= count ? found : undefined;
  });
