import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImageInspection } from "../src/inspection.ts";
import { namesOf } from "../src/names.ts";
import { type Bench, bench, forever, missing, newId, plan } from "./fixture.ts";

describe.skipIf(missing !== undefined)(`snapshots and metrics ${missing ?? ""}`, () => {
  let b: Bench;
  beforeAll(() => {
    b = bench({ metricsIntervalMs: 500 });
  });
  afterAll(() => b.close());

  it("keeps the file system, and nothing of the sandbox's environment", async () => {
    const [source, copy, snapshot] = [newId("sb"), newId("sb"), newId("snap")];
    const { ended } = await b.engine.startSandbox(
      plan({ id: source, command: ["sh", "-c", "cat"], env: { TOKEN: "very-secret", PATH: "/bin:/extra" } }),
      forever,
    );
    await b.run(source, "sh", "-c", "echo kept >/root/file; chmod 600 /root/file");
    const { size_bytes } = await b.engine.createSnapshot({ id: snapshot, sandbox_id: source });
    expect(size_bytes).toBeGreaterThan(1_000_000);
    await b.run(source, "sh", "-c", "echo later >/root/file");
    expect((await b.run(source, "cat", "/root/file")).stdout).toBe("later\n");

    const name = `porter-sandbox-${b.installation}-snapshot:${snapshot}`;
    const image = await b.client.call<ImageInspection>("GET", `/images/${name}/json`);
    // Engines before 25 also note how the container was made, which no container inherits.
    expect(JSON.stringify(image.Config)).not.toContain("very-secret");
    expect(image.Config?.Cmd).toEqual(["/bin/sh"]);
    expect(image.Config?.Entrypoint ?? []).toEqual([]);

    await b.engine.startSandbox(plan({ id: copy, image: "", snapshot_id: snapshot }), forever);
    expect(await b.run(copy, "sh", "-c", "cat /root/file; stat -c %a /root/file; echo $PATH; printenv TOKEN")).toEqual({
      stdout: "kept\n600\n/bin\n",
      stderr: "",
      exit_code: 1,
    });
    expect((await b.engine.inventory()).snapshots).toEqual([snapshot]);
    await b.engine.deleteSnapshot(snapshot);
    await b.engine.deleteSnapshot(snapshot);
    expect((await b.engine.inventory()).snapshots).toEqual([]);
    expect((await b.run(copy, "cat", "/root/file")).stdout).toBe("kept\n");
    await expect(b.engine.startSandbox(plan({ image: "", snapshot_id: snapshot }), forever)).rejects.toMatchObject({
      code: "not_found",
    });
    // What the sandbox needs of it goes with the sandbox.
    expect((await b.left()).images).toHaveLength(1);
    await b.engine.removeSandbox(copy);
    expect((await b.left()).images).toEqual([]);
    await b.engine.stopSandbox(source);
    await ended;
    await expect(b.engine.createSnapshot({ id: newId("snap"), sandbox_id: source })).rejects.toMatchObject({
      code: "not_running",
    });
  });

  it("leaves nothing of one that broke off when it was made, and had no name yet", async () => {
    const [id, snapshot, other] = [newId("sb"), newId("snap"), newId("snap")];
    await b.engine.startSandbox(plan({ id }), forever);
    const container = `porter-sandbox-${b.installation}.sandbox.${id}`;
    const breakOff = (of: string) =>
      b.client.call("POST", "/commit", {
        query: { container },
        json: { Labels: namesOf(b.installation).labels("snapshot", of) },
      });
    await breakOff(snapshot);
    expect((await b.left()).images).toHaveLength(1);
    await b.engine.deleteSnapshot(snapshot);
    expect((await b.left()).images).toEqual([]);
    await breakOff(other);
    expect((await b.engine.inventory()).snapshots).toEqual([]);
    expect((await b.left()).images).toEqual([]);
    await b.engine.removeSandbox(id);
  });

  it("measures what a sandbox uses", async () => {
    const id = newId("sb");
    const busy = plan({ id, command: ["sh", "-c", "while :; do :; done"], resources: { cpu_cores: 0.5 } });
    await b.engine.startSandbox(busy, forever);
    const read = () => b.engine.metrics(id, { start: 0, end: Date.now() });
    await expect.poll(async () => (await read()).length, { timeout: 20_000 }).toBeGreaterThan(4);
    const [, ...samples] = await read();
    for (const { cpu_cores, mem_bytes } of samples) {
      expect(cpu_cores).toBeGreaterThan(0.02);
      expect(cpu_cores).toBeLessThan(0.8);
      expect(mem_bytes).toBeGreaterThan(10_000);
      expect(mem_bytes).toBeLessThan(50_000_000);
    }
    await b.engine.stopSandbox(id);
    expect((await read()).length).toBeGreaterThanOrEqual(samples.length);
    await b.engine.removeSandbox(id);
    expect(await read()).toEqual([]);
  });
});
