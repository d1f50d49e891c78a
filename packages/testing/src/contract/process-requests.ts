/** How cases get at a process over the wire. */
import type { Context } from "./context.ts";
import { body } from "./http.ts";

/** The path of a process. */
export const processAt = (id: string, exec_id: string) => `/v1/sandbox/${id}/processes/${exec_id}`;

/** Sends a process input, from a byte on. */
export const putInput = (c: Context, path: string, offset: number, text: string, eof = false) =>
  c.http("PUT", `${path}/stdin`, {
    query: { offset, ...(eof && { eof }) },
    body: text,
    headers: { "content-type": "application/octet-stream" },
  });

/** Waits until a process has ended; answers what is known of it then. */
export const processEnded = (c: Context, path: string) =>
  c.until("the process to have ended", async () => {
    const found = body(await c.http("GET", path));
    return found.running ? undefined : found;
  });
