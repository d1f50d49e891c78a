import { equal, includes, ok } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import { body, refused } from "../http.ts";

const exec = async (c: Context, id: string, command: readonly string[], options: Record<string, unknown> = {}) =>
  body(await c.http("POST", `/v1/sandbox/${id}/exec`, { json: { command, ...options } }));

export const execOptions = casesOf("exec options", {
  "a command runs in the directory asked for": {
    needs: ["exec_options"],
    run: async (c) => {
      const { id } = await c.running();
      equal((await exec(c, id, ["pwd"], { cwd: "/tmp" })).stdout, "/tmp\n", "stdout");
    },
  },

  "variables go over those of the sandbox": {
    needs: ["exec_options"],
    run: async (c) => {
      const { id } = await c.running({ env: { KEPT: "kept", CHANGED: "before" } });
      const { stdout } = await exec(c, id, ["printenv", "KEPT", "CHANGED", "ADDED"], {
        env: { CHANGED: "after", ADDED: "" },
      });
      equal(stdout, "kept\nafter\n\n", "stdout");
      equal((await exec(c, id, ["printenv", "CHANGED"])).stdout, "before\n", "the next command's");
    },
  },

  "a command runs as whom it was asked to": {
    needs: ["exec_options"],
    run: async (c) => {
      const { id } = await c.running();
      equal((await exec(c, id, ["whoami"], { user: "root" })).stdout, "root\n", "stdout");
    },
  },

  "a command whose time is over is killed, and the answer says so": {
    needs: ["exec_options"],
    run: async (c) => {
      const { id } = await c.running();
      const running = exec(c, id, ["sleep", "600"], { timeout_ms: 300 });
      const { exit_code, reason, signal } = await running;
      equal([exit_code, reason, signal], [137, "timed_out", "SIGKILL"], "exit_code, reason, signal");
    },
  },

  "the answer says how a command ended, and how much it wrote": {
    needs: ["exec_options"],
    run: async (c) => {
      const { id } = await c.running();
      const answer = await exec(c, id, ["echo", "€"], { timeout_ms: 60_000 });
      equal([answer.reason, answer.stdout_bytes, answer.stderr_bytes], ["exited", 4, 0], "reason and bytes");
      ok(!("signal" in answer), "signal: expected none");
    },
  },

  "of a long output the beginning and the end are answered when few bytes are asked for": {
    needs: ["exec_options"],
    run: async (c) => {
      const { id } = await c.running();
      const words = `begin${"x".repeat(1000)}end`;
      const answer = await exec(c, id, ["echo", words], { max_output_bytes: 10 });
      equal([answer.stdout, answer.stdout_tail], ["begin", "xend\n"], "stdout and its tail");
      equal([answer.stdout_truncated, answer.stdout_bytes], [true, 1009], "truncated, bytes");
      equal(answer.stderr_truncated, false, "stderr_truncated");
    },
  },

  "a terminal has one output": {
    needs: ["exec_options"],
    run: async (c) => {
      const { id } = await c.running();
      const answer = await exec(c, id, ["cat", "/no/such/file"], { tty: { rows: 24, cols: 80 } });
      includes(answer.stdout, "/no/such/file", "stdout");
      equal(answer.stderr, "", "stderr");
    },
  },

  "options against the rules are refused and named": {
    needs: ["exec_options"],
    run: async (c) => {
      const { id } = await c.running();
      for (const [options, field] of [
        [{ cwd: "tmp" }, "cwd"],
        [{ env: { "A=B": "x" } }, "env"],
        [{ user: "a b" }, "user"],
        [{ timeout_ms: 0 }, "timeout_ms"],
        [{ tty: { rows: 0, cols: 80 } }, "tty.rows"],
        [{ tty: true }, "tty"],
        [{ max_output_bytes: -1 }, "max_output_bytes"],
        [{ stdin: true }, "stdin"],
        [{ shell: true }, "shell"],
      ] as const) {
        const answer = await c.http("POST", `/v1/sandbox/${id}/exec`, { json: { command: ["true"], ...options } });
        refused(answer, 400, "invalid_request", { field });
      }
    },
  },

  "a server of the published API knows no options, and answers in one piece": {
    needs: ["no_extensions"],
    run: async (c) => {
      const { id } = await c.running();
      const refusal = await c.http("POST", `/v1/sandbox/${id}/exec`, { json: { command: ["true"], cwd: "/" } });
      refused(refusal, 400, "invalid_request", { field: "cwd" });
      const headers = { accept: "application/vnd.sandbox.exec-stream, application/json" };
      const answer = body(
        await c.http("POST", `/v1/sandbox/${id}/exec`, { json: { command: ["echo", "hi"] }, headers }),
      );
      equal(answer.stdout, "hi\n", "stdout");
      refused(await c.http("GET", `/v1/sandbox/${id}/processes`), 404, "not_found");
    },
  },
});
