import { equal, includes, isNonEmpty, ok, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import { body, nothing, refused } from "../http.ts";

/** Takes a snapshot and waits until it can be used. */
async function snapshotOf(c: Context, id: string) {
  const made = body(await c.http("POST", `/v1/sandbox/${id}/snapshot`, { json: {} }));
  c.cleanup(() => c.http("DELETE", `/v1/snapshot/${made.id}`));
  await c.until("the snapshot to be ready", async () => {
    const { snapshots: found } = body(await c.http("GET", "/v1/snapshot", { query: { sandbox_id: id } }));
    const status = found.find((entry: { id: string }) => entry.id === made.id)?.status;
    ok(status !== "failed", "the snapshot failed");
    return status === "ready" ? true : undefined;
  });
  return made as { id: string; sandbox_id: string; mode: string; status: string };
}

const idsOf = (answer: { snapshots: { id: string }[] }) => answer.snapshots.map(({ id }) => id);

export const snapshots = casesOf("snapshots", {
  "a snapshot keeps the file system, and the sandbox keeps running": {
    needs: ["snapshots"],
    run: async (c) => {
      const { id } = await c.running();
      await c.exec(id, ["mkdir", "/kept"]);
      const snapshot = await snapshotOf(c, id);
      equal([snapshot.sandbox_id, snapshot.mode], [id, "filesystem"], "sandbox_id and mode");
      equal((await c.status(id)).phase, "running", "phase of the sandbox");
      await c.exec(id, ["mkdir", "/later"]);
      const copy = await c.running({ image: undefined, snapshot_id: snapshot.id });
      const names = (await c.exec(copy.id, ["ls", "/"])).stdout;
      includes(names, /^kept$/m, "ls in a sandbox started from it");
      ok(!/^later$/m.test(names), "ls: expected nothing that came after the snapshot");
      equal((await c.status(copy.id)).image, "", "image of a sandbox started from a snapshot");
    },
  },

  "an empty image beside a snapshot counts as none": {
    needs: ["snapshots"],
    run: async (c) => {
      const snapshot = await snapshotOf(c, (await c.running()).id);
      await c.running({ image: "", snapshot_id: snapshot.id });
    },
  },

  "mounted volumes are not part of it": {
    needs: ["snapshots"],
    run: async (c) => {
      const volume = await c.volume();
      await c.put(volume.id, "/inside.txt", "x");
      const { id } = await c.running({ volume_mounts: { "/mnt/data": volume.id } });
      const snapshot = await snapshotOf(c, id);
      const copy = await c.running({ image: undefined, snapshot_id: snapshot.id });
      ok(!(await c.exec(copy.id, ["ls", "/mnt/data"])).stdout.includes("inside"), "ls: expected no file of the volume");
    },
  },

  "they are listed most recent first, by sandbox": {
    needs: ["snapshots"],
    run: async (c) => {
      const [one, other] = [await c.running(), await c.running()];
      const first = await snapshotOf(c, one.id);
      const second = await snapshotOf(c, one.id);
      const elsewhere = await snapshotOf(c, other.id);
      const of = async (query: Record<string, string>) => idsOf(body(await c.http("GET", "/v1/snapshot", { query })));
      equal(await of({ sandbox_id: one.id }), [second.id, first.id], "of one sandbox");
      const all = await of({});
      equal(
        all.filter((id) => [first.id, second.id, elsewhere.id].includes(id)),
        [elsewhere.id, second.id, first.id],
        "of all",
      );
      equal(await of({ sandbox_id: "no-such-sandbox" }), [], "of an unknown sandbox");
    },
  },

  "a deleted one is gone, and sandboxes started from it run on": {
    needs: ["snapshots"],
    run: async (c) => {
      const { id } = await c.running();
      const snapshot = await snapshotOf(c, id);
      const copy = await c.running({ image: undefined, snapshot_id: snapshot.id });
      nothing(await c.http("DELETE", `/v1/snapshot/${snapshot.id}`));
      equal(idsOf(body(await c.http("GET", "/v1/snapshot", { query: { sandbox_id: id } }))), [], "listed");
      equal((await c.exec(copy.id, ["echo", "on"])).stdout, "on\n", "stdout in the sandbox started from it");
      const again = await c.http("POST", "/v1/sandbox/run", { json: { snapshot_id: snapshot.id } });
      refused(again, 404, "not_found", { says: [snapshot.id] });
      refused(await c.http("DELETE", `/v1/snapshot/${snapshot.id}`), 404, "not_found", { says: [snapshot.id] });
    },
  },

  "a snapshot outlives its sandbox": {
    needs: ["snapshots"],
    run: async (c) => {
      const { id } = await c.running();
      await c.exec(id, ["mkdir", "/kept"]);
      const snapshot = await snapshotOf(c, id);
      await c.http("DELETE", `/v1/sandbox/${id}`);
      const copy = await c.running({ image: undefined, snapshot_id: snapshot.id });
      includes((await c.exec(copy.id, ["ls", "/"])).stdout, /^kept$/m, "ls");
    },
  },

  "only a running sandbox can be kept": {
    needs: ["snapshots"],
    run: async (c) => {
      const { id } = await c.running();
      await c.http("DELETE", `/v1/sandbox/${id}`);
      const answer = await c.http("POST", `/v1/sandbox/${id}/snapshot`, { json: {} });
      refused(answer, 409, "sandbox_not_running");
      equal(answer.json.phase, "terminated", "phase of the refusal");
    },
  },

  "the body may be left out, and is checked when it is there": {
    needs: ["snapshots"],
    run: async (c) => {
      const { id } = await c.running();
      const made = body(await c.http("POST", `/v1/sandbox/${id}/snapshot`));
      c.cleanup(() => c.http("DELETE", `/v1/snapshot/${made.id}`));
      isNonEmpty(made.id, "id");
      for (const json of [{ mode: "everything" }, { mode: 7 }]) {
        const answer = await c.http("POST", `/v1/sandbox/${id}/snapshot`, { json });
        refused(answer, 400, "invalid_request", { field: "mode", says: [String(json.mode)] });
      }
      const large = await c.http("POST", `/v1/sandbox/${id}/snapshot`, { json: { mode: "x".repeat(1_100_000) } });
      refused(large, 413, "body_too_large");
    },
  },

  "an unknown sandbox cannot be kept": {
    needs: ["snapshots"],
    run: async (c) => {
      const answer = await c.http("POST", "/v1/sandbox/no-such-sandbox/snapshot", { json: {} });
      refused(answer, 404, "not_found", { says: ["no-such-sandbox"] });
    },
  },

  "a filter that there is not is refused, not passed over": {
    needs: ["snapshots"],
    run: async (c) => {
      const answer = await c.http("GET", "/v1/snapshot", { query: { sandbox: "sbx-1" } });
      refused(answer, 400, "invalid_request", { field: "query", says: ["sandbox"] });
    },
  },

  "an engine without snapshots refuses": {
    needs: ["refuses_unsupported"],
    run: async (c) => {
      if (c.has("snapshots")) return;
      const { id } = await c.running();
      refused(await c.http("POST", `/v1/sandbox/${id}/snapshot`, { json: {} }), 422, "unsupported");
    },
  },

  "the client takes, lists and deletes snapshots, and starts from them": {
    needs: ["snapshots"],
    run: async (c) => {
      const porter = c.porter();
      const { id, name } = await c.running({ name: c.name() });
      const sandbox = await porter.sandboxes.get(name);
      await sandbox.exec(["mkdir", "/kept"]);
      const snapshot = await sandbox.snapshot();
      c.cleanup(() => c.http("DELETE", `/v1/snapshot/${snapshot.id}`));
      equal([snapshot.sandbox_id, snapshot.mode], [id, "filesystem"], "sandbox_id and mode");
      equal(
        (await porter.snapshots.list({ sandbox_id: id })).map((entry) => entry.id),
        [snapshot.id],
        "listed",
      );
      const copy = await porter.sandboxes.create({ snapshot_id: snapshot.id });
      c.cleanup(() => copy.terminate());
      includes((await copy.exec(["ls", "/"])).stdout, /^kept$/m, "ls");
      await porter.snapshots.delete(snapshot.id);
      equal((await porter.snapshots.list({ sandbox_id: id })).length, 0, "listed after it was deleted");
      await rejects(porter.snapshots.delete("snap-nothing"), { name: "NotFoundError" }, "delete of an unknown one");
    },
  },
});
