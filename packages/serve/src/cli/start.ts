/** From the command line to a server that answers. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { createMemoryStore, createSandboxApi, type Store } from "@porter-sandbox/api";
import { addressOf, isLoopback } from "@porter-sandbox/node-http/address";
import { keyAuth, readKeyFile } from "../keys.ts";
import { createLog, errorFields, type LogSink, stderrSink } from "../log.ts";
import { type Serving, serve } from "../serve.ts";
import { createSqliteStore } from "../sqlite-store.ts";
import { loadEngine } from "./engines.ts";
import { type CliOptions, UsageError } from "./options.ts";

export interface Started extends Serving {
  /** For people: what runs sandboxes, and what is kept. */
  readonly description: string;
}

function readPem(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`--${option} ${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}

function openStore(dataDir: string, onError: (error: unknown) => void) {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(`--data-dir ${dataDir}: cannot be made (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
  return createSqliteStore(join(dataDir, "store.sqlite"), { onError });
}

/**
 * What a server that remembers nothing calls its containers by: the same for the next one at its place, which so clears
 * away what a killed one left, and never the same for two at once, since a port of an address is listened on once on a
 * machine. A container is a machine with a name of its own, though it may share the engine with others.
 */
function installationAt(address: string, port: number): string {
  const place = createHash("sha256").update(`${hostname()} ${address}`).digest("hex").slice(0, 12);
  return `port-${port}-${place}`;
}

/** Throws an Error, or a UsageError, in words for people. Then nothing is left open. */
export async function start(options: CliOptions, sink: LogSink = stderrSink): Promise<Started> {
  const { host, port, keyFile, dataDir, retentionMs } = options;
  const address = await addressOf(host);
  if (keyFile === undefined && !isLoopback(address)) {
    throw new UsageError(
      `--host: ${host} can be reached by others and needs --key-file; without keys, only 127.0.0.1 and ::1`,
    );
  }
  const log = createLog(sink);
  const onError = (error: unknown): void => log("error", "failure", errorFields(error));
  const auth = keyFile === undefined ? undefined : keyAuth(readKeyFile(keyFile));
  const tls = options.tls && {
    key: readPem("tls-key", options.tls.keyFile),
    cert: readPem("tls-cert", options.tls.certFile),
  };
  const kept = dataDir === undefined ? undefined : openStore(dataDir, onError);
  const store: Store = kept ?? createMemoryStore();
  const installation = options.installation ?? kept?.installation ?? installationAt(address, port);
  let close = (): Promise<void> => store.close();
  try {
    const { engine, description } = await loadEngine(options, installation);
    const api = createSandboxApi({ engine, store, auth, onError, limits: { retentionMs } });
    close = () => api.close();
    const serving = await serve(api, { host, port, tls, store, log: sink });
    const keeps = dataDir === undefined ? "nothing is kept after it ends" : `data in ${dataDir}`;
    return { ...serving, description: `engine ${description}; ${keeps}` };
  } catch (error) {
    await close().catch(onError);
    throw error;
  }
}
