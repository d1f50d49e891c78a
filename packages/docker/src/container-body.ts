import { type SandboxPlan, type SandboxSize, sizeOf } from "@porter-sandbox/api";
import type { ContainerInspection } from "./inspection.ts";
import { type Kind, label, type Names } from "./names.ts";
import type { Exposure } from "./proxy/ingress.ts";

/** What a sandbox may use when it does not say. */
export interface DefaultLimits {
  /** Cores, which may be a fraction. Default 1. */
  readonly cpu_cores?: number | undefined;
  /** Bytes of memory. Default 1 GiB. Swap is not added to it. */
  readonly memory_bytes?: number | undefined;
  /** Processes and threads; a sandbox cannot ask for more. Default 1024. */
  readonly pids?: number | undefined;
  /** Bytes of the workload's own output that the engine keeps; the oldest goes first. Default 16 MiB. */
  readonly log_bytes?: number | undefined;
}

/** How sandboxes are shut in, beside what is always so. */
export interface Isolation {
  /** Another OCI runtime that the engine knows, such as gVisor's `runsc`. Default: the engine's own. */
  readonly runtime?: string | undefined;
  /**
   * The user namespace mode. An engine that remaps users (`userns-remap`, rootless) does so by default; `host` turns it
   * off, and is not taken.
   */
  readonly userns?: string | undefined;
  /** A seccomp profile as JSON, in place of the engine's default; `unconfined` is not taken. */
  readonly seccomp?: string | undefined;
  /** Capabilities that a sandbox keeps: of `defaultCapabilities`, which is the default, `AUDIT_WRITE`, `SETFCAP`, `SYS_CHROOT`. */
  readonly capabilities?: readonly string[] | undefined;
}

/**
 * What a plain image needs: package managers and entry points that change owners, or step down from root. None of them
 * reaches past the container; what Docker gives beyond them (raw sockets, device nodes, chroot, audit, file
 * capabilities) is left out.
 */
export const defaultCapabilities = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "NET_BIND_SERVICE",
  "SETGID",
  "SETPCAP",
  "SETUID",
] as const;

/** Those, and what stays in the container too: for what builds images, or changes its own root. */
const usableCapabilities: readonly string[] = [...defaultCapabilities, "AUDIT_WRITE", "SETFCAP", "SYS_CHROOT"];

const cpuPeriodUs = 100_000;
/** The least that the kernel takes for a quota. */
const leastCpuQuotaUs = 1_000;
const mebibyte = 1024 * 1024;

interface BodyOptions {
  readonly names: Names;
  readonly limits: DefaultLimits;
  readonly isolation: Isolation;
  /** The image, or the snapshot's image. */
  readonly image: string;
  /** `container:<id>` of a holder, the name of a network, or `none`. */
  readonly network: string;
  readonly exposure?: Exposure | undefined;
  /** Whether the exposed port is published on loopback, where the sandbox has no packet filter to let this machine in. */
  readonly publish?: boolean | undefined;
  /** Default `sandbox`. */
  readonly kind?: Extract<Kind, "sandbox" | "pool"> | undefined;
}

/** The body of a sandbox's `POST /containers/create`. */
export function sandboxBody(
  plan: SandboxPlan,
  { names, limits, isolation, image, network, exposure, publish = false, kind = "sandbox" }: BodyOptions,
) {
  const size = sizeOfPlan(plan, limits);
  const published = publish && exposure !== undefined ? `${exposure.port}/tcp` : undefined;
  const ownHostName = !network.startsWith("container:");
  return {
    Image: image,
    // A host name of its own needs a network of its own; with a holder's network it is the holder's.
    ...(ownHostName && { Hostname: plan.name.slice(0, 63) }),
    ...entry(plan),
    Env: Object.entries(plan.env).map(([key, value]) => `${key}=${value}`),
    Labels: {
      ...names.labels(kind, plan.id),
      // Also when it is nothing: an image or a snapshot could say otherwise.
      [label.ingress]: exposure === undefined ? "" : JSON.stringify(exposure),
    },
    ...(published && { ExposedPorts: { [published]: {} } }),
    // Held open and never a terminal: a shell or an interpreter without work idles instead of ending at once.
    OpenStdin: true,
    StdinOnce: false,
    Tty: false,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    HostConfig: {
      ...shutIn(isolation),
      ...resourcesOf(size),
      PidsLimit: limits.pids ?? 1024,
      // Reaps what commands leave behind, and passes the workload's exit code on.
      Init: true,
      NetworkMode: network,
      ...(published && { PortBindings: { [published]: [{ HostIp: "127.0.0.1", HostPort: "" }] } }),
      LogConfig: logs(limits.log_bytes ?? 16 * mebibyte),
      Mounts: Object.entries(plan.volume_mounts).map(([target, id]) => ({
        Type: "volume",
        Source: names.volume(id),
        Target: target,
        // A volume starts empty, whatever the image has at that path.
        VolumeOptions: { NoCopy: true },
      })),
    },
  };
}

function entry(plan: SandboxPlan) {
  const { command, args } = plan;
  return {
    ...(command !== undefined && command.length > 0 && { Entrypoint: command }),
    ...(args !== undefined && args.length > 0 && { Cmd: args }),
  };
}

function shutIn({ runtime, userns, seccomp, capabilities = defaultCapabilities }: Isolation) {
  return {
    CapDrop: ["ALL"],
    CapAdd: capabilities,
    SecurityOpt: ["no-new-privileges", ...(seccomp === undefined ? [] : [`seccomp=${seccomp}`])],
    IpcMode: "private",
    // A core dump may be piped to a program of the host.
    Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }],
    ...(runtime !== undefined && { Runtime: runtime }),
    ...(userns !== undefined && { UsernsMode: userns }),
  };
}

/** What a sandbox is promised that does not say what it needs. */
export const defaultSize = ({ cpu_cores = 1, memory_bytes = 1024 * mebibyte }: DefaultLimits): SandboxSize => ({
  cpu_cores,
  memory_bytes,
});

/** What a sandbox is promised. */
export const sizeOfPlan = ({ resources }: SandboxPlan, limits: DefaultLimits): SandboxSize =>
  sizeOf(resources, defaultSize(limits));

/** What a container was promised when it was made. */
export const sizeOfContainer = ({ CpuQuota = 0, Memory = 0 }: ContainerInspection["HostConfig"]): SandboxSize => ({
  cpu_cores: CpuQuota / cpuPeriodUs,
  memory_bytes: Memory,
});

const resourcesOf = ({ cpu_cores, memory_bytes }: SandboxSize) => ({
  ...memory(memory_bytes),
  // A quota may go past the machine's cores, which NanoCpus may not.
  CpuPeriod: cpuPeriodUs,
  CpuQuota: Math.max(leastCpuQuotaUs, Math.round(cpu_cores * cpuPeriodUs)),
});

const memory = (bytes: number) => ({ Memory: Math.ceil(bytes), MemorySwap: Math.ceil(bytes) });

/** Two files that take turns. */
const logs = (bytes: number) => ({
  Type: "json-file",
  Config: { "max-size": String(Math.max(64 * 1024, Math.ceil(bytes / 2))), "max-file": "2" },
});

/** The body of a helper: the configured image with nothing but what it is asked to do. */
export function helperBody(options: {
  readonly image: string;
  readonly command: readonly string[];
  readonly labels: Record<string, string>;
  readonly capabilities?: readonly string[];
  readonly host?: Record<string, unknown>;
  readonly rest?: Record<string, unknown>;
}) {
  return {
    Image: options.image,
    Entrypoint: options.command,
    Cmd: [],
    Labels: options.labels,
    Tty: false,
    // Nothing in it has to be brought to an end, and an engine that ends would wait for it.
    StopSignal: "SIGKILL",
    ...options.rest,
    HostConfig: {
      CapDrop: ["ALL"],
      CapAdd: options.capabilities ?? [],
      SecurityOpt: ["no-new-privileges"],
      ReadonlyRootfs: true,
      IpcMode: "none",
      PidsLimit: 64,
      ...memory(256 * mebibyte),
      LogConfig: { Type: "none", Config: {} },
      NetworkMode: "none",
      ...options.host,
    },
  };
}

/** @throws Error for options that would open what is shut by default. */
export function checkIsolation({ userns, seccomp, capabilities }: Isolation): void {
  if (userns === "host") throw new Error('isolation.userns: must not be "host"');
  if (seccomp === "unconfined") throw new Error('isolation.seccomp: must not be "unconfined"');
  for (const [index, name] of (capabilities ?? []).entries()) {
    if (!usableCapabilities.includes(name.toUpperCase().replace(/^CAP_/, ""))) {
      const rule = `must be one of ${usableCapabilities.join(", ")}; others reach past a sandbox`;
      throw new Error(`isolation.capabilities[${index}]: ${rule} (got ${JSON.stringify(name)})`);
    }
  }
}
