/** A Store in memory: for tests, for servers that need not outlive their process, and as the model for other stores. */
import {
  addToIndex,
  changeInIndex,
  countsOf,
  filterValuesOf,
  newSandboxIndex,
  pageOf,
  removeFromIndex,
  scanOf,
} from "./memory/sandbox-index.ts";
import {
  type EarlierInsert,
  type InsertAnswer,
  type InsertKey,
  type InsertOutcome,
  isLive,
  type SandboxChange,
  type SandboxRecord,
  type SnapshotRecord,
  type Store,
  type StoredLogLine,
  type VolumeRecord,
} from "./store.ts";

/** What `createMemoryStore` takes. */
export interface MemoryStoreOptions {
  /** Lines of commands kept for each sandbox, the newest. Default 5,000, which is as many as one answer holds. */
  readonly logLines?: number | undefined;
  /** Characters of those lines kept for each sandbox. Default 1,048,576. */
  readonly logChars?: number | undefined;
}

interface SandboxLog {
  readonly lines: StoredLogLine[];
  chars: number;
}

interface KeptKey {
  readonly fingerprint: string;
  readonly expires_at: number;
  readonly answer: InsertAnswer;
}

/** `undefined` in a change takes the field away, so a record never holds one. */
function changed(record: SandboxRecord, change: SandboxChange): SandboxRecord {
  const merged: Record<string, unknown> = { ...record, ...change };
  const kept: Record<string, unknown> = {};
  for (const key in merged) if (merged[key] !== undefined) kept[key] = merged[key];
  return kept as unknown as SandboxRecord;
}

const newestFirst = <T extends { readonly id: string }>(records: Iterable<T>): T[] =>
  [...records].sort((a, b) => (a.id < b.id ? 1 : -1));

/**
 * Remembers everything in this process. What a request touches is found by indexes, however much there is; only filter
 * values look at all tags and images, the beginning of a name at all such names, and several filters at once at all that
 * one of them selects.
 *
 * @example
 * const api = createSandboxApi({ engine, store: createMemoryStore({ logLines: 1000 }) });
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  const { logLines = 5000, logChars = 1024 * 1024 } = options;
  const index = newSandboxIndex();
  /** Names whose sandboxes were removed; with those of the index, all that were ever used. */
  const tombstones = new Set<string>();
  const keys = new Map<string, KeptKey>();
  const logs = new Map<string, SandboxLog>();
  const volumes = new Map<string, VolumeRecord>();
  const volumeNames = new Map<string, string>();
  const attached = new Map<string, Set<string>>();
  const snapshots = new Map<string, SnapshotRecord>();
  const snapshotsBySandbox = new Map<string, Set<string>>();

  /** Keys are kept in the order in which they expire, so the expired ones are in front. */
  function forgetExpiredKeys(now: number): void {
    for (const [key, { expires_at }] of keys) {
      if (expires_at > now) return;
      keys.delete(key);
    }
  }

  function earlier(key: InsertKey): EarlierInsert | undefined {
    forgetExpiredKeys(key.now);
    const kept = keys.get(key.key);
    if (kept === undefined || kept.expires_at <= key.now) return undefined;
    if (kept.fingerprint !== key.fingerprint) return { outcome: "key_reused" };
    return { outcome: "replayed", answer: kept.answer };
  }

  function refusal(sandbox: SandboxRecord): InsertOutcome | undefined {
    if (index.nameToId.has(sandbox.name) || tombstones.has(sandbox.name)) return { outcome: "name_taken" };
    for (const volume_id of Object.values(sandbox.volume_mounts ?? {})) {
      const phase = volumes.get(volume_id)?.phase;
      if (phase === undefined || phase === "deleting") return { outcome: "volume_missing", volume_id };
    }
    if (sandbox.snapshot_id !== undefined && !snapshots.has(sandbox.snapshot_id))
      return { outcome: "snapshot_missing" };
    return undefined;
  }

  function attach(sandbox: SandboxRecord): void {
    for (const volume_id of Object.values(sandbox.volume_mounts ?? {})) {
      const ids = attached.get(volume_id);
      if (ids === undefined) attached.set(volume_id, new Set([sandbox.id]));
      else ids.add(sandbox.id);
    }
  }

  function detach(sandbox: SandboxRecord): void {
    for (const volume_id of Object.values(sandbox.volume_mounts ?? {})) {
      const ids = attached.get(volume_id);
      ids?.delete(sandbox.id);
      if (ids?.size === 0) attached.delete(volume_id);
    }
  }

  return {
    async insertSandbox(sandbox, key) {
      const outcome = (key && earlier(key)) ?? refusal(sandbox);
      if (outcome !== undefined) return outcome;
      addToIndex(index, sandbox);
      if (isLive(sandbox.phase)) attach(sandbox);
      if (key !== undefined) {
        const { id, name, volume_mounts } = sandbox;
        const answer = volume_mounts === undefined ? { id, name } : { id, name, volume_mounts };
        keys.set(key.key, { fingerprint: key.fingerprint, expires_at: key.expires_at, answer });
      }
      return { outcome: "inserted" };
    },
    async findInsert(key) {
      return earlier(key);
    },
    async getSandbox(id) {
      return index.records.get(id);
    },
    async lookupSandbox(name) {
      return index.nameToId.get(name);
    },
    async updateSandbox(id, from, change) {
      const before = index.records.get(id);
      if (before === undefined || !from.includes(before.phase)) return undefined;
      const after = changed(before, change);
      changeInIndex(index, before, after);
      if (isLive(before.phase) && !isLive(after.phase)) detach(after);
      return after;
    },
    async removeSandbox(id) {
      const record = index.records.get(id);
      if (record === undefined) return;
      removeFromIndex(index, record);
      if (isLive(record.phase)) detach(record);
      tombstones.add(record.name);
      logs.delete(id);
    },
    async pageSandboxes(query, page) {
      return pageOf(index, query, page);
    },
    async countSandboxes(query, buckets) {
      return countsOf(index, query, buckets);
    },
    async filterValues(window, limit) {
      return filterValuesOf(index, window, limit);
    },
    async scanSandboxes(after, limit) {
      return scanOf(index, after, limit);
    },
    async countLive() {
      const { queued, creating, running } = index.byPhase;
      return queued.size + creating.size + running.size;
    },

    async insertVolume(volume) {
      if (volumeNames.has(volume.name)) return "name_taken";
      volumes.set(volume.id, volume);
      volumeNames.set(volume.name, volume.id);
      return "inserted";
    },
    async getVolume(id) {
      return volumes.get(id);
    },
    async lookupVolume(name) {
      return volumeNames.get(name);
    },
    async listVolumes() {
      return newestFirst(volumes.values());
    },
    async settleVolume(id, phase, from = "pending") {
      const volume = volumes.get(id);
      if (volume?.phase === from) volumes.set(id, { ...volume, phase });
    },
    async releaseVolume(id) {
      const volume = volumes.get(id);
      if (volume === undefined || volume.phase === "deleting") return "not_found";
      if (attached.has(id)) return "attached";
      volumes.set(id, { ...volume, phase: "deleting" });
      volumeNames.delete(volume.name);
      return "released";
    },
    async removeVolume(id) {
      const volume = volumes.get(id);
      if (volume !== undefined && volume.phase !== "deleting") volumeNames.delete(volume.name);
      volumes.delete(id);
    },
    async attachedTo(volume_id) {
      return [...(attached.get(volume_id) ?? [])].sort();
    },

    async insertSnapshot(snapshot) {
      snapshots.set(snapshot.id, snapshot);
      const ids = snapshotsBySandbox.get(snapshot.sandbox_id);
      if (ids === undefined) snapshotsBySandbox.set(snapshot.sandbox_id, new Set([snapshot.id]));
      else ids.add(snapshot.id);
    },
    async getSnapshot(id) {
      return snapshots.get(id);
    },
    async settleSnapshot(id, change, from = "pending") {
      const snapshot = snapshots.get(id);
      if (snapshot?.status !== from) return false;
      snapshots.set(id, { ...snapshot, ...change });
      return true;
    },
    async removeSnapshot(id) {
      const snapshot = snapshots.get(id);
      if (snapshot === undefined) return false;
      snapshots.delete(id);
      const ids = snapshotsBySandbox.get(snapshot.sandbox_id);
      ids?.delete(id);
      if (ids?.size === 0) snapshotsBySandbox.delete(snapshot.sandbox_id);
      return true;
    },
    async listSnapshots(sandbox_id) {
      if (sandbox_id === undefined) return newestFirst(snapshots.values());
      const ids = [...(snapshotsBySandbox.get(sandbox_id) ?? [])];
      return newestFirst(ids.flatMap((id) => snapshots.get(id) ?? []));
    },

    async appendLogs(sandbox_id, lines) {
      if (!index.records.has(sandbox_id)) return;
      const log = logs.get(sandbox_id) ?? { lines: [], chars: 0 };
      logs.set(sandbox_id, log);
      for (const line of lines) {
        log.lines.push(line);
        log.chars += line.line.length;
      }
      while (log.lines.length > logLines || log.chars > logChars) log.chars -= log.lines.shift()?.line.length ?? 0;
    },
    async readLogs(sandbox_id, { since, until = Infinity, levels = [], exec_id, limit }) {
      const lines = logs.get(sandbox_id)?.lines ?? [];
      const recent = lines.filter(
        (line) =>
          line.timestamp >= since &&
          line.timestamp <= until &&
          (levels.length === 0 || levels.includes(line.level)) &&
          (exec_id === undefined || line.exec_id === exec_id),
      );
      return recent.slice(Math.max(0, recent.length - limit));
    },

    async close() {},
  };
}
