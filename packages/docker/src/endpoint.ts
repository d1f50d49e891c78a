import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Where a Docker engine listens. */
export type Endpoint =
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: TlsFiles | undefined };

/** The client's side of mutual TLS, as PEM. */
interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Default true. */
  readonly verify: boolean;
}

const defaultSocket = "/var/run/docker.sock";

/**
 * Finds the engine: `host` when given, else `DOCKER_HOST`, else `/var/run/docker.sock`. Understands `unix:///path`,
 * `tcp://host:port`, `http://…` and `https://…`. With `DOCKER_TLS_VERIFY` or `https`, certificates come from
 * `DOCKER_CERT_PATH` (`ca.pem`, `cert.pem`, `key.pem`).
 *
 * @throws Error when the address is none of these.
 */
export function findEndpoint(
  host: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Endpoint {
  const address = host ?? (environment.DOCKER_HOST || `unix://${defaultSocket}`);
  if (address.startsWith("unix://") && address.length > "unix://".length) {
    return { kind: "socket", path: address.slice("unix://".length) };
  }
  if (address.startsWith("/")) return { kind: "socket", path: address };
  const url = /^(tcp|http|https):\/\//.test(address) ? parseUrl(address.replace(/^tcp:/, "http:")) : undefined;
  if (url === undefined) {
    throw new Error(
      `host: must be unix:///path, tcp://host:port, http:// or https:// (got ${JSON.stringify(address)})`,
    );
  }
  const secure = url.protocol === "https:" || Boolean(environment.DOCKER_TLS_VERIFY);
  const port = Number(url.port) || (secure ? 2376 : 2375);
  // URL keeps the brackets of an IPv6 address, which sockets do not take.
  const bare = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { kind: "tcp", host: bare, port, ...(secure ? { tls: readTls(environment.DOCKER_CERT_PATH) } : {}) };
}

function readTls(folder: string | undefined): TlsFiles {
  if (folder === undefined || folder === "") return { verify: true };
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem"), verify: true };
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
