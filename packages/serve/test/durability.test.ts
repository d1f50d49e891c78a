/** What was acknowledged is there after the server was killed, and nothing that the engine lost is said to run. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Porter } from "@porter-sandbox/core";
import { afterAll, afterEach, expect, test } from "vitest";
import { createSqliteStore, hashKey, newKey } from "../src/index.ts";
import { killAll, startCli } from "./process.ts";

const folder = mkdtempSync(join(tmpdir(), "porter-sandbox-durability-"));
const key = newKey();
const keyFile = join(folder, "keys");
writeFileSync(keyFile, `${hashKey(key)}\n`);

afterEach(killAll);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The same numbers for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** What the server said that it did. */
interface Acknowledged {
  readonly sandboxes: Map<string, { name: string; tag: string; key: string; ended: boolean }>;
  readonly volumes: Map<string, string>;
  readonly execs: Map<string, string[]>;
  readonly removedVolumes: Set<string>;
}

const ended = new Set(["failed", "terminated", "succeeded"]);

test("over several rounds of work, kill -9 and restart", { timeout: 120_000 }, async () => {
  const seed = Number(process.env.DURABILITY_SEED ?? 1);
  const rounds = Number(process.env.DURABILITY_ROUNDS ?? 3);
  const random = numbers(seed);
  const dataDir = join(folder, "data");
  const done: Acknowledged = { sandboxes: new Map(), volumes: new Map(), execs: new Map(), removedVolumes: new Set() };
  let made = 0;

  const start = () => startCli(["--engine", "memory", "--port", "0", "--data-dir", dataDir, "--key-file", keyFile]);

  /** Asks for one thing after the other until the server is gone; notes only what was answered. */
  async function work(url: string, client: number): Promise<void> {
    const porter = new Porter({ baseUrl: url, apiKey: key, maxRetries: 0 });
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
    for (;;) {
      made += 1;
      const name = `s-${client}-${made}`;
      const tag = `t${random(3)}`;
      const response = await fetch(`${url}/v1/sandbox/run`, {
        method: "POST",
        headers: { ...headers, "Idempotency-Key": `key-${name}` },
        body: JSON.stringify({ image: "a:1", name, tags: { group: tag } }),
      });
      const { id } = (await response.json()) as { id: string };
      done.sandboxes.set(id, { name, tag, key: `key-${name}`, ended: false });
      const volume = await porter.volumes.create({ name: `v-${client}-${made}` });
      done.volumes.set(volume.id, volume.name);
      const sandbox = await porter.sandboxes.get(name);
      const text = `said by ${name}`;
      await sandbox.exec(["echo", text]);
      done.execs.set(id, [...(done.execs.get(id) ?? []), text]);
      if (random(3) === 0) {
        await sandbox.terminate();
        done.sandboxes.set(id, { name, tag, key: `key-${name}`, ended: true });
      }
      if (random(4) === 0) {
        // Until it is answered nobody knows which of the two holds.
        done.volumes.delete(volume.id);
        const { status } = await fetch(`${url}/v1/volume/${volume.id}`, { method: "DELETE", headers });
        if (status === 204) done.removedVolumes.add(volume.id);
        else done.volumes.set(volume.id, volume.name);
      }
    }
  }

  async function judge(url: string): Promise<void> {
    const porter = new Porter({ baseUrl: url, apiKey: key });
    for (const [id, { name, tag, key: used, ended: wasEnded }] of done.sandboxes) {
      const status = await porter.raw.getSandbox({ path: { id } });
      expect(status).toMatchObject({ id, name, tags: { group: tag } });
      if (wasEnded) expect(status.phase).toBe("terminated");
      const repeated = await fetch(`${url}/v1/sandbox/run`, {
        method: "POST",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", "Idempotency-Key": used },
        body: JSON.stringify({ image: "a:1", name, tags: { group: tag } }),
      });
      expect(await repeated.json(), `seed ${seed}: ${name} exists once`).toMatchObject({ id, name });
      const { logs } = await porter.raw.getSandboxLogs({ path: { id } });
      const lines = logs.filter(({ exec_id }) => exec_id !== "").map(({ line }) => line);
      for (const text of done.execs.get(id) ?? []) expect(lines, `seed ${seed}: logs of ${name}`).toContain(text);
    }
    const volumes = new Map((await porter.volumes.list()).map((volume) => [volume.id, volume.name]));
    for (const [id, name] of done.volumes) expect(volumes.get(id), `seed ${seed}: volume ${name}`).toBe(name);
    for (const id of done.removedVolumes) expect(volumes.has(id), `seed ${seed}: volume ${id} is deleted`).toBe(false);
    const taken = [...done.sandboxes.values()][0];
    await expect(porter.sandboxes.create({ image: "a:1", name: taken?.name })).rejects.toMatchObject({
      code: "name_taken",
    });
  }

  for (let round = 0; round < rounds; round += 1) {
    const server = await start();
    await judgeIfAny(server.url);
    const before = done.execs.size;
    let killed = false;
    const workers = [1, 2, 3].map((client) =>
      work(server.url, client).catch((error: unknown) => {
        if (!killed) throw error;
      }),
    );
    const enough = before + 5 + random(10);
    while (done.execs.size < enough) {
      await Promise.race([...workers, new Promise((resolve) => setTimeout(resolve, 10))]);
    }
    killed = true;
    expect(await server.kill("SIGKILL")).toEqual({ code: null, signal: "SIGKILL" });
    await Promise.all(workers);
  }

  async function judgeIfAny(url: string): Promise<void> {
    if (done.sandboxes.size > 0) await judge(url);
  }

  const server = await start();
  await judge(server.url);
  // The engine lived in the process that was killed. What ran in it is lost, and nothing else is said of it.
  const porter = new Porter({ baseUrl: server.url, apiKey: key });
  for (const id of done.execs.keys())
    expect(ended.has((await porter.raw.getSandbox({ path: { id } })).phase)).toBe(true);
  expect(await server.kill("SIGTERM")).toEqual({ code: 0, signal: null });

  const store = createSqliteStore(join(dataDir, "store.sqlite"));
  for (const id of done.execs.keys()) {
    const record = await store.getSandbox(id);
    expect(record?.launch).toBeUndefined();
    if (record?.phase === "failed") expect(record.reason).toBe("lost");
  }
  await store.close();
});
