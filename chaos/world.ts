/** What the clients asked for and were told: the only thing that the oracle takes for true. */
import { createFileModel, type FileModel } from "./file-model.ts";

/** `refused`: it is known that it did not happen. `unknown`: it may have. */
export type Outcome = "ok" | "refused" | "unknown";
/** How far the end of a thing has come: `tried` may have happened. */
export type Removal = "no" | "tried" | "done";

export interface VolumeNote {
  readonly name: string;
  readonly client: number;
  readonly files: FileModel;
  id: string | undefined;
  created: Outcome;
  removed: Removal;
}

export interface SandboxNote {
  readonly name: string;
  readonly client: number;
  /** `short` ends by itself with 7, the others when they are ended. */
  readonly kind: "idle" | "short";
  readonly ttlSeconds: number | undefined;
  readonly volume: VolumeNote | undefined;
  /** By the clock of this process, which is the server's too. */
  readonly askedAt: number;
  id: string | undefined;
  created: Outcome;
  terminated: Removal;
  /** A phase without return that was seen. */
  ended: string | undefined;
}

export interface ExecNote {
  readonly token: string;
  readonly sandbox: SandboxNote;
  outcome: Outcome;
}

export interface SnapshotNote {
  readonly id: string;
  readonly sandbox: SandboxNote;
  removed: Removal;
}

export interface World {
  /** Names what belongs to this run. */
  readonly run: string;
  readonly sandboxes: SandboxNote[];
  readonly volumes: VolumeNote[];
  readonly execs: ExecNote[];
  readonly snapshots: SnapshotNote[];
  readonly violations: string[];
  /** The operations so far, by how they went. */
  readonly counts: Record<Outcome, number>;
  /** Keeps a line about objects, by name. */
  note(line: string, ...about: readonly string[]): void;
  /** Something that must never be; told with all that is known of the objects. */
  violation(rule: string, ...about: readonly string[]): void;
  newVolume(name: string, client: number): VolumeNote;
}

/** Lines of the journal that a violation shows. */
const shownLines = 40;

export function createWorld(run: string, onViolation: (text: string) => void = () => {}): World {
  const began = performance.now();
  const journal: { readonly line: string; readonly about: readonly string[] }[] = [];
  const world: World = {
    run,
    sandboxes: [],
    volumes: [],
    execs: [],
    snapshots: [],
    violations: [],
    counts: { ok: 0, refused: 0, unknown: 0 },
    note(line, ...about) {
      const at = ((performance.now() - began) / 1000).toFixed(3).padStart(8);
      journal.push({ line: `${at} ${line}`, about });
    },
    violation(rule, ...about) {
      const lines = journal.filter(
        (entry) => entry.about.length === 0 || entry.about.some((name) => about.includes(name)),
      );
      const told = lines.slice(-shownLines).map(({ line }) => `    ${line}`);
      const text = [rule, ...told].join("\n");
      world.violations.push(text);
      onViolation(text);
      world.note(`VIOLATION ${rule}`, ...about);
    },
    newVolume(name, client) {
      const note: VolumeNote = {
        name,
        client,
        files: createFileModel(),
        id: undefined,
        created: "unknown",
        removed: "no",
      };
      world.volumes.push(note);
      return note;
    },
  };
  return world;
}

export const isOver = (phase: string): boolean => ["succeeded", "failed", "terminated"].includes(phase);
