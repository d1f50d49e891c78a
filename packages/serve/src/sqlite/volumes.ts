/** Volumes and snapshots. */
import type { SnapshotRecord, Store, VolumeRecord } from "@porter-sandbox/api";
import type { Database, Row } from "./database.ts";

type VolumeStore = Pick<
  Store,
  | "insertVolume"
  | "getVolume"
  | "lookupVolume"
  | "listVolumes"
  | "settleVolume"
  | "releaseVolume"
  | "removeVolume"
  | "attachedTo"
>;

type SnapshotStore = Pick<
  Store,
  "insertSnapshot" | "getSnapshot" | "settleSnapshot" | "removeSnapshot" | "listSnapshots"
>;

const parse = <T>(row: Row): T => JSON.parse(String(row.record)) as T;

export function volumeStore(db: Database): VolumeStore {
  const find = (id: string): VolumeRecord | undefined => {
    const row = db.get("SELECT record FROM volumes WHERE id = ?", id);
    return row && parse(row);
  };
  const replace = (volume: VolumeRecord): void => {
    db.run("UPDATE volumes SET phase = ?, record = ? WHERE id = ?", volume.phase, JSON.stringify(volume), volume.id);
  };
  const idOfName = (name: string): string | undefined => {
    const id = db.get("SELECT id FROM volumes WHERE name = ? AND phase <> 'deleting'", name)?.id;
    return typeof id === "string" ? id : undefined;
  };
  return {
    async insertVolume(volume) {
      if (idOfName(volume.name) !== undefined) return "name_taken";
      const { id, name, phase } = volume;
      db.write(() =>
        db.run(
          "INSERT INTO volumes (id, name, phase, record) VALUES (?, ?, ?, ?)",
          id,
          name,
          phase,
          JSON.stringify(volume),
        ),
      );
      return "inserted";
    },
    getVolume: async (id) => find(id),
    lookupVolume: async (name) => idOfName(name),
    listVolumes: async () =>
      db.all("SELECT record FROM volumes ORDER BY id DESC").map((row) => parse<VolumeRecord>(row)),
    async settleVolume(id, phase, from = "pending") {
      const volume = find(id);
      if (volume?.phase === from) db.write(() => replace({ ...volume, phase }));
    },
    async releaseVolume(id) {
      const volume = find(id);
      if (volume === undefined || volume.phase === "deleting") return "not_found";
      if (db.get("SELECT 1 FROM attachments WHERE volume_id = ? LIMIT 1", id)) return "attached";
      db.write(() => replace({ ...volume, phase: "deleting" }));
      return "released";
    },
    async removeVolume(id) {
      db.write(() => db.run("DELETE FROM volumes WHERE id = ?", id));
    },
    async attachedTo(volume_id) {
      const rows = db.all("SELECT sandbox_id FROM attachments WHERE volume_id = ? ORDER BY sandbox_id", volume_id);
      return rows.map(({ sandbox_id }) => String(sandbox_id));
    },
  };
}

export function snapshotStore(db: Database): SnapshotStore {
  const find = (id: string): SnapshotRecord | undefined => {
    const row = db.get("SELECT record FROM snapshots WHERE id = ?", id);
    return row && parse(row);
  };
  return {
    async insertSnapshot(snapshot) {
      const { id, sandbox_id } = snapshot;
      const record = JSON.stringify(snapshot);
      db.write(() => db.run("INSERT INTO snapshots (id, sandbox_id, record) VALUES (?, ?, ?)", id, sandbox_id, record));
    },
    getSnapshot: async (id) => find(id),
    async settleSnapshot(id, change, from = "pending") {
      const snapshot = find(id);
      if (snapshot?.status !== from) return false;
      const record = JSON.stringify({ ...snapshot, ...change });
      db.write(() => db.run("UPDATE snapshots SET record = ? WHERE id = ?", record, id));
      return true;
    },
    removeSnapshot: async (id) => db.write(() => db.run("DELETE FROM snapshots WHERE id = ?", id)) > 0,
    async listSnapshots(sandbox_id) {
      const rows =
        sandbox_id === undefined
          ? db.all("SELECT record FROM snapshots ORDER BY id DESC")
          : db.all("SELECT record FROM snapshots WHERE sandbox_id = ? ORDER BY id DESC", sandbox_id);
      return rows.map((row) => parse<SnapshotRecord>(row));
    },
  };
}
