import { ConfigurationError } from "./errors/client-errors.ts";
import { checkOption } from "./validation.ts";

/** An API key, or a function that answers the current one; it is asked for each attempt, so keys can rotate. */
export type ApiKey = string | (() => string | Promise<string>);

/** Environment variables by name. Only the names that a rule needs are read, so a lazy view of them will do. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The options that say where the API is and who asks. */
export interface ConnectionOptions {
  /**
   * Proves who asks; sent as `Authorization: Bearer …`. Default: `PORTER_SANDBOX_API_KEY`. Not needed inside the
   * cluster.
   */
  apiKey?: ApiKey | undefined;
  /** Where the API is, its path included. Default: `PORTER_SANDBOX_BASE_URL`, else found from the surroundings. */
  baseUrl?: string | undefined;
  /** What the caller brings to carry requests. With it the environment is not read. */
  fetch?: unknown;
}

/** Where to send requests and with which key. */
export interface Configuration {
  /** Undefined: requests are sent without a key. */
  apiKey: ApiKey | undefined;
  /** The base URL without trailing slashes; for a cluster it follows from the key, since the key names the project. */
  baseUrl: string | ((key: string | undefined) => string);
}

const IN_CLUSTER = "http://sandbox-api.porter-sandbox-system.svc.cluster.local:8080";
const IN_PROCESS = "http://sandbox-api.local";
const PUBLIC_API = "https://dashboard.porter.run/api/v2/alpha/projects/";

/**
 * Finds the API. A pure function: the first rule that matches wins.
 * 1. `baseUrl`, else `PORTER_SANDBOX_BASE_URL`;
 * 2. `PORTER_CLUSTER_ID`, with the project that the API key names;
 * 3. `KUBERNETES_SERVICE_HOST`: the cluster's own address.
 *
 * With a `fetch` of the caller's the environment is not read at all, so that a real key never reaches a fake.
 * @throws {ConfigurationError} when nothing says where the API is, or what says so is malformed.
 */
export function resolveConfiguration(options: ConnectionOptions, env: Environment): Configuration {
  const read = (name: string) => (options.fetch ? undefined : env[name]?.trim() || undefined);
  let { apiKey, baseUrl } = options;
  if (apiKey === undefined) apiKey = read("PORTER_SANDBOX_API_KEY");
  if (apiKey !== undefined && typeof apiKey !== "function") apiKey = toKey(apiKey);

  if (baseUrl !== undefined) return { apiKey, baseUrl: toBaseUrl(baseUrl, "baseUrl") };
  if (options.fetch) return { apiKey, baseUrl: IN_PROCESS };
  baseUrl = read("PORTER_SANDBOX_BASE_URL");
  if (baseUrl) return { apiKey, baseUrl: toBaseUrl(baseUrl, "PORTER_SANDBOX_BASE_URL") };
  const cluster = read("PORTER_CLUSTER_ID");
  if (cluster) {
    if (typeof apiKey !== "function") return { apiKey, baseUrl: clusterUrl(cluster, apiKey) };
    return { apiKey, baseUrl: (key) => clusterUrl(cluster, key) };
  }
  if (read("KUBERNETES_SERVICE_HOST")) return { apiKey, baseUrl: IN_CLUSTER };
  throw new ConfigurationError(
    `${apiKey === undefined ? "No Sandbox API found" : "There is an API key, but PORTER_CLUSTER_ID is missing"}: set PORTER_CLUSTER_ID and an API key (apiKey or PORTER_SANDBOX_API_KEY); or baseUrl or PORTER_SANDBOX_BASE_URL; or run in the cluster (KUBERNETES_SERVICE_HOST)`,
  );
}

/**
 * Trims a key and checks that it can be sent.
 * @throws {ConfigurationError} without the key in it.
 */
export function toKey(key: unknown): string {
  const trimmed = typeof key === "string" ? key.trim() : "";
  return checked("apiKey", "apiKey", trimmed);
}

function toBaseUrl(text: string, name: string): string {
  return checked("baseUrl", name, String(text).trim().replace(/\/+$/, ""));
}

function checked(option: "apiKey" | "baseUrl", name: string, value: string): string {
  const rule = checkOption(option, value);
  if (rule) throw new ConfigurationError(`${name}: ${rule}`);
  return value;
}

function clusterUrl(cluster: string, key: string | undefined): string {
  let project: unknown;
  try {
    // The key is read, not verified: the server does that.
    project = JSON.parse(atob((key?.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"))).project_id;
  } catch {}
  if (!Number.isSafeInteger(project) || (project as number) <= 0)
    throw new ConfigurationError(
      `PORTER_CLUSTER_ID needs an API key (apiKey or PORTER_SANDBOX_API_KEY) that is a JWT with a positive integer project_id; ${
        key ? "this one is not" : "there is none"
      }`,
    );
  return `${PUBLIC_API}${project}/clusters/${encodeURIComponent(cluster)}`;
}
