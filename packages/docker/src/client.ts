import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { Clock } from "@porter-sandbox/spec";
import type { Endpoint } from "./endpoint.ts";
import { DockerRefusal, DockerUnreachable } from "./errors.ts";

type Query = Readonly<
  Record<string, string | number | boolean | undefined | Readonly<Record<string, readonly string[]>>>
>;

export interface CallOptions {
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, as a tar archive. */
  readonly body?: Uint8Array | Readable | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long the answer's head may take, in milliseconds; 0 is for ever. Default 2 minutes. */
  readonly timeoutMs?: number | undefined;
}

/** A connection taken over from HTTP: bytes both ways. */
export interface Hijacked {
  readonly socket: Socket;
  /** What came with the answer's head. */
  readonly head: Uint8Array;
}

/**
 * The Engine API over a socket or TCP, by `node:http` with connections kept alive. Rejects with `DockerRefusal` when the
 * engine says no and with `DockerUnreachable` when it does not say anything.
 */
export interface DockerClient {
  /** The answer's body as it arrives; it must be read or destroyed. */
  stream(method: string, path: string, options?: CallOptions): Promise<Readable>;
  /** The answer's JSON; undefined when it has no body. */
  call<T = undefined>(method: string, path: string, options?: CallOptions): Promise<T>;
  /** Takes over the connection, for exec and attach. What has no `json` has no body: Podman takes one for the first input. */
  hijack(path: string, options?: CallOptions): Promise<Hijacked>;
  /** The version spoken, after asking the engine for its own. */
  version(): Promise<string>;
  /** Whether it is Podman that answers in Docker's place. */
  isPodman(): Promise<boolean>;
  /** Ends idle and open connections. */
  close(): void;
}

/** The newest version whose behaviour is known here, and the oldest that has what is needed. */
const newest = [1, 47] as const;
const oldest = [1, 40] as const;
const defaultTimeoutMs = 120_000;

export function createDockerClient(endpoint: Endpoint, clock: Clock): DockerClient {
  const secure = endpoint.kind === "tcp" && endpoint.tls !== undefined;
  const transport = secure ? https : http;
  const agent = secure
    ? new https.Agent({ keepAlive: true, scheduling: "lifo", maxFreeSockets: 8 })
    : new http.Agent({ keepAlive: true, scheduling: "lifo", maxFreeSockets: 8 });
  const open = new Set<Socket>();
  const address: https.RequestOptions =
    endpoint.kind === "socket"
      ? { socketPath: endpoint.path }
      : {
          host: endpoint.host,
          port: endpoint.port,
          ...(endpoint.tls && {
            ca: endpoint.tls.ca,
            cert: endpoint.tls.cert,
            key: endpoint.tls.key,
            rejectUnauthorized: endpoint.tls.verify,
          }),
        };
  let negotiated: Promise<{ version: string; podman: boolean }> | undefined;

  const where = endpoint.kind === "socket" ? endpoint.path : `${endpoint.host}:${endpoint.port}`;
  const unreachable = (error: unknown) =>
    new DockerUnreachable(`the Docker engine at ${where} does not answer: ${reasonOf(error)}`, { cause: error });

  function prepare(method: string, path: string, options: CallOptions, headers: Record<string, string>) {
    const { json, body, signal, query } = options;
    const payload = json === undefined ? body : new TextEncoder().encode(JSON.stringify(json));
    const request = transport.request({
      ...address,
      method,
      path: path + queryOf(query),
      agent: headers.Upgrade ? false : agent,
      headers: {
        Host: "docker",
        ...(json !== undefined && { "Content-Type": "application/json" }),
        ...(body !== undefined && { "Content-Type": "application/x-tar" }),
        ...(payload instanceof Uint8Array && { "Content-Length": String(payload.byteLength) }),
        ...options.headers,
        ...headers,
      },
    });
    request.setNoDelay(true);
    const onAbort = () => request.destroy(toError(signal?.reason));
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    const cancel =
      timeoutMs > 0
        ? clock.schedule(() => request.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
        : () => {};
    const send = () => {
      if (payload === undefined || payload instanceof Uint8Array) return void request.end(payload);
      payload.once("error", (error) => request.destroy(error));
      payload.pipe(request);
    };
    return { request, send, cancel, release: () => signal?.removeEventListener("abort", onAbort) };
  }

  function raw(method: string, path: string, options: CallOptions = {}): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { request, send, cancel, release } = prepare(method, path, options, {});
      request.once("response", (response) => {
        cancel();
        response.once("close", release);
        resolve(response);
      });
      // A body cut short is reported by the response itself; the request's own error then has no one to tell.
      request.on("error", (error) => {
        cancel();
        release();
        reject(options.signal?.aborted ? options.signal.reason : unreachable(error));
      });
      send();
    });
  }

  async function stream(method: string, path: string, options: CallOptions = {}): Promise<http.IncomingMessage> {
    const response = await raw(method, `/v${await client.version()}${path}`, options);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 400) return response;
    throw new DockerRefusal(status, await messageOf(response));
  }

  async function negotiate() {
    const response = await raw("GET", "/_ping", { timeoutMs: 10_000 });
    await textOf(response).catch(() => "");
    if (response.statusCode !== 200) throw unreachable(new Error(`/_ping answered ${response.statusCode}`));
    const [major = 1, minor = 24] = String(response.headers["api-version"] ?? "1.24")
      .split(".")
      .map(Number);
    const offered = [major, minor] as const;
    if (isOlder(offered, oldest)) {
      throw new DockerUnreachable(
        `the Docker engine at ${where} speaks API ${offered.join(".")}; at least ${oldest.join(".")} is needed`,
      );
    }
    const version = (isOlder(offered, newest) ? offered : newest).join(".");
    return { version, podman: response.headers["libpod-api-version"] !== undefined };
  }

  function known() {
    negotiated ??= negotiate().catch((error) => {
      negotiated = undefined;
      throw error;
    });
    return negotiated;
  }

  const client: DockerClient = {
    stream,
    async call<T>(method: string, path: string, options: CallOptions = {}) {
      const response = await stream(method, path, options);
      let text: string;
      try {
        text = await textOf(response);
      } catch (error) {
        throw options.signal?.aborted ? options.signal.reason : unreachable(error);
      }
      return (text.trim() === "" ? undefined : JSON.parse(text)) as T;
    },
    async hijack(path, options = {}) {
      const whole = `/v${await client.version()}${path}`;
      return new Promise<Hijacked>((resolve, reject) => {
        const upgrade = { Connection: "Upgrade", Upgrade: "tcp" };
        const { request, send, cancel, release } = prepare("POST", whole, options, upgrade);
        request.once("upgrade", (_response, socket, head) => {
          cancel();
          open.add(socket);
          socket.once("close", () => {
            open.delete(socket);
            release();
          });
          resolve({ socket, head });
        });
        request.once("response", (response) => {
          cancel();
          release();
          const status = response.statusCode ?? 0;
          messageOf(response).then((message) => reject(new DockerRefusal(status, message)), reject);
        });
        request.on("error", (error) => {
          cancel();
          release();
          reject(options.signal?.aborted ? options.signal.reason : unreachable(error));
        });
        send();
      });
    },
    version: async () => (await known()).version,
    isPodman: async () => (await known()).podman,
    close() {
      agent.destroy();
      for (const socket of open) socket.destroy();
    },
  };
  return client;
}

const isOlder = (a: readonly [number, number], b: readonly [number, number]) =>
  a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

function queryOf(query: Query | undefined): string {
  const parts = Object.entries(query ?? {}).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    return [`${encodeURIComponent(key)}=${encodeURIComponent(text)}`];
  });
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

export async function textOf(readable: Readable): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readable) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString("utf8");
}

/** The engine's own words: `{"message": …}`, or its body as it is. */
async function messageOf(response: http.IncomingMessage): Promise<string> {
  const text = (await textOf(response).catch(() => "")).trim();
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && "message" in parsed) return String(parsed.message).trim();
  } catch {
    // Not JSON: told as it is.
  }
  return text || `status ${response.statusCode}`;
}

const toError = (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason ?? "aborted")));

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
}
