/** What a server may answer. Not part of what is published. */

export const done = () => new Response(null, { status: 204 });

export const encode = (text: string) => new TextEncoder().encode(text);
export const decode = (value: Uint8Array) => new TextDecoder().decode(value);

/** A body in pieces; without an end it hangs, with an error it breaks off. */
export function body(pieces: string[], end: "close" | "hang" | Error = "close", cancel: () => void = () => {}) {
  const left = [...pieces];
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = left.shift();
        if (piece !== undefined) controller.enqueue(encode(piece));
        else if (end === "close") controller.close();
        else if (end === "hang") return new Promise(() => {});
        else controller.error(end);
        return undefined;
      },
      cancel,
    },
    { highWaterMark: 0 },
  );
}

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });

export const refusal = (status: number, code?: string, more: Record<string, unknown> = {}, headers = {}) =>
  json({ error: "the reason", ...(code && { code }), ...more }, status, headers);

/** What Node's fetch throws: the reason is in the cause. */
export const brokenConnection = (code: string) =>
  Object.assign(new TypeError("fetch failed"), { cause: Object.assign(new Error(`connect ${code}`), { code }) });

export const status = (more: Record<string, unknown> = {}) => ({
  id: "sbx-1",
  name: "my-sandbox",
  image: "python:3.12-slim",
  phase: "running",
  created_at: "2026-11-20T08:00:00Z",
  host: "",
  ...more,
});

export const volumeFields = (more: Record<string, unknown> = {}) => ({
  id: "vol-1",
  name: "my-data",
  type: "disk",
  path: "sandbox-vol-vol-1",
  phase: "ready",
  attached_to: [],
  created_at: "2026-11-20T08:00:00Z",
  ...more,
});
