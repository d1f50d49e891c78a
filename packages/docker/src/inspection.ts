/** What of the Engine API's answers is used here. Everything else in them is ignored. */
import type { DockerClient } from "./client.ts";
import { unless } from "./errors.ts";

export interface ContainerState {
  readonly Status: "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
  readonly Running: boolean;
  readonly OOMKilled: boolean;
  readonly Pid: number;
  readonly ExitCode: number;
  readonly Error: string;
  readonly StartedAt: string;
  readonly FinishedAt: string;
}

export interface ContainerInspection {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly State: ContainerState;
  readonly Config: {
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Env?: readonly string[] | null;
  };
  readonly HostConfig: {
    readonly NetworkMode?: string;
    readonly CpuQuota?: number;
    readonly Memory?: number;
  };
  readonly NetworkSettings?: {
    readonly Networks?: Readonly<Record<string, { readonly IPAddress?: string; readonly Gateway?: string }>> | null;
    readonly Ports?: Readonly<Record<string, readonly { readonly HostPort?: string }[] | null>> | null;
  };
}

export interface ContainerSummary {
  readonly Id: string;
  readonly Names?: readonly string[] | null;
  readonly State: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly HostConfig?: { readonly NetworkMode?: string };
}

export interface ImageInspection {
  readonly Id: string;
  readonly Size: number;
  readonly Config?: {
    readonly Env?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly Entrypoint?: readonly string[] | null;
    readonly Labels?: Readonly<Record<string, string>> | null;
  } | null;
}

export interface ExecInspection {
  readonly Running: boolean;
  readonly ExitCode: number | null;
  readonly Pid: number;
}

/** By id or name; undefined when there is none. */
export function inspectContainer(
  client: Pick<DockerClient, "call">,
  container: string,
): Promise<ContainerInspection | undefined> {
  return unless([404], client.call<ContainerInspection>("GET", `/containers/${container}/json`));
}

/** A time of the engine in milliseconds since the epoch, with fractions; undefined for its zero time. */
export function parseEngineTime(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null || text.startsWith("0001-")) return undefined;
  return Date.parse(`${match[1]}${match[3]}`) + Number(`0${match[2] ?? ""}`) * 1000;
}
