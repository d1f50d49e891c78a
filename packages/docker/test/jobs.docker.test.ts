import { createSandboxApi, type SandboxApi } from "@porter-sandbox/api";
import { Porter, type Sandbox } from "@porter-sandbox/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testImage } from "./engine.ts";
import { type Bench, bench, missing } from "./fixture.ts";

describe.skipIf(missing !== undefined)("jobs behind a server of the published API alone", { timeout: 240_000 }, () => {
  let here: Bench;
  let api: SandboxApi;
  let porter: Porter;
  let sandbox: Sandbox;

  beforeAll(async () => {
    here = bench();
    api = createSandboxApi({ engine: here.engine, extensions: false });
    porter = new Porter({ fetch: (input, init) => api.fetch(input, init) });
    sandbox = await porter.sandboxes.create({ image: testImage });
    await sandbox.waitUntilRunning();
  }, 150_000);
  afterAll(async () => {
    porter?.close();
    await api?.close();
    await here?.close();
  });

  const until = async <T>(probe: () => Promise<T | undefined | false>): Promise<T> => {
    for (;;) {
      const found = await probe();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  test("what a job writes is there while it runs, up to a whole character", async () => {
    const job = await sandbox.jobs.start(`printf 'begin €'; printf '\\342\\202' ; sleep 600`);
    const output = await until(async () => {
      const found = await job.output();
      return found.stdout_bytes === 11 && found;
    });
    expect(output).toMatchObject({ state: "running", stdout: "begin €", stdout_truncated: false });
    expect(await job.output({ outputBytes: 4 })).toMatchObject({ stdout: "", stdout_truncated: true });
    expect(await job.output({ outputBytes: 5 })).toMatchObject({ stdout: "€", stdout_truncated: true });
    await job.kill();
    expect((await job.wait()).state).toBe("killed");
  });

  test("a job runs as whom it was asked to, and whoever is not there starts nothing", async () => {
    await sandbox.exec("grep -q ^daemon: /etc/passwd || echo daemon:x:1:1:daemon:/:/bin/sh >>/etc/passwd");
    const job = await sandbox.jobs.start(["id", "-un"], { user: "daemon" });
    expect((await job.wait()).exit_code).toBe(0);
    expect((await job.output()).stdout).toBe("daemon\n");
    const before = (await sandbox.jobs.list()).length;
    await expect(sandbox.jobs.start(["true"], { user: "no-such-user" })).rejects.toMatchObject({ field: "user" });
    expect(await sandbox.jobs.list()).toHaveLength(before);
    // A kill reaches through whatever became that user.
    const sleeper = await sandbox.jobs.start(["sleep", "617"], { user: "daemon" });
    await until(async () => (await sandbox.exec("ps | grep -c '[s]leep 617'")).stdout.trim() !== "0");
    await sleeper.kill();
    expect((await sleeper.wait()).state).toBe("killed");
    expect((await sandbox.exec("ps | grep -c '[s]leep 617'")).stdout).toBe("0\n");
  });

  test("a kill ends what left the session too", async () => {
    const job = await sandbox.jobs.start("setsid sleep 618 & sleep 619 & echo on; wait");
    await until(async () => (await job.status()).stdout_bytes > 0);
    await job.kill();
    expect(await job.wait()).toMatchObject({ state: "killed", signal: "SIGKILL" });
    expect((await sandbox.exec("ps | grep -c '[s]leep 61[89]'")).stdout).toBe("0\n");
  });

  test("many start at once, and each ends as itself", async () => {
    const jobs = await Promise.all(Array.from({ length: 12 }, (_, code) => sandbox.jobs.start(`exit ${code}`)));
    const ends = await porter.jobs.wait(jobs);
    expect(ends.map(({ exit_code }) => exit_code)).toEqual(jobs.map((_, code) => code));
  });
});
