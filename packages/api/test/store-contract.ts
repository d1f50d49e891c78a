/** What every store must do: the same cases for each of them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MemoryStoreOptions } from "../src/memory-store.ts";
import {
  isLive,
  type LogQuery,
  PHASES,
  type Phase,
  type SandboxQuery,
  type SandboxRecord,
  type Store,
} from "../src/store.ts";

/** The n-th sandbox, which waits. */
export const record = (n: number, more: Partial<SandboxRecord> = {}): SandboxRecord => {
  const id = `sbx-${String(n).padStart(6, "0")}`;
  return { id, name: id, image: "a:1", phase: "queued", created_at: 1000 + n, launch: { env: {} }, ...more };
};

export const volume = (id: string, name = id) => ({
  id,
  name,
  type: "disk" as const,
  phase: "ready" as const,
  created_at: 1,
});

export interface StoreContract {
  /** A new, empty store. */
  open(options?: MemoryStoreOptions): Store | Promise<Store>;
  /** How often the comparison with the model runs. Default 150. */
  readonly runs?: number;
}

export function describeStore(name: string, { open, runs = 150 }: StoreContract): void {
  describe(name, () => {
    describe("against a naive model", () => {
      const phase = fc.constantFrom(...PHASES);
      const tag = fc.record({ key: fc.constantFrom("a", "b", "__proto__"), value: fc.constantFrom("1", "2", "x=y") });
      const sandbox = fc.record({
        gap: fc.integer({ min: 0, max: 3 }),
        image: fc.constantFrom("a:1", "b:1", ""),
        prefix: fc.constantFrom("", "web-", "we", "z"),
        phase,
        tags: fc.array(tag, { maxLength: 3 }),
        next: fc.option(phase),
        removed: fc.boolean(),
      });
      const query = fc.record(
        {
          created_from: fc.integer({ min: 990, max: 1100 }),
          created_to: fc.integer({ min: 990, max: 1100 }),
          name_prefix: fc.constantFrom("w", "web-", "s", "nothing"),
          tags: fc.array(
            tag.map(({ key, value }) => [key, value] as const),
            { maxLength: 2 },
          ),
          phases: fc.array(phase, { maxLength: 3 }),
          image: fc.constantFrom("a:1", "c:1"),
        },
        { requiredKeys: [] },
      );

      const holds = (r: SandboxRecord, q: SandboxQuery): boolean =>
        r.created_at >= (q.created_from ?? 0) &&
        r.created_at <= (q.created_to ?? Infinity) &&
        r.name.startsWith(q.name_prefix ?? "") &&
        (q.tags ?? []).every(([key, value]) =>
          Object.entries(r.tags ?? {}).some(([k, v]) => k === key && v === value),
        ) &&
        (!q.phases?.length || q.phases.includes(r.phase)) &&
        (q.image === undefined || r.image === q.image);

      test("pages, counts and filter values are those of a scan over everything", async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(sandbox, { maxLength: 40 }),
            query,
            fc.nat(10),
            fc.integer({ min: 1, max: 5 }),
            async (sandboxes, q, offset, limit) => {
              const store = await open();
              let model: SandboxRecord[] = [];
              let at = 1000;
              for (const [n, { gap, image, prefix, phase, tags, next, removed }] of sandboxes.entries()) {
                at += gap;
                const base = record(n);
                const made: SandboxRecord = {
                  ...base,
                  name: prefix + base.id,
                  image,
                  phase,
                  created_at: at,
                  tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
                };
                expect(await store.insertSandbox(made)).toEqual({ outcome: "inserted" });
                model.push(made);
                if (next !== null) {
                  const updated = await store.updateSandbox(made.id, [phase], { phase: next });
                  model = model.map((r) => (r.id === made.id && updated ? updated : r));
                }
                if (removed && n % 3 === 0) {
                  await store.removeSandbox(made.id);
                  model = model.filter((r) => r.id !== made.id);
                }
              }
              const found = model.filter((r) => holds(r, q)).reverse();
              const page = await store.pageSandboxes(q, { offset, limit });
              expect(page.total).toBe(found.length);
              expect(page.sandboxes).toEqual(found.slice(offset, offset + limit));
              expect(await store.countLive()).toBe(model.filter((r) => isLive(r.phase)).length);

              const buckets = { start: 995, width_ms: 7, count: 8 };
              const end = buckets.start + buckets.width_ms * buckets.count;
              const counts = new Array<number>(buckets.count).fill(0);
              for (const { created_at } of found) {
                if (created_at < buckets.start || created_at > end) continue;
                const i = Math.min(buckets.count - 1, Math.floor((created_at - buckets.start) / buckets.width_ms));
                counts[i] = (counts[i] ?? 0) + 1;
              }
              expect(await store.countSandboxes(q, buckets)).toEqual(counts);

              const window = { created_from: q.created_from, created_to: q.created_to };
              const inWindow = model.filter((r) => holds(r, window));
              expect(await store.filterValues(window, 100)).toEqual({
                tags: [
                  ...new Set(inWindow.flatMap((r) => Object.entries(r.tags ?? {}).map(([k, v]) => `${k}=${v}`))),
                ].sort(),
                images: [...new Set(inWindow.map((r) => r.image))].filter((image) => image !== "").sort(),
                phases: PHASES.filter((p) => inWindow.some((r) => r.phase === p)),
              });
              expect(await store.scanSandboxes("", 1000)).toEqual(model);
            },
          ),
          { numRuns: runs, seed: 1 },
        );
      });
    });

    describe("inserting", () => {
      test("a name is taken for ever, also after its sandbox was removed", async () => {
        const store = await open();
        await store.insertSandbox(record(1, { name: "web" }));
        expect(await store.insertSandbox(record(2, { name: "web" }))).toEqual({ outcome: "name_taken" });
        await store.removeSandbox(record(1).id);
        expect(await store.insertSandbox(record(3, { name: "web" }))).toEqual({ outcome: "name_taken" });
        expect(await store.lookupSandbox("web")).toBeUndefined();
      });

      test("a refusal leaves neither a name nor a key behind", async () => {
        const store = await open();
        const key = { key: "k", fingerprint: "f", now: 0, expires_at: 10 };
        const mounts = { volume_mounts: { "/data": "vol-1" } };
        const refused = await store.insertSandbox(record(1, { name: "web", ...mounts }), key);
        expect(refused).toEqual({ outcome: "volume_missing", volume_id: "vol-1" });
        expect(await store.insertSandbox(record(2, { name: "web", snapshot_id: "snap-1" }), key)).toEqual({
          outcome: "snapshot_missing",
        });
        await store.insertVolume(volume("vol-1"));
        expect(await store.insertSandbox(record(3, { name: "web", ...mounts }), key)).toEqual({ outcome: "inserted" });
      });

      test("a key answers what the first insert did, until it expires, and no other body", async () => {
        const store = await open();
        const key = (now: number, fingerprint = "f") => ({ key: "k", fingerprint, now, expires_at: now + 100 });
        await store.insertSandbox(record(1, { name: "web" }), key(0));
        const replayed = { outcome: "replayed", answer: { id: record(1).id, name: "web" } };
        expect(await store.insertSandbox(record(2, { name: "web" }), key(50))).toEqual(replayed);
        await store.removeSandbox(record(1).id);
        expect(await store.insertSandbox(record(3, { name: "web" }), key(99))).toEqual(replayed);
        expect(await store.insertSandbox(record(4), key(99, "other"))).toEqual({ outcome: "key_reused" });
        expect(await store.findInsert(key(99))).toEqual(replayed);
        expect(await store.findInsert(key(99, "other"))).toEqual({ outcome: "key_reused" });
        expect(await store.findInsert({ ...key(99), key: "another" })).toBeUndefined();
        expect(await store.findInsert(key(100))).toBeUndefined();
        expect(await store.insertSandbox(record(5), key(100, "other"))).toEqual({ outcome: "inserted" });
      });
    });

    describe("changing", () => {
      test("a change applies only in the phases it names, and undefined takes a field away", async () => {
        const store = await open();
        await store.insertSandbox(record(1));
        expect(await store.updateSandbox(record(1).id, ["running"], { phase: "failed" })).toBeUndefined();
        const running = await store.updateSandbox(record(1).id, ["queued"], { phase: "running", launch: undefined });
        expect(running).toStrictEqual({
          id: record(1).id,
          name: record(1).id,
          image: "a:1",
          phase: "running",
          created_at: 1001,
        });
        expect(await store.updateSandbox("sbx-none", PHASES, {})).toBeUndefined();
      });

      test("records that were handed out do not change", async () => {
        const store = await open();
        await store.insertSandbox(record(1));
        const before = await store.getSandbox(record(1).id);
        await store.updateSandbox(record(1).id, ["queued"], { phase: "creating" });
        expect(before?.phase).toBe("queued");
      });

      test.each(["succeeded", "failed", "terminated"] satisfies Phase[])(
        "a sandbox that %s lets go of its volumes, and only then can they be released",
        async (phase) => {
          const store = await open();
          await store.insertVolume(volume("vol-1", "data"));
          await store.insertSandbox(record(1, { volume_mounts: { "/a": "vol-1", "/b": "vol-1" } }));
          expect(await store.attachedTo("vol-1")).toEqual([record(1).id]);
          expect(await store.releaseVolume("vol-1")).toBe("attached");
          await store.updateSandbox(record(1).id, ["queued"], { phase });
          expect(await store.attachedTo("vol-1")).toEqual([]);
          expect(await store.releaseVolume("vol-1")).toBe("released");
          expect(await store.releaseVolume("vol-1")).toBe("not_found");
          expect(await store.lookupVolume("data")).toBeUndefined();
          expect(await store.insertVolume(volume("vol-2", "data"))).toBe("inserted");
          await store.removeVolume("vol-1");
          expect(await store.lookupVolume("data")).toBe("vol-2");
        },
      );
    });

    describe("log lines", () => {
      const line = (n: number, text = `line ${n}`) => ({
        timestamp: n,
        line: text,
        level: "info" as const,
        exec_id: "e",
      });

      test("the newest are kept, by number and by size", async () => {
        const store = await open({ logLines: 3, logChars: 20 });
        const { id } = record(1);
        await store.insertSandbox(record(1));
        await store.appendLogs(
          id,
          [1, 2, 3, 4].map((n) => line(n, "x")),
        );
        expect((await store.readLogs(id, { since: 0, limit: 10 })).map(({ timestamp }) => timestamp)).toEqual([
          2, 3, 4,
        ]);
        await store.appendLogs(id, [line(5, "y".repeat(19))]);
        expect((await store.readLogs(id, { since: 0, limit: 10 })).map(({ timestamp }) => timestamp)).toEqual([4, 5]);
        expect(await store.readLogs(id, { since: 5, limit: 10 })).toHaveLength(1);
        expect((await store.readLogs(id, { since: 0, limit: 1 }))[0]?.timestamp).toBe(5);
      });

      test("time, level and command each select, and a limit counts what they let through", async () => {
        const store = await open();
        const { id } = record(1);
        await store.insertSandbox(record(1));
        const levels = ["info", "error", "warning"] as const;
        const kept = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => ({
          ...line(n),
          level: levels[n % 3] ?? "info",
          exec_id: n < 5 ? "a" : "b",
        }));
        await store.appendLogs(id, kept);
        const found = async (query: Omit<LogQuery, "limit" | "since"> & Partial<LogQuery>) =>
          (await store.readLogs(id, { since: 0, limit: 10, ...query })).map(({ timestamp }) => timestamp);
        expect(await found({})).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        expect(await found({ until: undefined, levels: [], exec_id: undefined, limit: 2 })).toEqual([8, 9]);
        expect(await found({ until: 3, limit: 2 })).toEqual([2, 3]);
        expect(await found({ since: 3, until: 3 })).toEqual([3]);
        expect(await found({ levels: ["error"] })).toEqual([1, 4, 7]);
        expect(await found({ levels: ["error", "warning"], limit: 3 })).toEqual([5, 7, 8]);
        expect(await found({ exec_id: "a", levels: ["error"], since: 2 })).toEqual([4]);
        expect(await found({ exec_id: "c" })).toEqual([]);
      });

      test("they go with their sandbox, and none are kept for one that is gone", async () => {
        const store = await open();
        await store.insertSandbox(record(1));
        await store.appendLogs(record(1).id, [line(1)]);
        await store.removeSandbox(record(1).id);
        await store.appendLogs(record(1).id, [line(2)]);
        expect(await store.readLogs(record(1).id, { since: 0, limit: 10 })).toEqual([]);
      });
    });
    describe("volumes", () => {
      test("a pending one settles once, and their names are unique while they live", async () => {
        const store = await open();
        const pending = { ...volume("vol-1", "data"), phase: "pending" as const };
        expect(await store.insertVolume(pending)).toBe("inserted");
        expect(await store.insertVolume(volume("vol-2", "data"))).toBe("name_taken");
        expect(await store.getVolume("vol-2")).toBeUndefined();
        await store.settleVolume("vol-1", "ready");
        await store.settleVolume("vol-1", "failed");
        await store.settleVolume("vol-none", "ready");
        await store.settleVolume("vol-1", "failed", "failed");
        expect(await store.getVolume("vol-1")).toEqual({ ...pending, phase: "ready" });
        await store.settleVolume("vol-1", "failed", "ready");
        expect(await store.getVolume("vol-1")).toEqual({ ...pending, phase: "failed" });
        await store.insertVolume(volume("vol-3"));
        expect((await store.listVolumes()).map(({ id }) => id)).toEqual(["vol-3", "vol-1"]);
        await store.removeVolume("vol-3");
        await store.removeVolume("vol-3");
        expect(await store.lookupVolume("vol-3")).toBeUndefined();
        expect(await store.insertVolume(volume("vol-4", "vol-3"))).toBe("inserted");
      });

      test("one that is being deleted is listed, and nothing can mount it", async () => {
        const store = await open();
        await store.insertVolume(volume("vol-1"));
        await store.releaseVolume("vol-1");
        expect((await store.listVolumes()).map(({ phase }) => phase)).toEqual(["deleting"]);
        const mounting = record(1, { volume_mounts: { "/a": "vol-1" } });
        expect(await store.insertSandbox(mounting)).toEqual({ outcome: "volume_missing", volume_id: "vol-1" });
      });

      test("of many sandboxes only the live ones are attached, oldest first", async () => {
        const store = await open();
        await store.insertVolume(volume("vol-1"));
        for (const n of [3, 1, 2, 4]) await store.insertSandbox(record(n, { volume_mounts: { "/a": "vol-1" } }));
        await store.removeSandbox(record(4).id);
        await store.updateSandbox(record(2).id, ["queued"], { phase: "failed" });
        expect(await store.attachedTo("vol-1")).toEqual([record(1).id, record(3).id]);
      });
    });

    test("snapshots settle once, are listed newest first, and go once", async () => {
      const store = await open();
      const snapshot = (n: number, sandbox_id: string) => ({
        ...{ id: `snap-${n}`, sandbox_id, mode: "filesystem", status: "pending" as const, created_at: n },
      });
      for (const n of [1, 2, 3]) await store.insertSnapshot(snapshot(n, n === 2 ? "sbx-b" : "sbx-a"));
      const ready = { status: "ready" as const, ready_at: 5, size_bytes: 7 };
      expect(await store.settleSnapshot("snap-1", ready)).toBe(true);
      expect(await store.settleSnapshot("snap-1", { status: "failed", failure_reason: "late" })).toBe(false);
      expect(await store.settleSnapshot("snap-none", ready)).toBe(false);
      expect(await store.settleSnapshot("snap-1", { status: "failed" }, "failed")).toBe(false);
      expect(await store.getSnapshot("snap-1")).toEqual({ ...snapshot(1, "sbx-a"), ...ready });
      const lost = { status: "failed" as const, failure_reason: "lost" };
      expect(await store.settleSnapshot("snap-1", lost, "ready")).toBe(true);
      expect(await store.getSnapshot("snap-1")).toEqual({ ...snapshot(1, "sbx-a"), ...ready, ...lost });
      expect((await store.listSnapshots()).map(({ id }) => id)).toEqual(["snap-3", "snap-2", "snap-1"]);
      expect((await store.listSnapshots("sbx-a")).map(({ id }) => id)).toEqual(["snap-3", "snap-1"]);
      expect(await store.removeSnapshot("snap-3")).toBe(true);
      expect(await store.removeSnapshot("snap-3")).toBe(false);
      expect(await store.listSnapshots("sbx-none")).toEqual([]);
    });

    test("of many inserts at once with one name, or with one key, exactly one is made", async () => {
      const store = await open();
      const named = await Promise.all([1, 2, 3, 4, 5].map((n) => store.insertSandbox(record(n, { name: "web" }))));
      expect(named.map(({ outcome }) => outcome).sort()).toEqual(["inserted", ...Array(4).fill("name_taken")]);
      const key = { key: "k", fingerprint: "f", now: 0, expires_at: 10 };
      const keyed = await Promise.all([6, 7, 8].map((n) => store.insertSandbox(record(n), key)));
      expect(keyed.map(({ outcome }) => outcome).sort()).toEqual(["inserted", "replayed", "replayed"]);
      expect((await store.pageSandboxes({}, { offset: 0, limit: 10 })).total).toBe(2);
    });

    test("how long a sandbox lives, and why it ended, comes back as it was", async () => {
      const store = await open();
      const made = record(1, { phase: "running", ttl_seconds: 5, idle_timeout_seconds: 60, started_at: 1001 });
      await store.insertSandbox(made);
      await store.updateSandbox(made.id, ["running"], { extended_to: 9000 });
      await store.updateSandbox(made.id, ["running"], { active_at: 1500.5 });
      const end = { phase: "terminated", finished_at: 2000, reason: "idle", message: "nobody came" } as const;
      const ended = { ...made, extended_to: 9000, active_at: 1500.5, ...end };
      expect(await store.updateSandbox(made.id, ["running"], end)).toEqual(ended);
      expect(await store.getSandbox(made.id)).toEqual(ended);
      expect((await store.pageSandboxes({}, { offset: 0, limit: 1 })).sandboxes).toEqual([ended]);
    });

    test("any text comes back as it was", async () => {
      const store = await open();
      const text = "a\0b \u{1F600} \u2028 ' \" % _ \\";
      const made = record(1, {
        image: text,
        tags: { [text]: text, __proto__x: "" },
        launch: { env: { [text]: text }, command: ["", text], egress: [] },
      });
      await store.insertSandbox(made);
      expect(await store.getSandbox(made.id)).toStrictEqual(made);
      expect((await store.pageSandboxes({ image: text, tags: [[text, text]] }, { offset: 0, limit: 1 })).total).toBe(1);
      const line = { timestamp: 1.5, line: text, level: "warning" as const, exec_id: text };
      await store.appendLogs(made.id, [line]);
      expect(await store.readLogs(made.id, { since: 0, limit: 1 })).toEqual([line]);
    });

    test("what is not there is undefined, and removing it is fine", async () => {
      const store = await open();
      expect(await store.getSandbox("sbx-none")).toBeUndefined();
      expect(await store.lookupSandbox("none")).toBeUndefined();
      expect(await store.getVolume("vol-none")).toBeUndefined();
      expect(await store.getSnapshot("snap-none")).toBeUndefined();
      await store.removeSandbox("sbx-none");
      await store.removeVolume("vol-none");
      expect(await store.releaseVolume("vol-none")).toBe("not_found");
      expect(await store.readLogs("sbx-none", { since: 0, limit: 1 })).toEqual([]);
      expect(await store.scanSandboxes("", 10)).toEqual([]);
    });
  });
}
