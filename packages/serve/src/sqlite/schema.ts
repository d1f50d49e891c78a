/**
 * What the store's file holds. Each entry brings a file from one version to the next; an entry that was ever released
 * is never changed. Records are JSON; beside them stand the columns that queries look for.
 */

/** Tells this file from every other SQLite file ("PSbx"). */
export const APPLICATION_ID = 0x50536278;

export const migrations: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;

  -- Every name that was ever used; outlives its sandbox.
  CREATE TABLE names (name TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;

  CREATE TABLE sandboxes (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    image TEXT NOT NULL,
    phase TEXT NOT NULL,
    created_at REAL NOT NULL,
    record TEXT NOT NULL
  ) WITHOUT ROWID, STRICT;
  -- Each of them ends with the id, so one filter alone is answered from its index, in the order of creation.
  CREATE UNIQUE INDEX sandboxes_by_name ON sandboxes (name);
  CREATE INDEX sandboxes_by_image ON sandboxes (image, id);
  CREATE INDEX sandboxes_by_phase ON sandboxes (phase, id);
  CREATE INDEX sandboxes_by_time ON sandboxes (created_at, id);

  -- A tag is the text key=value; keys have no =.
  CREATE TABLE tags (tag TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (tag, id)) WITHOUT ROWID, STRICT;

  -- How many there are in all, and of each phase, image and tag: counting them would look at each.
  CREATE TABLE totals (what TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID, STRICT;
  CREATE TRIGGER sandbox_added AFTER INSERT ON sandboxes BEGIN
    INSERT INTO totals VALUES ('all', 1), ('phase=' || new.phase, 1), ('image=' || new.image, 1)
      ON CONFLICT (what) DO UPDATE SET n = n + 1;
  END;
  CREATE TRIGGER sandbox_removed AFTER DELETE ON sandboxes BEGIN
    UPDATE totals SET n = n - 1 WHERE what IN ('all', 'phase=' || old.phase, 'image=' || old.image);
    DELETE FROM totals WHERE what IN ('phase=' || old.phase, 'image=' || old.image) AND n = 0;
  END;
  CREATE TRIGGER sandbox_moved_on AFTER UPDATE OF phase ON sandboxes WHEN old.phase <> new.phase BEGIN
    UPDATE totals SET n = n - 1 WHERE what = 'phase=' || old.phase;
    INSERT INTO totals VALUES ('phase=' || new.phase, 1) ON CONFLICT (what) DO UPDATE SET n = n + 1;
  END;
  CREATE TRIGGER tag_added AFTER INSERT ON tags BEGIN
    INSERT INTO totals VALUES ('tag=' || new.tag, 1) ON CONFLICT (what) DO UPDATE SET n = n + 1;
  END;
  CREATE TRIGGER tag_removed AFTER DELETE ON tags BEGIN
    UPDATE totals SET n = n - 1 WHERE what = 'tag=' || old.tag;
    DELETE FROM totals WHERE what = 'tag=' || old.tag AND n = 0;
  END;

  -- What only a start needs, environments above all. A row is deleted as soon as its sandbox runs or has ended.
  CREATE TABLE launches (id TEXT PRIMARY KEY, launch TEXT NOT NULL) WITHOUT ROWID, STRICT;

  -- Keys are kept as digests: a caller may have made one of something secret.
  CREATE TABLE idempotency_keys (
    digest TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    expires_at REAL NOT NULL,
    answer TEXT NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

  CREATE TABLE volumes (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    phase TEXT NOT NULL,
    record TEXT NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE UNIQUE INDEX volumes_by_name ON volumes (name) WHERE phase <> 'deleting';

  -- Live sandboxes only.
  CREATE TABLE attachments (
    volume_id TEXT NOT NULL,
    sandbox_id TEXT NOT NULL,
    PRIMARY KEY (volume_id, sandbox_id)
  ) WITHOUT ROWID, STRICT;

  CREATE TABLE snapshots (
    id TEXT PRIMARY KEY,
    sandbox_id TEXT NOT NULL,
    record TEXT NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX snapshots_by_sandbox ON snapshots (sandbox_id, id);

  CREATE TABLE log_lines (
    seq INTEGER PRIMARY KEY,
    sandbox_id TEXT NOT NULL,
    timestamp REAL NOT NULL,
    level TEXT NOT NULL,
    exec_id TEXT NOT NULL,
    line TEXT NOT NULL,
    chars INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX log_lines_by_sandbox ON log_lines (sandbox_id, seq);
  CREATE TABLE log_sizes (sandbox_id TEXT PRIMARY KEY, lines INTEGER NOT NULL, chars INTEGER NOT NULL) WITHOUT ROWID, STRICT;
  `,
];
