import { createVirtualClock } from "../../clock.ts";
import { equal, excludes, includes, ok, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import { body, refused } from "../http.ts";

const handle = async (c: Context, spec: Record<string, unknown> = {}) => {
  const sandbox = await c.porter().sandboxes.create({ image: c.target.image, ...spec });
  c.cleanup(() => sandbox.terminate());
  return sandbox;
};

export const exec = casesOf("exec", {
  "output and exit code come back": async (c) => {
    const { id } = await c.running();
    const answer = body(await c.http("POST", `/v1/sandbox/${id}/exec`, { json: { command: ["echo", "hello"] } }));
    equal([answer.stdout, answer.stderr, answer.exit_code], ["hello\n", "", 0], "stdout, stderr, exit_code");
  },

  "a nonzero exit code is a result": async (c) => {
    const { id } = await c.running();
    equal(await c.exec(id, ["false"]).then((result) => result.exit_code), 1, "exit_code");
  },

  "standard error is kept apart": async (c) => {
    const { id } = await c.running();
    const result = await c.exec(id, ["cat", "/no/such/file"]);
    equal(result.stdout, "", "stdout");
    includes(result.stderr, "/no/such/file", "stderr");
    ok(result.exit_code !== 0, "exit_code: expected another than 0");
  },

  "arguments are no shell line": async (c) => {
    const { id } = await c.running();
    const words = ["a  b", "$HOME", "*", ";", "|", '"', "'", "\\", "", "ž 🐎"];
    equal((await c.exec(id, ["echo", ...words])).stdout, `${words.join(" ")}\n`, "stdout");
  },

  "a program that does not exist fails with 126 or 127": async (c) => {
    const { id } = await c.running();
    const result = await c.exec(id, ["no-such-program-here"]);
    ok([126, 127].includes(result.exit_code), `exit_code: expected 126 or 127, got ${result.exit_code}`);
    ok(result.stderr !== "", "stderr: expected a reason");
  },

  "shell pipelines run where there is a shell": {
    needs: ["shell"],
    run: async (c) => {
      const { id } = await c.running();
      const result = await c.exec(id, ["sh", "-c", "echo one > /tmp/x; cat /tmp/x | tr a-z A-Z; echo two >&2; exit 7"]);
      equal([result.stdout, result.stderr, result.exit_code], ["ONE\n", "two\n", 7], "stdout, stderr, exit_code");
    },
  },

  "what a shell does not export stays its own": {
    needs: ["shell"],
    run: async (c) => {
      const { id } = await c.running();
      const variables = "own=1; export given=2; env; env given=3 sh -c 'echo again=$given'";
      const { stdout } = await c.exec(id, ["sh", "-c", variables, "sh", "argument"]);
      includes(`\n${stdout}`, "\ngiven=2\n", "what was exported");
      includes(stdout, "\nagain=3\n", "what env gives a program");
      excludes(stdout, "own=1", "what was not exported");
      excludes(stdout, "argument", "arguments");
    },
  },

  "files last from one command to the next": async (c) => {
    const { id } = await c.running();
    equal((await c.exec(id, ["mkdir", "/kept"])).exit_code, 0, "exit_code of mkdir");
    includes((await c.exec(id, ["ls", "/"])).stdout, /^kept$/m, "ls");
  },

  "a command goes on after what it cannot do": async (c) => {
    const { id } = await c.running();
    equal((await c.exec(id, ["mkdir", "/first"])).exit_code, 0, "exit_code of mkdir");
    const result = await c.exec(id, ["mkdir", "/first", "/second"]);
    ok(result.exit_code !== 0, "exit_code: expected another than 0 where one is there already");
    includes(result.stderr, "/first", "stderr");
    equal((await c.exec(id, ["ls", "/second"])).exit_code, 0, "exit_code of ls");
  },

  "one sandbox's files are not another's": async (c) => {
    const [one, two] = await Promise.all([c.running(), c.running()]);
    await c.exec(one.id, ["mkdir", "/mine"]);
    ok(!/^mine$/m.test((await c.exec(two.id, ["ls", "/"])).stdout), "ls in the other: expected no /mine");
  },

  "commands run side by side": async (c) => {
    const { id } = await c.running();
    const words = Array.from({ length: 8 }, (_, index) => `word-${index}`);
    const results = await Promise.all(words.map((word) => c.exec(id, ["echo", word])));
    equal(
      results.map(({ stdout }) => stdout),
      words.map((word) => `${word}\n`),
      "stdout of each",
    );
  },

  "a long output comes whole": async (c) => {
    const { id } = await c.running();
    const words = Array.from({ length: 100 }, (_, index) => `${index}:${"x".repeat(600)}`);
    equal((await c.exec(id, ["echo", ...words])).stdout.length, words.join(" ").length + 1, "length of stdout");
  },

  "an unknown sandbox is a 404": async (c) => {
    const answer = await c.http("POST", "/v1/sandbox/no-such-sandbox/exec", { json: { command: ["true"] } });
    refused(answer, 404, "not_found", { says: ["no-such-sandbox"] });
  },

  "a sandbox that boots refuses, and says that it does": {
    needs: ["control"],
    run: async (c) => {
      await c.fault("createSandbox", { kind: "slow_boot", ms: 3_600_000 });
      const { id } = await c.create();
      const answer = await c.http("POST", `/v1/sandbox/${id}/exec`, { json: { command: ["true"] } });
      refused(answer, 409, "sandbox_not_running");
      includes(answer.json.phase, /^(queued|creating)$/, "phase of the refusal");
    },
  },

  "the client's result has output and exit code": async (c) => {
    const sandbox = await c.sandbox();
    const good = await sandbox.exec(["echo", "hi"]);
    equal([good.stdout, good.stderr, good.exit_code], ["hi\n", "", 0], "stdout, stderr, exit_code");
    const bad = await sandbox.exec(["false"]);
    equal(bad.exit_code, 1, "exit_code of false");
    const command = ["echo", "as given"];
    const done = sandbox.exec(command);
    command[1] = "changed";
    equal((await done).stdout, "as given\n", "stdout of what the caller changed afterwards");
  },

  "the client waits for a sandbox that boots": {
    needs: ["control"],
    run: async (c) => {
      await c.fault("createSandbox", { kind: "slow_boot", ms: 30_000 });
      const sandbox = await handle(c);
      const command = ["echo", "at last"];
      const result = sandbox.exec(command);
      command.length = 0;
      await c.until("a first attempt", async () =>
        (await c.requests("execSandbox")).some(({ status }) => status === 409) ? true : undefined,
      );
      await c.control.advance(30_000);
      equal((await result).stdout, "at last\n", "stdout");
    },
  },

  "the client does not wait for a sandbox that ended": async (c) => {
    const sandbox = await handle(c);
    await sandbox.terminate();
    const error = await rejects(
      sandbox.exec(["true"]),
      {
        name: "SandboxNotRunningError",
        statusCode: 409,
        code: "sandbox_not_running",
        phase: "terminated",
        admitted: false,
      },
      "exec in an ended sandbox",
    );
    includes(error.message, sandbox.id, "the message");
  },

  "the client stops waiting when a boot fails": {
    needs: ["control"],
    run: async (c) => {
      await c.fault("createSandbox", { kind: "failed_boot", reason: "engine_error" });
      const sandbox = await handle(c);
      await rejects(sandbox.exec(["true"]), { name: "SandboxNotRunningError", phase: "failed" }, "exec");
    },
  },

  "the client stops waiting when its time is over, and nothing has run": {
    needs: ["control"],
    run: async (c) => {
      await c.fault("createSandbox", { kind: "slow_boot", ms: 3_600_000 });
      const clock = createVirtualClock({ frozen: true });
      const porter = c.porter({ clock });
      const sandbox = await porter.sandboxes.create({ image: c.target.image });
      c.cleanup(() => sandbox.terminate());
      let over = false;
      const end = () => {
        over = true;
      };
      const waited = rejects(
        sandbox.exec(["true"], { timeoutMs: 40 }),
        { name: "CommandTimeoutError", killed: false, admitted: false, stdout: "", stderr: "" },
        "exec in a sandbox that boots",
      );
      waited.then(end, end);
      await c.until("the client to stop waiting", async () => {
        // Beside its limit there is the wait between two attempts: none is on its way.
        if (clock.pending() > 1) await clock.advance(10);
        return over || undefined;
      });
      await waited;
    },
  },

  "a command that takes too long is a CommandTimeoutError": async (c) => {
    const sandbox = await c.sandbox();
    const error = await rejects(
      sandbox.exec(["sleep", "600"], { timeoutMs: 40 }),
      { name: "CommandTimeoutError", stdout: "", stderr: "" },
      "exec of a long command",
    );
    ok(error.killed !== undefined, "killed: expected whether it was, or that it is not known");
  },

  "an aborted command rejects with the signal's reason, and its request is cancelled": {
    needs: ["control"],
    run: async (c) => {
      const sandbox = await c.sandbox();
      const controller = new AbortController();
      const reason = new Error("changed my mind");
      const result = sandbox.exec(["sleep", "600"], { signal: controller.signal });
      await c.arrived("execSandbox");
      controller.abort(reason);
      await rejects(result, { message: reason.message }, "exec");
      await c.until("the request to be cancelled", async () => (await c.arrived("execSandbox")).aborted || undefined);
    },
  },

  "a signal that is aborted already sends nothing": async (c) => {
    const { sandbox, sent } = await heldOffline(c);
    const reason = new Error("too late");
    await rejects(sandbox.exec(["true"], { signal: AbortSignal.abort(reason) }), { message: "too late" }, "exec");
    equal(sent(), 0, "requests sent");
  },

  "commands against the rules are refused and named": async (c) => {
    const { id } = await c.running();
    for (const [command, says] of [
      [[], ""],
      [[""], ""],
      ["echo hi", "echo hi"],
      [["echo", 7], "7"],
      [["echo", "a\u0000b"], ""],
      [null, "null"],
    ] as const) {
      const answer = await c.http("POST", `/v1/sandbox/${id}/exec`, { json: { command } });
      refused(answer, 400, "invalid_request", { field: "command", says: [says] });
    }
  },

  "a command over the body's limit is refused": async (c) => {
    const { id } = await c.running();
    const answer = await c.http("POST", `/v1/sandbox/${id}/exec`, {
      json: { command: ["echo", "x".repeat(1_100_000)] },
    });
    refused(answer, 413, "body_too_large");
  },

  "commands against the rules never leave the client": async (c) => {
    const { sandbox, sent } = await heldOffline(c);
    for (const command of [[], [""], ["echo", "a\u0000b"], ["echo", "\ud800"], "", ["echo", 7]]) {
      const error = await rejects(
        sandbox.exec(command as string[]),
        { name: "InvalidRequestError", admitted: false, statusCode: undefined },
        `exec of ${JSON.stringify(command)}`,
      );
      includes(error.message, "command", "the message");
    }
    equal(sent(), 0, "requests sent");
  },
});

/** A handle whose further requests are counted. */
async function heldOffline(c: Context) {
  let sent = 0;
  const porter = c.porterOver((input, init) => {
    sent += 1;
    return c.target.fetch(input, init);
  });
  const sandbox = await porter.sandboxes.create({ image: c.target.image });
  c.cleanup(() => sandbox.terminate());
  const before = sent;
  return { sandbox, sent: () => sent - before };
}
