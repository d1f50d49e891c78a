import type { Job, JobStatus } from "@porter-sandbox/core";
import { equal, excludes, includes, ok, rejects, timeOf } from "../assert.ts";
import { casesOf } from "../case.ts";
import { directory, how, needs, run, runs } from "../running-jobs.ts";

export const jobs = casesOf("jobs", {
  "a job ends with its exit code, and what it wrote is there": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const job = await sandbox.jobs.start("echo out; echo err >&2; exit 3");
      equal([job.sandboxId, job.lastStatus], [sandbox.id, null], "sandboxId and lastStatus");
      const end = await job.wait();
      equal([end.id, end.sandbox_id], [job.id, sandbox.id], "id and sandbox_id");
      equal(how(end), { state: "exited", exit_code: 3 }, "how it ended");
      equal([end.stdout_bytes, end.stderr_bytes], [4, 4], "bytes");
      const began = timeOf(end.started_at, "started_at");
      ok(Math.abs(began - Date.now()) < 86_400_000, `started_at: expected a time of today, got ${end.started_at}`);
      ok(timeOf(end.finished_at, "finished_at") >= began, "finished_at: expected no earlier than started_at");
      equal(job.lastStatus?.state, "exited", "lastStatus");
      const output = await job.output();
      equal([output.stdout, output.stderr], ["out\n", "err\n"], "output");
      equal([output.stdout_truncated, output.stderr_truncated, output.exit_code], [false, false, 3], "flags, code");
    },
  },

  "a job outlives the client that started it": {
    needs,
    run: async (c) => {
      const porter = c.porter();
      const sandbox = await c.sandbox();
      const { id } = await porter.sandboxes.fromId(sandbox.id).jobs.start(["sleep", "600"]);
      porter.close();
      const job = await sandbox.jobs.get(id);
      equal(how(job.lastStatus as JobStatus), { state: "running" }, "how it is");
      ok(job.lastStatus?.finished_at === undefined, "finished_at: expected none");
      timeOf(job.lastStatus?.started_at, "started_at");
      equal((await job.status()).state, "running", "state, asked again");
      await job.kill();
    },
  },

  "arguments reach the command as they are": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const words = ["a  b", "$HOME", "*", ";", "|", '"', "'", "''\\''", "\\", "", "-n", "one\ntwo", "ž 🐎"];
      const job = await sandbox.jobs.start(["printf", "[%s]", ...words]);
      equal(how(await job.wait()), { state: "exited", exit_code: 0 }, "how it ended");
      equal((await job.output()).stdout, words.map((word) => `[${word}]`).join(""), "stdout");
    },
  },

  "it runs where and with what it was asked to": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox({ spec: { env: { KEPT: "kept", CHANGED: "before" } } });
      const around = { cwd: "/tmp", env: { CHANGED: "after", ADDED: "it's", LEFT_OUT: undefined } };
      const printed = await sandbox.jobs.start(["printenv", "KEPT", "CHANGED", "ADDED"], around);
      const placed = await sandbox.jobs.start(["pwd"], { cwd: "/tmp" });
      const all = await sandbox.jobs.start(["env"], around);
      await Promise.all([printed.wait(), placed.wait(), all.wait()]);
      equal((await printed.output()).stdout, "kept\nafter\nit's\n", "variables");
      equal((await placed.output()).stdout, "/tmp\n", "directory");
      const { stdout } = await all.output();
      includes(stdout, "CHANGED=after\n", "all variables");
      // How its command comes to it is nothing that the command hands on.
      excludes(stdout, "PORTER_JOB", "all variables");
    },
  },

  "where there is no such directory nothing is started": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      await rejects(
        sandbox.jobs.start(["true"], { cwd: "/no/such/place" }),
        { name: "InvalidRequestError", field: "cwd", message: /no\/such\/place/ },
        "start",
      );
      equal(await sandbox.jobs.list(), [], "jobs");
    },
  },

  "a program that is not there is an exit code, and a reason": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const job = await sandbox.jobs.start(["no-such-program-here"]);
      equal(how(await job.wait()), { state: "exited", exit_code: 127 }, "how it ended");
      includes((await job.output()).stderr, "no-such-program-here", "stderr");
    },
  },

  "its input is empty": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      equal(
        how(await (await sandbox.jobs.start(["cat"])).wait({ timeoutMs: 20_000 })),
        { state: "exited", exit_code: 0 },
        "how it ended",
      );
    },
  },

  "of a long output the end is answered, and how much there is": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const job = await sandbox.jobs.start(["printf", "%s", `${"x".repeat(1000)}€end`], { outputBytes: 10 });
      await job.wait();
      const few = await job.output();
      equal([few.stdout, few.stdout_truncated, few.stdout_bytes], ["xxxx€end", true, 1006], "as started");
      equal([few.stderr, few.stderr_truncated, few.stderr_bytes], ["", false, 0], "stderr");
      equal((await job.output({ outputBytes: 3 })).stdout, "end", "three bytes");
      const whole = await job.output({ outputBytes: 1006 });
      equal([whole.stdout.length, whole.stdout_truncated], [1004, false], "all of it");
      const none = await job.output({ outputBytes: 0 });
      equal([none.stdout, none.stdout_truncated, none.stdout_bytes], ["", true, 1006], "nothing of it");
    },
  },

  "waiting ends when its time is up, and the job goes on": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const job = await sandbox.jobs.start(["sleep", "600"]);
      await rejects(
        job.wait({ timeoutMs: 400, pollMs: 50 }),
        { name: "SandboxTimeoutError", code: "timeout", retryable: true, message: /400 ms/ },
        "wait with a limit",
      );
      const controller = new AbortController();
      const waiting = job.wait({ signal: controller.signal });
      controller.abort(new Error("enough"));
      await rejects(waiting, { message: "enough" }, "wait with a signal");
      equal((await job.status()).state, "running", "state");
      await job.kill();
    },
  },

  "a kill ends it, and its state says so": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const [hard, soft] = [await sandbox.jobs.start(["sleep", "600"]), await sandbox.jobs.start(["sleep", "600"])];
      await hard.kill();
      await soft.kill("SIGTERM");
      equal(how(await hard.wait()), { state: "killed", exit_code: 137, signal: "SIGKILL" }, "by default");
      equal(how(await soft.wait()), { state: "killed", exit_code: 143, signal: "SIGTERM" }, "by SIGTERM");
      await soft.kill();
      equal(how(await soft.status()), { state: "killed", exit_code: 143, signal: "SIGTERM" }, "after another kill");
      const output = await hard.output();
      equal([output.stdout, output.stderr], ["", ""], "output of one that wrote nothing");
    },
  },

  "an exit with a signal's number is no kill": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const job = await sandbox.jobs.start("exit 143");
      equal(how(await job.wait()), { state: "exited", exit_code: 143 }, "how it ended");
      await job.kill("SIGTERM");
      equal(how(await job.status()), { state: "exited", exit_code: 143 }, "after a kill that came too late");
    },
  },

  "jobs are found by their ids, and listed with how they are": {
    needs,
    run: async (c) => {
      const [sandbox, other] = await Promise.all([c.sandbox(), c.sandbox()]);
      equal(await sandbox.jobs.list(), [], "before");
      const ended = await sandbox.jobs.start("exit 5", { id: "a-first" });
      await ended.wait();
      const running = await sandbox.jobs.start(["sleep", "600"], { id: "b-second" });
      await other.jobs.start(["true"]);
      const found = await sandbox.jobs.list();
      equal(
        found.map(({ id, sandboxId, lastStatus }) => [id, sandboxId, lastStatus?.state, lastStatus?.exit_code]),
        [
          [ended.id, sandbox.id, "exited", 5],
          [running.id, sandbox.id, "running", undefined],
        ],
        "jobs",
      );
      equal((await sandbox.jobs.get(ended.id)).lastStatus, await ended.status(), "status of one by its id");
      await running.kill();
    },
  },

  "a job that there is not is a NotFoundError": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const error = await rejects(sandbox.jobs.get("nobody"), { name: "NotFoundError", code: "not_found" }, "get");
      includes(error.message, "nobody", "the message");
      const json = { kind: "job", version: 1, id: "nobody", sandbox_id: sandbox.id, output_bytes: 100 };
      const job = await sandbox.jobs.fromJSON(json);
      const porter = c.porter();
      const held = await porter.jobs.fromJSON(json);
      for (const [what, asked] of Object.entries({
        status: () => job.status(),
        wait: () => job.wait(),
        output: () => job.output(),
        kill: () => job.kill(),
        together: () => porter.jobs.status([held]),
      }))
        await rejects(asked(), { name: "NotFoundError" }, what);
      const nowhere = c.porter().sandboxes.fromId("no-such-sandbox");
      await rejects(nowhere.jobs.get("nobody"), { name: "NotFoundError", statusCode: 404 }, "in no sandbox");
    },
  },

  "the same id never starts a second one": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const line = "echo ran >> /tmp/runs; sleep 0.2; exit 4";
      const started = await Promise.all([1, 2, 3].map(() => sandbox.jobs.start(line, { id: "nightly" })));
      const ends = await Promise.all(started.map((job) => job.wait()));
      await sandbox.jobs.start(line, { id: "nightly" });
      equal(
        ends.map(how),
        [1, 2, 3].map(() => ({ state: "exited", exit_code: 4 })),
        "how they ended",
      );
      equal(await run(sandbox, "cat /tmp/runs"), "ran\n", "what ran");
    },
  },

  "a start whose answer is lost is not repeated, and its error finds the job": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      let sent = 0;
      const lossy = c.porterOver(async (input, init) => {
        const response = await c.target.fetch(input, init);
        if (!String(input).endsWith("/exec")) return response;
        sent += 1;
        await response.arrayBuffer();
        throw new TypeError("the connection broke");
      });
      const error = await rejects(
        lossy.sandboxes.fromId(sandbox.id).jobs.start("echo ran >> /tmp/runs"),
        { name: "JobStartError", code: "job_start_unknown", admitted: "unknown", sandboxId: sandbox.id },
        "start",
      );
      equal((error.cause as Error).name, "ConnectionError", "cause");
      const job = await sandbox.jobs.get(error.jobId as string);
      equal(how(await job.wait()), { state: "exited", exit_code: 0 }, "how it ended");
      equal([sent, await run(sandbox, "cat /tmp/runs")], [1, "ran\n"], "requests, and what ran");
    },
  },

  "in a sandbox that has ended nothing starts": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      await sandbox.terminate();
      const refusal = { name: "SandboxNotRunningError", phase: "terminated", admitted: false };
      await rejects(sandbox.jobs.start(["true"]), refusal, "start");
      await rejects(sandbox.jobs.list(), refusal, "list");
    },
  },

  "a handle travels as json, without anything secret": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const env = { TOKEN: "nobody-may-see-this" };
      const job = await sandbox.jobs.start(["printenv", "TOKEN"], { env, outputBytes: 6 });
      await job.wait();
      const text = JSON.stringify(job);
      equal(JSON.parse(text), { kind: "job", version: 1, id: job.id, sandbox_id: sandbox.id, output_bytes: 6 }, "JSON");
      excludes(text, env.TOKEN, "the JSON");
      const other = c.porter();
      const again = await other.jobs.fromJSON(text);
      equal([again.id, again.sandboxId, again.lastStatus], [job.id, sandbox.id, null], "what is known of it");
      equal((await again.output()).stdout, "-this\n", "stdout");
      const there = await other.sandboxes.fromId(sandbox.id).jobs.fromJSON(JSON.parse(text));
      equal((await there.status()).exit_code, 0, "exit code");
    },
  },

  "a command's variables cannot be read by looking at the processes": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const secret = "nobody-may-see-this";
      const job = await sandbox.jobs.start(["sleep", "600"], { env: { TOKEN: secret } });
      await runs(c, sandbox, job);
      await c.until("its arguments to be its own", async () =>
        (await run(sandbox, "cat /proc/[0-9]*/cmdline 2>/dev/null")).includes("TOKEN=") ? undefined : true,
      );
      excludes(await run(sandbox, `cat ${directory}/*/* 2>/dev/null`), secret, "its files");
      await job.kill();
    },
  },

  "what is against the rules never leaves the client": async (c) => {
    const { porter, sent } = c.offline();
    const { jobs } = porter.sandboxes.fromId("some-id");
    const json = { kind: "job", version: 1, id: "one", sandbox_id: "some-id", output_bytes: 100 };
    const job = await jobs.fromJSON(json);
    const command = ["true"];
    for (const [asked, field] of [
      [() => jobs.start([]), "command"],
      [() => jobs.start(""), "command"],
      [() => jobs.start(["a\0b"]), "command[0]"],
      [() => jobs.start(["x".repeat(130_000)]), "command"],
      [() => jobs.start(command, { cwd: "" }), "cwd"],
      [() => jobs.start(command, { env: { "A B": "x" } }), "env"],
      [() => jobs.start(command, { env: { SECRET: "x\ud800" } }), "env.SECRET"],
      [() => jobs.start(command, { user: "a b" }), "user"],
      [() => jobs.start(command, { id: "../up" }), "id"],
      [() => jobs.start(command, { id: "" }), "id"],
      [() => jobs.start(command, { outputBytes: 1.5 }), "outputBytes"],
      [() => jobs.start(command, { timeoutMs: 0 }), "timeoutMs"],
      [() => jobs.get("Not A Job"), "id"],
      [() => job.output({ outputBytes: -1 }), "outputBytes"],
      [() => job.output({ outputBytes: 2 ** 21 }), "outputBytes"],
      [() => job.kill("KILL"), "signal"],
      [() => job.kill("toString"), "signal"],
      [() => job.wait({ pollMs: 0 }), "pollMs"],
      [() => job.wait({ timeoutMs: -1 }), "timeoutMs"],
      [() => porter.jobs.status([{} as Job]), "jobs[0]"],
      [() => porter.jobs.wait([job, null as unknown as Job]), "jobs[1]"],
      [() => porter.jobs.wait("all" as unknown as Job[]), "jobs"],
      [() => porter.jobs.wait([job], { onProgress: "yes" as never }), "onProgress"],
      [() => jobs.fromJSON("{"), "json"],
      [() => jobs.fromJSON({ ...json, kind: "sandbox" }), "kind"],
      [() => jobs.fromJSON({ ...json, version: 2 }), "version"],
      [() => jobs.fromJSON({ ...json, id: "../up" }), "id"],
      [() => jobs.fromJSON({ ...json, sandbox_id: "another" }), "sandbox_id"],
      [() => porter.jobs.fromJSON({ ...json, sandbox_id: undefined }), "sandbox_id"],
      [() => jobs.fromJSON({ ...json, output_bytes: "many" }), "output_bytes"],
    ] as const)
      await rejects(asked(), { name: "InvalidRequestError", field, admitted: false }, `${asked}`);
    equal(await porter.jobs.status([]), [], "states of none");
    equal(await porter.jobs.wait([]), [], "ends of none");
    equal(sent, [], "requests");
  },
});
