import { expect, test } from "vitest";
import { defer } from "../../test/engine-double.ts";
import { createHarness } from "../../test/harness.ts";
import { settle } from "../../test/manual-clock.ts";

test("a snapshot is pending, becomes ready, and sandboxes start from it once it is", async () => {
  const { ask, run, phase, engine, clock } = createHarness();
  const gate = defer<void>();
  engine.beforeSnapshot = () => gate.promise;
  const id = await run();
  const { status, body } = await ask("POST", `/v1/sandbox/${id}/snapshot`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ sandbox_id: id, mode: "filesystem", status: "pending", t_created_unix_ms: clock.now() });
  const from = await run({ image: "", snapshot_id: body.id });
  expect(await phase(from)).toBe("queued");
  clock.jump(500);
  gate.resolve();
  await settle();
  expect(await phase(from)).toBe("running");
  expect(engine.plans[1]).toMatchObject({ image: "", snapshot_id: body.id });
  const { snapshots } = (await ask("GET", `/v1/snapshot?sandbox_id=${id}`)).body;
  expect(snapshots).toEqual([{ ...body, status: "ready", t_ready_unix_ms: clock.now(), size_bytes: 42 }]);
  expect((await ask("GET", "/v1/snapshot?sandbox_id=other")).body.snapshots).toEqual([]);
});

test("lists come newest first", async () => {
  const { ask, run } = createHarness();
  const id = await run();
  const first = (await ask("POST", `/v1/sandbox/${id}/snapshot`, { mode: "filesystem" })).body.id;
  const second = (await ask("POST", `/v1/sandbox/${id}/snapshot`)).body.id;
  const ids = (await ask("GET", "/v1/snapshot")).body.snapshots.map((snapshot: { id: string }) => snapshot.id);
  expect(ids).toEqual([second, first]);
});

test("one that cannot be made fails with its reason, and so does what waits for it", async () => {
  const { ask, run, phase, engine } = createHarness();
  const id = await run();
  engine.beforeSnapshot = async () => Promise.reject(new Error("disk full at /secret"));
  const { body } = await ask("POST", `/v1/sandbox/${id}/snapshot`);
  const from = await run({ image: "", snapshot_id: body.id });
  expect(await phase(from)).toBe("failed");
  const [snapshot] = (await ask("GET", "/v1/snapshot")).body.snapshots;
  expect(snapshot).toMatchObject({ status: "failed", failure_reason: "the engine failed to make it" });
});

test.each(["while it is made", "when it has failed"])(
  "one whose answer is lost, and that is deleted %s, leaves nothing",
  async (when) => {
    const { ask, run, engine } = createHarness();
    const gate = defer<void>();
    const { createSnapshot } = engine;
    engine.createSnapshot = async (snapshot) => {
      await gate.promise;
      await createSnapshot(snapshot);
      throw new Error("the connection broke off");
    };
    const { body } = await ask("POST", `/v1/sandbox/${await run()}/snapshot`);
    const drop = () => ask("DELETE", `/v1/snapshot/${body.id}`);
    if (when === "while it is made") expect((await drop()).status).toBe(204);
    gate.resolve();
    await settle();
    expect(engine.snapshots.size).toBe(0);
    expect((await drop()).status).toBe(when === "while it is made" ? 404 : 204);
  },
);

test("one that is deleted while it is made leaves nothing in the engine", async () => {
  const { ask, run, engine } = createHarness();
  const gate = defer<void>();
  engine.beforeSnapshot = () => gate.promise;
  const { body } = await ask("POST", `/v1/sandbox/${await run()}/snapshot`);
  expect((await ask("DELETE", `/v1/snapshot/${body.id}`)).status).toBe(204);
  expect((await ask("DELETE", `/v1/snapshot/${body.id}`)).status).toBe(404);
  gate.resolve();
  await settle();
  expect(engine.snapshots.size).toBe(0);
});

test("only a running sandbox can be kept, in the one mode there is, by an engine that can", async () => {
  const { ask, run } = createHarness();
  const id = await run();
  expect(await ask("POST", `/v1/sandbox/${id}/snapshot`, { mode: "memory" })).toMatchObject({
    status: 400,
    body: { field: "mode" },
  });
  await ask("DELETE", `/v1/sandbox/${id}`);
  expect(await ask("POST", `/v1/sandbox/${id}/snapshot`)).toMatchObject({ status: 409, body: { phase: "terminated" } });
  expect((await ask("POST", "/v1/sandbox/none/snapshot")).status).toBe(404);
  const missing = await ask("POST", "/v1/sandbox/run", { snapshot_id: "snap-none" });
  expect(missing).toMatchObject({ status: 404, body: { field: "snapshot_id" } });
  expect(missing.body.error).toContain("snap-none");
  const without = createHarness({ features: { snapshots: false } });
  expect((await without.ask("POST", `/v1/sandbox/${await without.run()}/snapshot`)).status).toBe(422);
});
