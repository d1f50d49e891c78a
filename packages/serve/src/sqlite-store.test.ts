import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createMemoryStore, PHASES, type SandboxQuery, type Store } from "@porter-sandbox/api";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { describeStore, record, volume } from "../../api/test/store-contract.ts";
import { openDatabase } from "./sqlite/database.ts";
import { fromClause, pageClause, select } from "./sqlite/selection.ts";
import { createSqliteStore, type SqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";

// Whether the disk keeps its word is not what these tests are about, so they spare themselves the waiting for it.
const scratch = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const folders: string[] = [];
const open: Store[] = [];

function newPath(): string {
  const folder = mkdtempSync(join(scratch, "porter-sandbox-store-"));
  folders.push(folder);
  return join(folder, "store.sqlite");
}

function openStore(options?: SqliteStoreOptions, path = newPath()): SqliteStore {
  const store = createSqliteStore(path, options);
  open.push(store);
  return store;
}

afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describeStore("the SQLite store", { open: openStore, runs: 60 });

/** Any step on any store; ids, names and times come from small sets, so that steps meet. */
type Step = (store: Store) => Promise<unknown>;

const small = fc.integer({ min: 0, max: 5 });
const phase = fc.constantFrom(...PHASES);
const sandboxId = small.map((n) => record(n).id);
const volumeId = fc.constantFrom("vol-1", "vol-2", "vol-3");
const key = fc.record({
  key: fc.constantFrom("k", "l"),
  fingerprint: fc.constantFrom("f", "g"),
  now: fc.nat(30),
  expires_at: fc.integer({ min: 31, max: 40 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .tuple(
      fc.integer({ min: 0, max: 30 }),
      small,
      phase,
      fc.option(volumeId),
      fc.option(fc.constantFrom("snap-1", "snap-2")),
      fc.option(key, { nil: undefined }),
    )
    .map(([n, name, phase, mounted, snapshot, key]): Step => {
      const made = record(n, {
        name: `n-${name}`,
        phase,
        ...(mounted && { volume_mounts: { "/a": mounted, "/b": mounted } }),
        ...(snapshot && { snapshot_id: snapshot }),
      });
      // Ids are made once.
      return async (store) => (await store.getSandbox(made.id)) ?? store.insertSandbox(made, key);
    }),
  key.map(
    (key): Step =>
      (store) =>
        store.findInsert(key),
  ),
  fc.tuple(sandboxId, fc.array(phase), phase, fc.option(fc.nat(9), { nil: undefined })).map(
    ([id, from, phase, exit_code]): Step =>
      (store) =>
        store.updateSandbox(id, from, { phase, exit_code, launch: undefined }),
  ),
  sandboxId.map(
    (id): Step =>
      (store) =>
        store.updateSandbox(id, PHASES, { launch: { env: { A: id } }, message: "m" }),
  ),
  sandboxId.map(
    (id): Step =>
      (store) =>
        store.removeSandbox(id),
  ),
  fc.tuple(volumeId, fc.constantFrom("a", "b"), fc.constantFrom("pending", "ready")).map(
    ([id, name, phase]): Step =>
      async (store) =>
        (await store.getVolume(id)) ?? store.insertVolume({ ...volume(id, name), phase } as ReturnType<typeof volume>),
  ),
  fc.tuple(volumeId, fc.constantFrom("ready", "failed")).map(
    ([id, to]): Step =>
      (store) =>
        store.settleVolume(id, to as "ready"),
  ),
  volumeId.map(
    (id): Step =>
      (store) =>
        store.releaseVolume(id),
  ),
  volumeId.map(
    (id): Step =>
      (store) =>
        store.removeVolume(id),
  ),
  fc.constantFrom("snap-1", "snap-2").map(
    (id): Step =>
      async (store) =>
        (await store.getSnapshot(id)) ??
        store.insertSnapshot({ id, sandbox_id: record(1).id, mode: "filesystem", status: "pending", created_at: 1 }),
  ),
  fc.constantFrom("snap-1", "snap-2").map(
    (id): Step =>
      (store) =>
        store.settleSnapshot(id, { status: "ready", ready_at: 1 }),
  ),
  fc.constantFrom("snap-1", "snap-2").map(
    (id): Step =>
      (store) =>
        store.removeSnapshot(id),
  ),
  fc.tuple(sandboxId, fc.array(fc.string({ maxLength: 12 }), { maxLength: 6 })).map(
    ([id, texts]): Step =>
      (store) =>
        store.appendLogs(
          id,
          texts.map((line, n) => ({ timestamp: n, line, level: "info", exec_id: "e" })),
        ),
  ),
);

async function everythingIn(store: Store): Promise<unknown> {
  const sandboxes = await store.scanSandboxes("", 100);
  return {
    sandboxes,
    volumes: await store.listVolumes(),
    snapshots: [await store.listSnapshots(), await store.listSnapshots(record(1).id)],
    attached: [await store.attachedTo("vol-1"), await store.attachedTo("vol-2")],
    names: [await store.lookupVolume("a"), await store.lookupVolume("b"), await store.lookupSandbox("n-1")],
    logs: await Promise.all(sandboxes.map(({ id }) => store.readLogs(id, { since: 1, limit: 4 }))),
    live: await store.countLive(),
    values: await store.filterValues({}, 10),
  };
}

test("whatever is done, it holds and answers what the memory store does, also when opened again in between", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), fc.nat(60), async (steps, reopenAt) => {
      const bounds = { logLines: 5, logChars: 30 };
      const model = createMemoryStore(bounds);
      const path = newPath();
      let store = createSqliteStore(path, bounds);
      try {
        for (const [n, apply] of steps.entries()) {
          if (n === reopenAt) {
            await store.close();
            store = createSqliteStore(path, bounds);
          }
          expect(await apply(store)).toEqual(await apply(model));
        }
        expect(await everythingIn(store)).toEqual(await everythingIn(model));
      } finally {
        await store.close();
      }
    }),
    { numRuns: 60, seed: 1 },
  );
});

describe("the file", () => {
  test("is its user's alone, and so is the journal", async () => {
    const path = newPath();
    await openStore({}, path).insertSandbox(record(1));
    for (const name of readdirSync(join(path, ".."))) expect(statSync(join(path, "..", name)).mode & 0o777).toBe(0o600);
  });

  test("becomes its user's alone when it was not", async () => {
    const path = newPath();
    await createSqliteStore(path).close();
    for (const file of [path, `${path}-wal`]) writeFileSync(file, "", { flag: "a" });
    for (const file of [path, `${path}-wal`]) chmodSync(file, 0o644);
    openStore({}, path);
    const modes = [path, `${path}-wal`].map((file) => statSync(file).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600]);
  });

  test("serves one process: a second opening says so", () => {
    const path = newPath();
    openStore({}, path);
    expect(() => createSqliteStore(path)).toThrow(`store ${path}: is in use by another server`);
  });

  test("keeps the environment of a sandbox only until it runs", async () => {
    const path = newPath();
    const secret = "hunter2-".repeat(600);
    const store = openStore({ scrubMs: 5 }, path);
    const leaks = () =>
      readdirSync(join(path, "..")).some((name) => readFileSync(join(path, "..", name)).includes("hunter2"));
    await store.insertSandbox(record(1, { launch: { env: { PASSWORD: secret } } }));
    await store.insertSandbox(record(2, { launch: { env: { OTHER: "stays" } } }));
    expect(leaks()).toBe(true);
    await store.updateSandbox(record(1).id, ["queued"], { phase: "running", launch: undefined });
    await expect.poll(leaks).toBe(false);
    expect((await store.getSandbox(record(2).id))?.launch).toEqual({ env: { OTHER: "stays" } });
  });

  test("holds idempotency keys only as digests", async () => {
    const path = newPath();
    const store = openStore({}, path);
    await store.insertSandbox(record(1), { key: "secret-key", fingerprint: "f", now: 0, expires_at: 9 });
    await store.close();
    expect(readFileSync(path).includes("secret-key")).toBe(false);
    expect(readFileSync(path).includes(record(1).id)).toBe(true);
  });

  test("keeps its installation's name", async () => {
    const path = newPath();
    const first = openStore({}, path);
    await first.close();
    const second = openStore({}, path);
    expect(second.installation).toBe(first.installation);
    expect(second.installation).toMatch(/^i[0-9a-f]{12}$/);
    expect(openStore().installation).not.toBe(first.installation);
  });

  test.each([
    ["of another program", (db: DatabaseSync) => db.exec("CREATE TABLE t (a)"), "is a database of another program"],
    ["of a newer release", undefined, "was written by a newer release"],
  ])("one that is %s is refused and stays as it is", async (_, change, message) => {
    const path = newPath();
    if (change === undefined) await createSqliteStore(path).close();
    const db = new DatabaseSync(path);
    if (change === undefined) db.exec("PRAGMA user_version = 99");
    else change(db);
    db.close();
    expect(() => createSqliteStore(path)).toThrow(message);
    expect(() => createSqliteStore(path)).toThrow(message);
  });

  test("one that is no database, or nowhere, is refused by its name", () => {
    const path = newPath();
    writeFileSync(path, "not a database, but a text of some length".repeat(100));
    expect(() => createSqliteStore(path)).toThrow(`store ${path}: `);
    expect(() => createSqliteStore("/nowhere/store.sqlite")).toThrow(
      "store /nowhere/store.sqlite: its directory does not exist",
    );
  });
});

describe("queries", () => {
  const explain = (query: SandboxQuery): string => {
    const path = newPath();
    void createSqliteStore(path).close();
    const db = openDatabase(path);
    const selection = select(db, query);
    const page = pageClause(selection, 100, 50);
    const count = fromClause(selection);
    const plans = [page, { ...count, sql: `SELECT count(*) ${count.sql}` }].map(({ sql, values }) =>
      db
        .all(`EXPLAIN QUERY PLAN ${sql}`, ...values)
        .map(({ detail }) => String(detail))
        .join("; "),
    );
    db.close();
    return plans.join("\n");
  };

  test.each([
    ["no filter", {}],
    ["a window of time", { created_from: 5, created_to: 9 }],
    ["a tag", { tags: [["a", "b"]] as const }],
    ["an image", { image: "a:1" }],
    ["a phase", { phases: ["running"] as const }],
    ["several phases", { phases: ["running", "queued"] as const }],
  ])("%s is answered from an index, in its order", (_, query) => {
    const plan = explain({ created_from: 1, ...query });
    expect(plan).not.toMatch(/SCAN (?:d|s|sandboxes|tags)\b/);
    if (!("phases" in query) || query.phases.length === 1) expect(plan).not.toContain("TEMP B-TREE");
  });

  test("several filters are answered from the smallest index, the others checked on what it finds", () => {
    const plan = explain({ tags: [["a", "b"]], image: "a:1", phases: ["running"], name_prefix: "w" });
    expect(plan).not.toMatch(/SCAN (?:d|s|sandboxes|tags)\b/);
  });
});
