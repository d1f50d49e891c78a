import { equal, ok, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import { counting, nothing } from "../http.ts";
import { becomes, directory, how, needs, run, runs } from "../running-jobs.ts";

const execs = (sent: readonly { path: string }[]) => sent.filter(({ path }) => path.endsWith("/exec")).length;

export const watchingJobs = casesOf("watching jobs", {
  "when its sandbox ends a job is lost, with the reason": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const job = await sandbox.jobs.start(["sleep", "600"]);
      const waiting = job.wait();
      await job.status();
      nothing(await c.http("DELETE", `/v1/sandbox/${sandbox.id}`));
      for (const status of [await waiting, await job.status()]) {
        equal(how(status), { state: "lost" }, "how it is");
        equal([status.error?.name, status.error?.phase], ["SandboxNotRunningError", "terminated"], "error");
      }
      await rejects(job.output(), { name: "SandboxNotRunningError" }, "output");
      await rejects(sandbox.jobs.get(job.id), { name: "SandboxNotRunningError" }, "get");
    },
  },

  "when nobody wrote down its end a job is lost, and none is made up": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const job = await sandbox.jobs.start(["sleep", "600"]);
      await runs(c, sandbox, job);
      const place = `${directory}/${job.id}`;
      await run(sandbox, `read -r keeper rest <${place}/job; kill -KILL $keeper`);
      // Its command runs all the same.
      equal((await job.status()).state, "running", "state without its keeper");
      await run(sandbox, `read -r leader rest <${place}/pid; kill -KILL $leader`);
      const end = await becomes(c, job, "lost");
      equal([end.finished_at, end.error], [undefined, undefined], "what is not known");
      equal(how(await job.wait()), { state: "lost" }, "what a wait answers");
    },
  },

  "another process with its number is not the job": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const [job, other] = [await sandbox.jobs.start(["sleep", "600"]), await sandbox.jobs.start(["sleep", "600"])];
      await Promise.all([runs(c, sandbox, job), runs(c, sandbox, other)]);
      // As if its own had ended, and their numbers had gone to the other's.
      await run(
        sandbox,
        `cd ${directory}; for f in job pid; do read -r p born boot <${job.id}/$f; kill -KILL $p; ` +
          `read -r q rest <${other.id}/$f; echo "$q $born $boot" >${job.id}/$f; done; rm -f ${job.id}/exit`,
      );
      equal((await job.status()).state, "lost", "state");
      await job.kill();
      equal((await other.status()).state, "running", "state of the other, after a kill of the one that is lost");
      await other.kill();
    },
  },

  "many of many sandboxes are looked at by one request for each sandbox": {
    needs,
    run: async (c) => {
      const sandboxes = await Promise.all([c.sandbox(), c.sandbox(), c.sandbox()]);
      const { fetch, sent } = counting(c.target.fetch);
      const porter = c.porterOver(fetch);
      const made = await Promise.all(
        sandboxes.flatMap(({ id }, index) =>
          [10, 20].map((code) => porter.sandboxes.fromId(id).jobs.start(`exit ${code + index}`)),
        ),
      );
      const codes = [10, 20, 11, 21, 12, 22];
      const progress: [number, number][] = [];
      const ends = await porter.jobs.wait(made, { onProgress: ({ ended, total }) => progress.push([ended, total]) });
      equal(
        ends.map(({ exit_code }) => exit_code),
        codes,
        "exit codes",
      );
      equal(progress.at(-1), [6, 6], "the last progress");
      const before = execs(sent);
      const [first] = made;
      ok(first !== undefined, "a first job");
      const mixed = [...made].reverse().concat(first);
      const statuses = await porter.jobs.status(mixed);
      equal(execs(sent) - before, 3, "requests");
      equal(
        statuses.map(({ id }) => id),
        mixed.map(({ id }) => id),
        "ids, in their order",
      );
      equal(
        statuses.map(({ exit_code }) => exit_code),
        [...codes].reverse().concat(10),
        "exit codes",
      );
      equal(
        made.map(({ lastStatus }) => lastStatus?.state),
        made.map(() => "exited"),
        "what the handles know",
      );
    },
  },

  "of many those whose sandbox has ended are lost, and the others are not": {
    needs,
    run: async (c) => {
      const porter = c.porter();
      const [good, bad] = await Promise.all([c.sandbox({ porter }), c.sandbox({ porter })]);
      const made = [await bad.jobs.start(["sleep", "600"]), await good.jobs.start("sleep 0.2; exit 6")];
      nothing(await c.http("DELETE", `/v1/sandbox/${bad.id}`));
      const ends = await porter.jobs.wait(made);
      equal(ends.map(how), [{ state: "lost" }, { state: "exited", exit_code: 6 }], "how they ended");
      equal(ends[0]?.error?.name, "SandboxNotRunningError", "error of the one");
    },
  },

  "a look that fails for a moment does not end a wait": {
    needs: ["shell", "control"],
    run: async (c) => {
      const sandbox = await c.sandbox();
      const job = await sandbox.jobs.start("exit 2");
      await c.fault("execSandbox", { kind: "status", status: 503, commit: false }, 2);
      equal(how(await job.wait({ pollMs: 20 })), { state: "exited", exit_code: 2 }, "how it ended");
      await c.fault("execSandbox", { kind: "status", status: 503, commit: false });
      await rejects(job.status(), { name: "ServerError", statusCode: 503 }, "status, which is asked once");
    },
  },

  "a wait keeps an idle sandbox alive, the job alone does not": {
    needs: ["shell", "control", "lifetime"],
    run: async (c) => {
      const sandbox = await c.sandbox({ spec: { idle_timeout_seconds: 600 } });
      const job = await sandbox.jobs.start(["sleep", "36000"]);
      for (let minutes = 0; minutes < 20; minutes += 5) {
        await job.status();
        await c.control.advance(300_000);
      }
      equal((await job.status()).state, "running", "state of one that is asked for");
      await c.control.advance(700_000);
      equal((await job.status()).state, "lost", "state of one that nobody asks for");
    },
  },

  "waiting leaves nothing in the sandbox's log but its end": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      const job = await sandbox.jobs.start(["sleep", "0.5"], { id: "quiet" });
      await job.wait({ pollMs: 20 });
      const lines = (await sandbox.logs()).filter(({ line }) => line.startsWith("quiet "));
      equal(
        lines.map(({ line }) => line.split(" ")[1]),
        ["exited"],
        "lines about it",
      );
    },
  },
});
