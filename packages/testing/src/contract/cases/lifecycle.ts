import { equal, includes, ok, rejects, timeOf } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import { nothing, refused } from "../http.ts";

/** Runs until it is killed, and leaves a directory when it has begun. */
const long = ["sh", "-c", "mkdir /begun; sleep 600"];

const begun = (c: Context, id: string) =>
  c.until("the command to have begun", async () => (await c.exec(id, ["ls", "/begun"])).exit_code === 0 || undefined);

export const lifecycle = casesOf("lifecycle", {
  "a sandbox without a command comes up and stays": async (c) => {
    const { id } = await c.running();
    const state = await c.status(id);
    equal(state.phase, "running", "phase");
    const [created, started] = [timeOf(state.created_at, "created_at"), timeOf(state.started_at, "started_at")];
    ok(started >= created, `started_at: expected ${state.started_at} not before ${state.created_at}`);
    equal(state.finished_at, undefined, "finished_at while it runs");
    equal(state.exit_code, undefined, "exit_code while it runs");
  },

  "a main process that exits with 0 succeeds": {
    needs: ["exit_codes"],
    run: async (c) => {
      const { id } = await c.create({ command: ["true"] });
      const state = await c.phase(id, "succeeded");
      equal(state.exit_code, 0, "exit_code");
      const [started, finished] = [timeOf(state.started_at, "started_at"), timeOf(state.finished_at, "finished_at")];
      ok(finished >= started, `finished_at: expected ${state.finished_at} not before ${state.started_at}`);
    },
  },

  "a main process that exits with another code fails": {
    needs: ["exit_codes"],
    run: async (c) => {
      const { id } = await c.create({ command: ["false"] });
      equal((await c.phase(id, "failed")).exit_code, 1, "exit_code");
    },
  },

  "any exit code comes through": {
    needs: ["exit_codes", "shell"],
    run: async (c) => {
      const { id } = await c.create({ command: ["sh", "-c", "exit 42"] });
      equal((await c.phase(id, "failed")).exit_code, 42, "exit_code");
    },
  },

  "a main process that reads its input goes on": async (c) => {
    const { id } = await c.running({ command: ["cat"] });
    equal((await c.exec(id, ["true"])).exit_code, 0, "exit_code of a command");
    equal((await c.status(id)).phase, "running", "phase");
  },

  "a program that does not exist fails the sandbox": async (c) => {
    const { id } = await c.create({ command: ["/no/such/program"] });
    await c.phase(id, "failed");
  },

  "terminating ends a running sandbox": async (c) => {
    const { id } = await c.running();
    nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
    const state = await c.status(id);
    equal(state.phase, "terminated", "phase");
    timeOf(state.finished_at, "finished_at");
  },

  "terminating ends a sandbox that has not started": async (c) => {
    const { id } = await c.create();
    nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
    equal((await c.status(id)).phase, "terminated", "phase");
  },

  "terminating twice is fine": async (c) => {
    const { id } = await c.running();
    nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
    const before = await c.status(id);
    nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
    equal(await c.status(id), before, "the status after the second");
  },

  "terminating a sandbox that succeeded changes nothing": {
    needs: ["exit_codes"],
    run: async (c) => {
      const { id } = await c.create({ command: ["true"] });
      const before = await c.phase(id, "succeeded");
      nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
      equal(await c.status(id), before, "the status");
    },
  },

  "terminating a sandbox that failed changes nothing": {
    needs: ["exit_codes"],
    run: async (c) => {
      const { id } = await c.create({ command: ["false"] });
      const before = await c.phase(id, "failed");
      nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
      equal(await c.status(id), before, "the status");
    },
  },

  "an ended sandbox takes no commands": async (c) => {
    const { id } = await c.running();
    await c.http("DELETE", `/v1/sandbox/${id}`);
    const answer = await c.http("POST", `/v1/sandbox/${id}/exec`, { json: { command: ["true"] } });
    refused(answer, 409, "sandbox_not_running");
    equal(answer.json.phase, "terminated", "phase of the refusal");
  },

  "a command that runs when its sandbox is terminated ends": {
    needs: ["shell"],
    run: async (c) => {
      const { id } = await c.running();
      const command = c.http("POST", `/v1/sandbox/${id}/exec`, { json: { command: long } });
      await begun(c, id);
      nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
      const answer = await command;
      ok(
        answer.status === 409 || (answer.status === 200 && answer.json.exit_code !== 0),
        `exec: expected a 409 or an exit code other than 0, got ${answer.status} ${answer.text}`,
      );
    },
  },

  "the client terminates, also what has ended": async (c) => {
    const sandbox = await c.porter().sandboxes.create({ image: c.target.image });
    await sandbox.terminate();
    await sandbox.terminate();
    equal((await sandbox.refresh()).phase, "terminated", "phase");
  },

  "a terminated sandbox leaves nothing running": {
    needs: ["control"],
    run: async (c) => {
      const { id } = await c.running();
      ok((await c.control.leaks()).sandboxes.includes(id), "leaks: expected the sandbox while it runs");
      nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
      ok(!(await c.control.leaks()).sandboxes.includes(id), "leaks: expected it gone");
    },
  },

  "a failed boot is a failed sandbox, at once": {
    needs: ["control"],
    run: async (c) => {
      await c.fault("createSandbox", { kind: "failed_boot", reason: "image_pull", message: "no such image" });
      const { id } = await c.create();
      const state = await c.phase(id, "failed");
      equal(state.started_at, undefined, "started_at");
      timeOf(state.finished_at, "finished_at");
      equal(state.exit_code, undefined, "exit_code, which nobody knows");
    },
  },

  "a slow boot shows as a phase before running": {
    needs: ["control"],
    run: async (c) => {
      await c.fault("createSandbox", { kind: "slow_boot", ms: 60_000 });
      const { id } = await c.create();
      includes((await c.status(id)).phase, /^(queued|creating)$/, "phase while it boots");
      await c.control.advance(60_000);
      await c.phase(id, "running");
    },
  },

  "an evicted sandbox fails": {
    needs: ["control"],
    run: async (c) => {
      const { id } = await c.running();
      await c.control.evict(id);
      const state = await c.phase(id, "failed");
      equal(state.exit_code, undefined, "exit_code, which nobody knows");
      const answer = await c.http("POST", `/v1/sandbox/${id}/exec`, { json: { command: ["true"] } });
      refused(answer, 409, "sandbox_not_running");
      equal(answer.json.phase, "failed", "phase of the refusal");
    },
  },

  "a sandbox that is lost while a command runs is an error for the command": {
    needs: ["control", "shell"],
    run: async (c) => {
      const sandbox = await c.porter().sandboxes.get((await c.running()).name);
      const command = sandbox.exec(long);
      await begun(c, sandbox.id);
      const shape = { name: /^(ServerError|SandboxNotRunningError)$/ };
      await Promise.all([c.control.evict(sandbox.id), rejects(command, shape, "exec")]);
    },
  },
});

export const ttl = casesOf("ttl", {
  "a sandbox is terminated when its time is over, and not before": {
    needs: ["control"],
    run: async (c) => {
      const { id } = await c.running({ ttl_seconds: 600 });
      await c.control.advance(590_000);
      equal((await c.status(id)).phase, "running", "phase before");
      await c.control.advance(11_000);
      const state = await c.phase(id, "terminated");
      const lived = timeOf(state.finished_at, "finished_at") - timeOf(state.started_at, "started_at");
      ok(lived >= 600_000 && lived < 605_000, `lifetime: expected 600 s, got ${lived} ms`);
    },
  },

  "the time counts from when it starts running": {
    needs: ["control"],
    run: async (c) => {
      await c.fault("createSandbox", { kind: "slow_boot", ms: 60_000 });
      const { id } = await c.create({ ttl_seconds: 100 });
      await c.control.advance(61_000);
      await c.phase(id, "running");
      await c.control.advance(90_000);
      equal((await c.status(id)).phase, "running", "phase 150 s after its creation");
      await c.control.advance(15_000);
      await c.phase(id, "terminated");
    },
  },

  "it counts from creation while it waits": {
    needs: ["control"],
    run: async (c) => {
      await c.fault("createSandbox", { kind: "slow_boot", ms: 3_600_000 });
      const { id } = await c.create({ ttl_seconds: 100 });
      await c.control.advance(101_000);
      const state = await c.phase(id, "terminated");
      equal(state.started_at, undefined, "started_at");
    },
  },

  "one that ended before stays as it was": {
    needs: ["control", "exit_codes"],
    run: async (c) => {
      const { id } = await c.create({ command: ["true"], ttl_seconds: 60 });
      const before = await c.phase(id, "succeeded");
      await c.control.advance(120_000);
      equal(await c.status(id), before, "the status");
    },
  },

  "without one a sandbox goes on": {
    needs: ["control"],
    run: async (c) => {
      const { id } = await c.running();
      await c.control.advance(48 * 3_600_000);
      equal((await c.status(id)).phase, "running", "phase two days later");
    },
  },
});
