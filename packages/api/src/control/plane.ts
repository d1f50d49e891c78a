/** What the parts of the control plane share. */
import type { Clock } from "@porter-sandbox/spec";
import type { Agenda } from "../agenda.ts";
import type { Engine } from "../engine.ts";
import type { IdSource } from "../ids.ts";
import type { Limits } from "../limits.ts";
import type { Store } from "../store.ts";
import type { Activity } from "./activity.ts";
import type { Process } from "./process.ts";

/** Environment groups: all of them by name, or a function that looks one up and answers undefined for an unknown one. */
export type EnvGroups =
  | Readonly<Record<string, Readonly<Record<string, string>>>>
  | ((
      name: string,
    ) => Readonly<Record<string, string>> | undefined | Promise<Readonly<Record<string, string>> | undefined>);

export interface Plane {
  readonly engine: Engine;
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly ids: IdSource;
  readonly agenda: Agenda;
  readonly envGroups: EnvGroups;
  /** Whether answers may go beyond the published API. */
  readonly extensions: boolean;
  /** Told of what went wrong where no caller waits. */
  readonly report: (error: unknown) => void;
  /** Sandboxes on their way up, and how to call their start off. */
  readonly starting: Map<string, AbortController>;
  /** Volumes and snapshots in the making, by id. */
  readonly settling: Map<string, Promise<void>>;
  /** Stops under way, and those that failed and are tried again, by sandbox id. */
  readonly stopping: Map<string, Promise<boolean>>;
  /** For each sandbox with commands running in it: what to call when it ends. */
  readonly commands: Map<string, Set<() => void>>;
  /** The use that is made of sandboxes with an idle timeout, by sandbox id. */
  readonly activity: Map<string, Activity>;
  /** The furthest that the life of each sandbox was extended to by this process. */
  readonly extended: Map<string, number>;
  /** Commands that go on without a caller: those of each sandbox by their id, and those that ended, in that order. */
  readonly processes: {
    readonly bySandbox: Map<string, Map<string, Process>>;
    readonly ended: Map<Process, string>;
  };
  /** Writes that the store failed and that wait for their next try: what lets each go on. */
  readonly retries: Map<string, () => void>;
  /** What goes on without a caller; `close` waits for it. */
  readonly background: Set<Promise<unknown>>;
  /** After `close`: what ends now ends because this process does, and is none of the store's business. */
  closed: boolean;
}

/** Lets work go on without a caller. Its failure is reported and goes no further. */
export function inBackground(plane: Plane, work: Promise<unknown>): void {
  const tracked: Promise<unknown> = work.catch(plane.report).finally(() => plane.background.delete(tracked));
  plane.background.add(tracked);
}
