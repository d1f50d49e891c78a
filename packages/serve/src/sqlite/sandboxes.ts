/** Sandboxes: their records, names, tags, attachments and idempotency keys. */
import { createHash } from "node:crypto";
import {
  type FilterValues,
  type InsertAnswer,
  type InsertKey,
  type InsertOutcome,
  isLive,
  LIVE_PHASES,
  PHASES,
  type SandboxChange,
  type SandboxRecord,
  type Store,
} from "@porter-sandbox/api";
import type { Database, Row } from "./database.ts";
import { countSelected, fromClause, idAt, idsBetween, idsSelected, select } from "./selection.ts";

type SandboxStore = Pick<
  Store,
  | "insertSandbox"
  | "findInsert"
  | "getSandbox"
  | "lookupSandbox"
  | "updateSandbox"
  | "removeSandbox"
  | "pageSandboxes"
  | "countSandboxes"
  | "filterValues"
  | "scanSandboxes"
  | "countLive"
>;

const RECORD = "SELECT s.record, l.launch FROM sandboxes s LEFT JOIN launches l ON l.id = s.id";

const digestOf = (key: string): string => createHash("sha256").update(key).digest("hex");

const tagsOf = ({ tags = {} }: SandboxRecord): string[] =>
  Object.entries(tags).map(([key, value]) => `${key}=${value}`);

const volumesOf = ({ volume_mounts = {} }: SandboxRecord): string[] => [...new Set(Object.values(volume_mounts))];

function recordOf({ record, launch }: Row): SandboxRecord {
  const parsed = JSON.parse(String(record)) as SandboxRecord;
  return launch === null || launch === undefined ? parsed : { ...parsed, launch: JSON.parse(String(launch)) };
}

const earliest = (a: string, b: string): string => [a, b].sort()[0] ?? a;

/** `onLaunchGone` is told when a row with an environment was deleted. */
export function sandboxStore(db: Database, onLaunchGone: () => void): SandboxStore {
  const find = (id: string): SandboxRecord | undefined => {
    const row = db.get(`${RECORD} WHERE s.id = ?`, id);
    return row && recordOf(row);
  };

  function earlier({ key, fingerprint, now }: InsertKey): Awaited<ReturnType<Store["findInsert"]>> {
    const known = "SELECT fingerprint, answer FROM idempotency_keys WHERE digest = ? AND expires_at > ?";
    const kept = db.get(known, digestOf(key), now);
    if (kept === undefined) return undefined;
    if (kept.fingerprint !== fingerprint) return { outcome: "key_reused" };
    return { outcome: "replayed", answer: JSON.parse(String(kept.answer)) as InsertAnswer };
  }

  function refusal(sandbox: SandboxRecord): InsertOutcome | undefined {
    if (db.get("SELECT 1 FROM names WHERE name = ?", sandbox.name)) return { outcome: "name_taken" };
    for (const volume_id of volumesOf(sandbox)) {
      const there = db.get("SELECT 1 FROM volumes WHERE id = ? AND phase <> 'deleting'", volume_id);
      if (there === undefined) return { outcome: "volume_missing", volume_id };
    }
    const { snapshot_id } = sandbox;
    if (snapshot_id !== undefined && !db.get("SELECT 1 FROM snapshots WHERE id = ?", snapshot_id)) {
      return { outcome: "snapshot_missing" };
    }
    return undefined;
  }

  function insert(sandbox: SandboxRecord, key: InsertKey | undefined): void {
    const { launch, ...record } = sandbox;
    const { id, name, image, phase, created_at, volume_mounts } = record;
    db.run("INSERT INTO names (name) VALUES (?)", name);
    db.run(
      "INSERT INTO sandboxes (id, name, image, phase, created_at, record) VALUES (?, ?, ?, ?, ?, ?)",
      ...[id, name, image, phase, created_at, JSON.stringify(record)],
    );
    if (launch !== undefined) setLaunch(id, launch);
    for (const tag of tagsOf(sandbox)) db.run("INSERT INTO tags (tag, id) VALUES (?, ?)", tag, id);
    if (isLive(phase)) {
      for (const volume_id of volumesOf(sandbox)) {
        db.run("INSERT INTO attachments (volume_id, sandbox_id) VALUES (?, ?)", volume_id, id);
      }
    }
    if (key === undefined) return;
    const answer: InsertAnswer = volume_mounts === undefined ? { id, name } : { id, name, volume_mounts };
    db.run(
      "INSERT INTO idempotency_keys (digest, fingerprint, expires_at, answer) VALUES (?, ?, ?, ?)",
      ...[digestOf(key.key), key.fingerprint, key.expires_at, JSON.stringify(answer)],
    );
  }

  const setLaunch = (id: string, launch: SandboxRecord["launch"]): void => {
    if (launch === undefined) {
      if (db.run("DELETE FROM launches WHERE id = ?", id) > 0) onLaunchGone();
      return;
    }
    const json = JSON.stringify(launch);
    db.run("INSERT INTO launches (id, launch) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET launch = ?", id, json, json);
  };

  const detach = (sandbox: SandboxRecord): void => {
    for (const volume_id of volumesOf(sandbox)) {
      db.run("DELETE FROM attachments WHERE volume_id = ? AND sandbox_id = ?", volume_id, sandbox.id);
    }
  };

  function update(before: SandboxRecord, change: SandboxChange): SandboxRecord {
    const { launch, ...after } = { ...before, ...change };
    // Fields that are undefined are left out of JSON, and so out of the record.
    const record = JSON.stringify(after);
    db.run("UPDATE sandboxes SET phase = ?, record = ? WHERE id = ?", after.phase ?? before.phase, record, before.id);
    if ("launch" in change) setLaunch(before.id, launch);
    const kept = JSON.parse(record) as SandboxRecord;
    if (isLive(before.phase) && !isLive(kept.phase)) detach(before);
    return launch === undefined ? kept : { ...kept, launch };
  }

  /** The values of a column in their order, each found by a jump over the entries of the one before. */
  function distinct(table: string, column: string, range: readonly [string, string], limit: number): string[] {
    const rows = db.all(
      `WITH RECURSIVE v (value) AS (
         SELECT min(${column}) FROM ${table}
         UNION ALL SELECT (SELECT min(${column}) FROM ${table} WHERE ${column} > v.value) FROM v WHERE v.value IS NOT NULL
       )
       SELECT value FROM v WHERE value IS NOT NULL AND value <> ''
         AND EXISTS (SELECT 1 FROM ${table} WHERE ${column} = value AND id >= ? AND id < ?) LIMIT ?`,
      ...range,
      limit,
    );
    return rows.map(({ value }) => String(value)).sort();
  }

  return {
    async insertSandbox(sandbox, key) {
      return db.write(() => {
        if (key !== undefined) db.run("DELETE FROM idempotency_keys WHERE expires_at <= ?", key.now);
        const outcome = (key && earlier(key)) ?? refusal(sandbox);
        if (outcome !== undefined) return outcome;
        insert(sandbox, key);
        return { outcome: "inserted" };
      });
    },
    findInsert: async (key) => earlier(key),
    getSandbox: async (id) => find(id),
    async lookupSandbox(name) {
      const id = db.get("SELECT id FROM sandboxes WHERE name = ?", name)?.id;
      return typeof id === "string" ? id : undefined;
    },
    async updateSandbox(id, from, change) {
      const before = find(id);
      if (before === undefined || !from.includes(before.phase)) return undefined;
      return db.write(() => update(before, change));
    },
    async removeSandbox(id) {
      const record = find(id);
      if (record === undefined) return;
      db.write(() => {
        for (const tag of tagsOf(record)) db.run("DELETE FROM tags WHERE tag = ? AND id = ?", tag, id);
        detach(record);
        setLaunch(id, undefined);
        db.run("DELETE FROM log_lines WHERE sandbox_id = ?", id);
        db.run("DELETE FROM log_sizes WHERE sandbox_id = ?", id);
        db.run("DELETE FROM sandboxes WHERE id = ?", id);
      });
    },
    async pageSandboxes(query, { offset, limit }) {
      const selection = select(db, query);
      const total = countSelected(db, selection);
      const ids = offset < total ? idsSelected(db, selection, offset, limit) : [];
      return { sandboxes: ids.flatMap((id) => find(id) ?? []), total };
    },
    async countSandboxes(query, { start, width_ms, count }) {
      const end = start + width_ms * count;
      const from = Math.max(start, query.created_from ?? start);
      const to = Math.min(end, query.created_to ?? end);
      const counts = new Array<number>(count).fill(0);
      if (from > to) return counts;
      const selection = select(db, { ...query, created_from: from, created_to: to });
      if (selection.rest.length > 0 || !selection.source.sorted) {
        const { sql, values } = fromClause(selection, true);
        const bucket = "min(CAST((s.created_at - ?) / ? AS INTEGER), ?)";
        const rows = db.all(
          `SELECT ${bucket} AS b, count(*) AS n ${sql} GROUP BY b`,
          start,
          width_ms,
          count - 1,
          ...values,
        );
        for (const { b, n } of rows) counts[Number(b)] = Number(n);
        return counts;
      }
      const [first, last] = selection.range;
      let before = first;
      for (let bucket = 0; bucket < count; bucket += 1) {
        const edge = bucket === count - 1 ? last : idAt(db, start + width_ms * (bucket + 1));
        const next = earliest(edge, last);
        if (next <= before) continue;
        counts[bucket] = countSelected(db, { ...selection, range: [before, next] });
        before = next;
      }
      return counts;
    },
    async filterValues({ created_from, created_to }, limit): Promise<FilterValues> {
      const range = idsBetween(db, created_from, created_to);
      const has = "SELECT 1 FROM sandboxes WHERE phase = ? AND id >= ? AND id < ? LIMIT 1";
      return {
        tags: distinct("tags", "tag", range, limit),
        images: distinct("sandboxes", "image", range, limit),
        phases: PHASES.filter((phase) => db.get(has, phase, ...range) !== undefined),
      };
    },
    async scanSandboxes(after, limit) {
      return db.all(`${RECORD} WHERE s.id > ? ORDER BY s.id LIMIT ?`, after, limit).map(recordOf);
    },
    countLive: async () => countSelected(db, select(db, { phases: LIVE_PHASES })),
  };
}
