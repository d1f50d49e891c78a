/** A SQLite file of this store's: opened for one process alone, brought up to date, with its statements kept ready. */
import { chmodSync, closeSync, openSync, statSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { APPLICATION_ID, migrations } from "./schema.ts";

export type Row = Readonly<Record<string, string | number | null>>;

export interface Database {
  /** Every row. */
  all(sql: string, ...values: SQLInputValue[]): Row[];
  /** The first row. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined;
  /** How many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /** All of `work` or, when it throws, none of it. What was done is on the disk when this returns. */
  write<T>(work: () => T): T;
  /**
   * The same, but it may still be only with the operating system when this returns: it survives the end of this
   * process, and a loss of power only together with the next `write`.
   */
  writeSoon(work: () => void): void;
  /** Moves everything into the main file and empties the journal, so that what was deleted is in neither. */
  scrub(): void;
  close(): void;
}

/** How many different statements are kept; the kinds of queries are few, only how many tags one names has no bound. */
const KEPT_STATEMENTS = 300;
const BUSY = 5;

/** Whoever reads this file reads the environments of sandboxes that wait to start. */
const PRIVATE = 0o600;

const complain = (path: string, what: string, cause?: unknown): Error => new Error(`store ${path}: ${what}`, { cause });

function failureOf(path: string, error: unknown): Error {
  const { errcode, code, message } = error as { errcode?: number; code?: string; message?: string };
  if (errcode === BUSY)
    return complain(path, "is in use by another server; each needs a data directory of its own", error);
  if (code === "ENOENT") return complain(path, "its directory does not exist", error);
  if (code === "EACCES") return complain(path, "may not be read and written by this user", error);
  return complain(path, message ?? "cannot be opened", error);
}

/** A store that was there before can be open to others: copied, or restored. */
function shut(path: string): void {
  for (const file of [path, `${path}-wal`]) {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found === undefined || (found.mode & 0o077) === 0) continue;
    try {
      chmodSync(file, PRIVATE);
    } catch (error) {
      throw complain(path, "is open to others, and this user may not change that", error);
    }
  }
}

function open(path: string): DatabaseSync {
  // SQLite would create it readable for everyone; its journal takes over the mode of the file.
  closeSync(openSync(path, "a", PRIVATE));
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    // Held until this process ends, however it ends. Nothing is left behind that could be stale.
    db.exec("PRAGMA locking_mode = EXCLUSIVE");
    db.exec("PRAGMA journal_mode = WAL");
    db.exec("PRAGMA synchronous = FULL");
    db.exec("PRAGMA secure_delete = ON");
    db.exec("BEGIN IMMEDIATE; COMMIT");
    migrate(db, path);
    shut(path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

const numberOf = (db: DatabaseSync, pragma: string): number =>
  Number(Object.values(db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0] ?? 0);

function migrate(db: DatabaseSync, path: string): void {
  const version = numberOf(db, "user_version");
  const tables = Number(db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.n ?? 0);
  if (tables > 0 && numberOf(db, "application_id") !== APPLICATION_ID) {
    throw complain(path, "is a database of another program");
  }
  if (version > migrations.length) {
    throw complain(path, `was written by a newer release (version ${version}; this one knows ${migrations.length})`);
  }
  for (const [done, migration] of migrations.entries()) {
    if (done < version) continue;
    db.exec(`BEGIN IMMEDIATE; PRAGMA application_id = ${APPLICATION_ID}; ${migration}
      PRAGMA user_version = ${done + 1}; COMMIT`);
  }
}

/**
 * Opens or creates it, for its user alone. Throws an Error that says what is wrong: in use by another process, of another
 * program, of a newer release, not accessible.
 */
export function openDatabase(path: string): Database {
  let db: DatabaseSync;
  try {
    db = open(path);
  } catch (error) {
    throw error instanceof Error && error.message.startsWith("store ") ? error : failureOf(path, error);
  }
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const kept = statements.get(sql);
    if (kept !== undefined) return kept;
    const statement = db.prepare(sql);
    if (statements.size >= KEPT_STATEMENTS) statements.clear();
    statements.set(sql, statement);
    return statement;
  };
  const inTransaction = <T>(work: () => T): T => {
    prepare("BEGIN IMMEDIATE").run();
    try {
      const result = work();
      prepare("COMMIT").run();
      return result;
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  };
  return {
    all: (sql, ...values) => prepare(sql).all(...values) as Row[],
    get: (sql, ...values) => prepare(sql).get(...values) as Row | undefined,
    run: (sql, ...values) => Number(prepare(sql).run(...values).changes),
    write: inTransaction,
    writeSoon(work) {
      db.exec("PRAGMA synchronous = NORMAL");
      try {
        inTransaction(work);
      } finally {
        db.exec("PRAGMA synchronous = FULL");
      }
    },
    scrub: () => db.exec("PRAGMA wal_checkpoint(TRUNCATE)"),
    close: () => db.close(),
  };
}
