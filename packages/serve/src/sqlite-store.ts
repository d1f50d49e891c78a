/** A Store in a SQLite file: what was acknowledged is there after the process was killed. */
import { randomBytes } from "node:crypto";
import type { MemoryStoreOptions, Store } from "@porter-sandbox/api";
import { type Database, openDatabase } from "./sqlite/database.ts";
import { logStore } from "./sqlite/logs.ts";
import { sandboxStore } from "./sqlite/sandboxes.ts";
import { snapshotStore, volumeStore } from "./sqlite/volumes.ts";

/** What `createSqliteStore` takes. */
export interface SqliteStoreOptions extends MemoryStoreOptions {
  /**
   * How long after a sandbox started its environment may still be found in the file's journal, in milliseconds.
   * Default 1,000.
   */
  readonly scrubMs?: number | undefined;
  /** Called when clearing it from the journal failed; it is tried again. Default: nothing is called. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A store in a SQLite file. */
export interface SqliteStore extends Store {
  /** A name made when the file was, for what belongs to it elsewhere: an engine's containers. */
  readonly installation: string;
}

function installationOf(db: Database): string {
  const kept = db.get("SELECT value FROM meta WHERE key = 'installation'")?.value;
  if (typeof kept === "string") return kept;
  const made = `i${randomBytes(6).toString("hex")}`;
  db.write(() => db.run("INSERT INTO meta (key, value) VALUES ('installation', ?)", made));
  return made;
}

/**
 * Remembers in a SQLite file, which only this process may use while it is open, and only its user may read.
 *
 * When a method resolves, what it did is on the disk: it survives a kill of the process and, as far as the disk keeps
 * its word, a loss of power. Log lines survive the kill too; a loss of power may take those since the last other change.
 * The environment of a sandbox leaves the file once the sandbox runs.
 *
 * @throws Error naming the file when another process uses it, when it is no store or one of a newer release, or when it
 * cannot be read and written.
 *
 * @example
 * const api = createSandboxApi({ engine, store: createSqliteStore("data/store.sqlite") });
 */
export function createSqliteStore(path: string, options: SqliteStoreOptions = {}): SqliteStore {
  const { logLines = 5000, logChars = 1024 * 1024, scrubMs = 1000, onError } = options;
  const db = openDatabase(path);
  const installation = installationOf(db);
  let scrubbing: NodeJS.Timeout | undefined;
  let closed = false;

  const scrubLater = (): void => {
    scrubbing ??= setTimeout(() => {
      scrubbing = undefined;
      try {
        db.scrub();
      } catch (error) {
        onError?.(error);
        scrubLater();
      }
    }, scrubMs).unref();
  };
  // A former process may have been killed before it came to it.
  db.scrub();

  return {
    installation,
    ...sandboxStore(db, scrubLater),
    ...volumeStore(db),
    ...snapshotStore(db),
    ...logStore(db, { lines: logLines, chars: logChars }),
    async close() {
      if (closed) return;
      closed = true;
      clearTimeout(scrubbing);
      db.scrub();
      db.close();
    },
  };
}
