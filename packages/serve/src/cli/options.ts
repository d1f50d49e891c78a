/** The command line, read and checked before anything happens. */
import { parseArgs } from "node:util";
import { parseCpu, parseGoDuration, parseMemory } from "@porter-sandbox/spec";

export const ENGINES = ["docker", "memory"] as const;
export type EngineName = (typeof ENGINES)[number];

export interface CliOptions {
  readonly engine: EngineName;
  readonly port: number;
  readonly host: string;
  readonly keyFile?: string | undefined;
  readonly dataDir?: string | undefined;
  /** How long an ended sandbox keeps its status and logs. */
  readonly retentionMs?: number | undefined;
  readonly tls?: { readonly keyFile: string; readonly certFile: string } | undefined;
  /** Of the Docker engine. */
  readonly egress?: "enforced" | "unenforced" | undefined;
  readonly installation?: string | undefined;
  readonly helperImage?: string | undefined;
  /** What may be promised to all sandboxes together, in cores and bytes. */
  readonly capacity?: CliCapacity | undefined;
  /** What the Docker engine keeps ready. */
  readonly pool?: { readonly image: string; readonly size: number } | undefined;
  /** How many network namespaces the Docker engine keeps ready. */
  readonly spareNetworks?: number | undefined;
  /** Where the Docker engine serves the ports that sandboxes expose. */
  readonly proxy?: CliProxy | undefined;
}

export interface CliCapacity {
  readonly cpu_cores?: number | undefined;
  readonly memory_bytes?: number | undefined;
}

export interface CliProxy {
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly domain?: string | undefined;
}

/** What the command line asks for. */
export type CliRequest =
  | { readonly action: "serve"; readonly options: CliOptions }
  | { readonly action: "help" }
  | { readonly action: "new_key" };

/** The command line is wrong; the message names option, value and what is allowed. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const usage = `Serves the Sandbox API.

  --engine docker|memory   what runs the sandboxes: containers, or a double in memory for trying things out
  --port PORT              0 to 65535; 0 is one that is free (default 8080)
  --host HOST              address to listen on (default 127.0.0.1); any that others reach needs --key-file
  --key-file FILE          API keys, one a line, as the key itself or its hash; without it everyone is let in
  --capacity-cpu CORES     cores that may be promised to running sandboxes together, as 16; the rest wait (default no bound)
  --capacity-memory SIZE   memory that may be promised to them together, as 32Gi (default no bound)
  --data-dir DIR           keeps names, records and logs there across restarts; without it they are forgotten
  --retention DURATION     how long an ended sandbox keeps its status and logs: 90s, 12h (default 168h, 7 days)
  --tls-key FILE           private key, PEM, with --tls-cert: serves HTTPS
  --tls-cert FILE          certificate chain, PEM
  --egress MODE            docker: enforced (default) or unenforced, without a packet filter around sandboxes
  --installation NAME      docker: tells this server's containers from others' (default: made with the data directory,
                           without one made of this machine's name, the address and the port, which then cannot be 0)
  --helper-image IMAGE     docker: image with busybox for the files of volumes (default busybox:1)
  --pool-image IMAGE       docker: containers of this image are kept ready for creates that ask for nothing but it
  --pool-size N            docker: how many, 1 to 100 (default 2)
  --spare-networks N       docker: network namespaces kept ready behind their packet filter, 0 to 100 (default: as many as
                           the largest burst of the last ten minutes took, 2 to 20)
  --proxy-port PORT        docker: where the ports that sandboxes expose are served (default 0, one that is free)
  --proxy-host HOST        docker: address that the proxy listens on (default 127.0.0.1); others reach the sandboxes by it
  --proxy-domain DOMAIN    docker: a sandbox is NAME.DOMAIN (default localhost); all names in it must lead to the proxy
  --new-key                prints a new API key and its hash, and ends
  --help                   prints this, and ends

The log goes to standard error, a JSON object a line. SIGTERM and SIGINT end the server when its requests are done.
`;

const settings = {
  engine: { type: "string" },
  port: { type: "string", default: "8080" },
  host: { type: "string", default: "127.0.0.1" },
  "key-file": { type: "string" },
  "data-dir": { type: "string" },
  retention: { type: "string" },
  "capacity-cpu": { type: "string" },
  "capacity-memory": { type: "string" },
  "tls-key": { type: "string" },
  "tls-cert": { type: "string" },
  egress: { type: "string" },
  installation: { type: "string" },
  "helper-image": { type: "string" },
  "pool-image": { type: "string" },
  "pool-size": { type: "string" },
  "spare-networks": { type: "string" },
  "proxy-port": { type: "string" },
  "proxy-host": { type: "string" },
  "proxy-domain": { type: "string" },
  "new-key": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

const EGRESS = ["enforced", "unenforced"] as const;

const longestRetentionMs = 87_600 * 3_600_000;

export const DOCKER_ONLY = [
  ...(["egress", "installation", "helper-image", "pool-image", "pool-size", "spare-networks"] as const),
  ...(["proxy-port", "proxy-host", "proxy-domain"] as const),
];

function read(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: settings, allowPositionals: false }).values;
  } catch (error) {
    // Node's own words name the option; the rest of them is advice on positionals.
    const message =
      error instanceof Error ? error.message.replace(/\. To specify a positional.*$/s, "") : String(error);
    const known = Object.keys(settings).map((name) => `--${name}`);
    throw new UsageError(`${message}; the options are ${known.join(", ")}`);
  }
}

function oneOf<T extends string>(option: string, value: string | undefined, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found !== undefined) return found;
  const got = value === undefined ? "it is missing" : `got ${JSON.stringify(value)}`;
  throw new UsageError(`--${option}: must be one of ${allowed.join(", ")} (${got})`);
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`--${option}: must be a whole number from ${least} to ${most} (got ${JSON.stringify(text)})`);
}

const portOf = (option: string, text: string) => wholeNumber(option, text, 0, 65_535);

function retentionOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseGoDuration(text);
  if (ms !== undefined && ms <= longestRetentionMs) return Math.round(ms);
  throw new UsageError(
    `--retention: must be a duration such as 90s or 12h, 87600h at most (got ${JSON.stringify(text)})`,
  );
}

type Values = ReturnType<typeof read>;

function capacityOf({ "capacity-cpu": cpu, "capacity-memory": memory }: Values): CliCapacity | undefined {
  if (cpu === undefined && memory === undefined) return undefined;
  const [cpu_cores, memory_bytes] = [cpu && parseCpu(cpu), memory && parseMemory(memory)];
  if (cpu !== undefined && !cpu_cores) {
    throw new UsageError(`--capacity-cpu: must be a number of cores such as 16 (got ${JSON.stringify(cpu)})`);
  }
  if (memory !== undefined && !memory_bytes) {
    throw new UsageError(`--capacity-memory: must be an amount of memory such as 32Gi (got ${JSON.stringify(memory)})`);
  }
  return { cpu_cores: cpu_cores || undefined, memory_bytes: memory_bytes || undefined };
}

function poolOf({ "pool-image": image, "pool-size": size }: Values): CliOptions["pool"] {
  if (image === undefined && size === undefined) return undefined;
  if (image === undefined) throw new UsageError("--pool-size: goes only with --pool-image, which is missing");
  if (size === undefined) return { image, size: 2 };
  return { image, size: wholeNumber("pool-size", size, 1, 100) };
}

function proxyOf({ "proxy-port": port, "proxy-host": host, "proxy-domain": domain }: Values): CliProxy | undefined {
  if (port === undefined && host === undefined && domain === undefined) return undefined;
  return { port: port === undefined ? undefined : portOf("proxy-port", port), host, domain };
}

/** @throws UsageError */
export function parseCli(words: readonly string[]): CliRequest {
  // pnpm and npm hand on the separator that keeps their own options apart.
  const values = read(words[0] === "--" ? words.slice(1) : words);
  if (values.help) return { action: "help" };
  if (values["new-key"]) return { action: "new_key" };
  for (const [option, value] of Object.entries(values)) {
    if (value === "") throw new UsageError(`--${option}: must not be empty (got "")`);
  }
  const engine = oneOf("engine", values.engine, ENGINES);
  for (const option of DOCKER_ONLY) {
    if (values[option] === undefined || engine === "docker") continue;
    throw new UsageError(`--${option}: goes only with --engine docker (got --engine ${engine})`);
  }
  const { "tls-key": keyFile, "tls-cert": certFile } = values;
  if ((keyFile === undefined) !== (certFile === undefined)) {
    const [given, missing] = keyFile === undefined ? ["tls-cert", "tls-key"] : ["tls-key", "tls-cert"];
    throw new UsageError(`--${given}: goes only with --${missing}, which is missing`);
  }
  const port = portOf("port", values.port);
  const { installation, "data-dir": dataDir, "spare-networks": spares } = values;
  // Nobody would come after it at its place, and know the containers that it leaves for its own.
  if (engine === "docker" && port === 0 && dataDir === undefined && installation === undefined) {
    throw new UsageError(
      "--port: 0 goes with --engine docker only beside --data-dir or --installation; both are missing",
    );
  }
  return {
    action: "serve",
    options: {
      engine,
      port,
      host: values.host,
      keyFile: values["key-file"],
      dataDir,
      retentionMs: retentionOf(values.retention),
      tls: keyFile !== undefined && certFile !== undefined ? { keyFile, certFile } : undefined,
      egress: values.egress === undefined ? undefined : oneOf("egress", values.egress, EGRESS),
      installation,
      helperImage: values["helper-image"],
      capacity: capacityOf(values),
      pool: poolOf(values),
      spareNetworks: spares === undefined ? undefined : wholeNumber("spare-networks", spares, 0, 100),
      proxy: proxyOf(values),
    },
  };
}
