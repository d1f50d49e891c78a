import { equal, includes, ok } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import { frames, spawn } from "../frames.ts";
import { body, nothing, refused, status } from "../http.ts";

const exec = async (c: Context, id: string, command: readonly string[], options: Record<string, unknown> = {}) =>
  body(await c.http("POST", `/v1/sandbox/${id}/exec`, { json: { command, ...options } }));

const at = (id: string, exec_id: string) => `/v1/sandbox/${id}/processes/${exec_id}`;

const put = (c: Context, path: string, offset: number, text: string, eof = false) =>
  c.http("PUT", `${path}/stdin`, {
    query: { offset, ...(eof && { eof }) },
    body: text,
    headers: { "content-type": "application/octet-stream" },
  });

const ended = (c: Context, path: string) =>
  c.until("the process to have ended", async () => {
    const found = body(await c.http("GET", path));
    return found.running ? undefined : found;
  });

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

export const streams = casesOf("streams", {
  "output and the end come in frames": {
    needs: ["exec_streams"],
    run: async (c) => {
      const { id } = await c.running();
      const good = await spawn(c, id, ["echo", "hello"]);
      const end = await good.end();
      equal(good.text, { stdout: "hello\n", stderr: "" }, "output");
      const expected = { type: "exit", exit_code: 0, reason: "exited", stdout_bytes: 6, stderr_bytes: 0 };
      equal(end, expected, "the end");
      const bad = await spawn(c, id, ["cat", "/no/such/file"]);
      const failed = await bad.end();
      includes(bad.text.stderr, "/no/such/file", "stderr");
      equal(bad.text.stdout, "", "stdout");
      ok(failed?.type === "exit" && failed.exit_code !== 0, "exit_code: expected another than 0");
    },
  },

  "output comes before the end": {
    needs: ["exec_streams", "processes"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["cat"], { stdin: true });
      status(await put(c, at(id, process.exec_id), 0, "first\n"), 200);
      await process.until(() => process.text.stdout === "first\n");
      equal(process.text.stdout, "first\n", "stdout while it runs");
      status(await put(c, at(id, process.exec_id), 6, "", true), 200);
      const end = await process.end();
      ok(end?.type === "exit" && end.exit_code === 0, "the end");
    },
  },

  "much output comes whole, also to a reader that rests": {
    needs: ["exec_streams"],
    run: async (c) => {
      const { id } = await c.running();
      const bytes = 20 * 1024 * 1024;
      const process = await spawn(c, id, ["head", "-c", String(bytes), "/dev/zero"]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      const end = await process.end();
      equal(process.text.stdout.length, bytes, "bytes of stdout");
      ok(end?.type === "exit" && end.stdout_bytes === bytes, "stdout_bytes of the end");
    },
  },

  "a quiet command of ten minutes is neither cut nor ended": {
    needs: ["exec_streams", "control"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["sleep", "660"]);
      const lives = () => process.events.filter(({ type }) => type === "keepalive").length;
      for (let quarters = 1; quarters <= 40; quarters++) {
        await c.control.advance(15_000);
        await process.until(() => lives() >= quarters);
      }
      equal(process.events.length, lives() + 1, "events beside the start");
      await c.control.advance(60_000);
      const end = await process.end();
      ok(end?.type === "exit" && end.exit_code === 0 && end.reason === "exited", "the end");
    },
  },

  "a stream that is cut has no end": {
    needs: ["exec_streams", "control"],
    run: async (c) => {
      const { id } = await c.running();
      await c.fault("execSandbox", { kind: "cut_body", after_bytes: 120 });
      const process = await spawn(c, id, ["cat"], { stdin: true });
      const text = "0123456789".repeat(20);
      status(await put(c, at(id, process.exec_id), 0, text), 200);
      let cut = false;
      await process.end().catch(() => {
        cut = true;
      });
      ok(cut, "reading on: expected an error");
      ok(!process.events.some(({ type }) => type === "exit"), "events: expected no exit");
      ok(text.startsWith(process.text.stdout) && process.text.stdout !== text, "stdout: expected a part of it");
      const again = await frames(c, "GET", `${at(id, process.exec_id)}/output`);
      await again.until(() => again.text.stdout.length === text.length);
      equal(again.text.stdout, text, "stdout, read again");
    },
  },

  "an end that is not known is not made up": {
    needs: ["exec_streams", "control"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["sleep", "600"]);
      await c.control.evict(id);
      const end = await process.end().catch(() => "broke" as const);
      const known = end === "broke" || end?.type === "sandbox_ended";
      ok(known, "the end: expected sandbox_ended, or a stream that breaks");
    },
  },

  "a command ends with its sandbox, and its reader is told": {
    needs: ["exec_streams"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["sleep", "600"]);
      nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
      const end = await process.end();
      const known = end?.type === "sandbox_ended" || (end?.type === "exit" && end.exit_code === 137);
      ok(known, "the end: expected sandbox_ended, or an exit by SIGKILL");
    },
  },

  "a command whose time is over says so": {
    needs: ["exec_streams", "exec_options"],
    run: async (c) => {
      const { id } = await c.running();
      const end = await (await spawn(c, id, ["sleep", "600"], { timeout_ms: 300 })).end();
      ok(end?.type === "exit" && end.reason === "timed_out" && end.exit_code === 137, "the end: expected timed_out");
    },
  },
});

export const processes = casesOf("processes", {
  "a process goes on when its reader leaves, and is read again from any byte": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      const first = await spawn(c, id, ["cat"], { stdin: true });
      const path = at(id, first.exec_id);
      status(await put(c, path, 0, "hello "), 200);
      await first.until(() => first.text.stdout === "hello ");
      await first.leave();
      status(await put(c, path, 6, "world", true), 200);
      const again = await frames(c, "GET", `${path}/output?stdout_offset=4`);
      const end = await again.end();
      equal(again.text.stdout, "o world", "stdout from the fourth byte");
      equal(again.events[0], { type: "start", exec_id: first.exec_id, stdout_offset: 4, stderr_offset: 0 }, "start");
      ok(end?.type === "exit" && end.stdout_bytes === 11, "the end");
    },
  },

  "processes are listed, with how they ended": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      equal(body(await c.http("GET", `/v1/sandbox/${id}/processes`)), { processes: [] }, "before");
      const one = await spawn(c, id, ["cat", "/no/such/file"]);
      await one.end();
      const two = await spawn(c, id, ["sleep", "600"], { stdin: true });
      const found = body(await c.http("GET", `/v1/sandbox/${id}/processes`)).processes;
      equal(
        found.map((each: Record<string, unknown>) => [
          each.exec_id,
          each.command,
          each.running,
          each.reason,
          each.stdin,
        ]),
        [
          [one.exec_id, ["cat", "/no/such/file"], false, "exited", false],
          [two.exec_id, ["sleep", "600"], true, undefined, true],
        ],
        "processes",
      );
      equal(body(await c.http("GET", at(id, one.exec_id))), found[0], "one by its id");
      ok(found[0].stderr_bytes > 0 && found[0].exit_code > 0, "stderr_bytes and exit_code");
    },
  },

  "what does not fit into the buffer is a gap": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      const bytes = 8 * 1024 * 1024;
      const process = await spawn(c, id, ["head", "-c", String(bytes), "/dev/zero"]);
      await process.leave();
      await ended(c, at(id, process.exec_id));
      const late = await frames(c, "GET", `${at(id, process.exec_id)}/output`);
      const end = await late.end();
      const gap = late.events.find((event) => event.type === "gap");
      ok(gap?.type === "gap" && gap.stream === "stdout" && gap.from === 0, "events: expected a gap from 0");
      equal(late.text.stdout.length, bytes - (gap.type === "gap" ? gap.to : 0), "bytes after the gap");
      ok(end?.type === "exit" && end.stdout_bytes === bytes, "stdout_bytes of the end");
    },
  },

  "input that is sent twice is taken once": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["cat"], { stdin: true });
      const path = at(id, process.exec_id);
      equal(body(await put(c, path, 0, "abc")), { stdin_bytes: 3 }, "taken");
      equal(body(await put(c, path, 0, "abc")), { stdin_bytes: 3 }, "taken, sent again");
      equal(body(await put(c, path, 2, "cde")), { stdin_bytes: 5 }, "taken, overlapping");
      refused(await put(c, path, 6, "x"), 409, "stdin_gap", { field: "offset" });
      equal(body(await put(c, path, 5, "", true)), { stdin_bytes: 5 }, "taken, closed");
      equal(body(await put(c, path, 5, "", true)), { stdin_bytes: 5 }, "taken, closed again");
      await process.end();
      equal(process.text.stdout, "abcde", "stdout");
      refused(await put(c, path, 5, "more"), 409, "process_ended");
    },
  },

  "a process without input takes none": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["cat"]);
      await process.end();
      refused(await put(c, at(id, process.exec_id), 0, "x"), 409, "stdin_closed");
    },
  },

  "input over the limit of a file is refused": {
    needs: ["processes", "file_limit"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["cat"], { stdin: true });
      const answer = await put(c, at(id, process.exec_id), 0, "x".repeat((c.target.maxFileBytes ?? 0) + 1));
      refused(answer, 413, "body_too_large");
    },
  },

  "a kill ends a process, and the end says so": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["sleep", "600"]);
      const path = at(id, process.exec_id);
      nothing(await c.http("POST", `${path}/kill`, { json: {} }));
      const end = await process.end();
      ok(end?.type === "exit" && end.reason === "killed" && end.signal === "SIGKILL", "the end: expected killed");
      equal(end.type === "exit" && end.exit_code, 137, "exit_code");
      nothing(await c.http("POST", `${path}/kill`, { json: { signal: "SIGTERM" } }));
      equal((await ended(c, path)).reason, "killed", "reason");
    },
  },

  "a process may be ended by another signal": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["sleep", "600"]);
      nothing(await c.http("POST", `${at(id, process.exec_id)}/kill`, { json: { signal: "SIGTERM" } }));
      const end = await process.end();
      ok(end?.type === "exit" && end.exit_code === 143 && end.signal === "SIGTERM", "the end: expected SIGTERM");
      equal(end.type === "exit" && end.reason, "killed", "reason");
    },
  },

  "a terminal can be resized, a process without one cannot": {
    needs: ["processes", "exec_options"],
    run: async (c) => {
      const { id } = await c.running();
      const terminal = await spawn(c, id, ["sleep", "600"], { tty: { rows: 24, cols: 80 } });
      const size = { rows: 50, cols: 132 };
      nothing(await c.http("POST", `${at(id, terminal.exec_id)}/resize`, { json: size }));
      equal(body(await c.http("GET", at(id, terminal.exec_id))).tty, true, "tty");
      const plain = await spawn(c, id, ["sleep", "600"]);
      refused(await c.http("POST", `${at(id, plain.exec_id)}/resize`, { json: size }), 409, "no_tty");
    },
  },

  "requests against the rules are refused and named": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      const path = at(id, (await spawn(c, id, ["sleep", "600"], { stdin: true })).exec_id);
      for (const signal of ["KILL", "SIGNONE", 9]) {
        refused(await c.http("POST", `${path}/kill`, { json: { signal } }), 400, "invalid_request", {
          field: "signal",
        });
      }
      for (const [size, field] of [
        [{ rows: 0, cols: 80 }, "rows"],
        [{ rows: 24 }, "cols"],
      ] as const) {
        refused(await c.http("POST", `${path}/resize`, { json: size }), 400, "invalid_request", { field });
      }
      const large = { json: { signal: "x".repeat(1_100_000) } };
      refused(await c.http("POST", `${path}/kill`, large), 413, "body_too_large");
      refused(await c.http("POST", `${path}/resize`, large), 413, "body_too_large");
      const negative = await c.http("GET", `${path}/output`, { query: { stdout_offset: -1 } });
      refused(negative, 400, "invalid_request", { field: "stdout_offset" });
      const ahead = await c.http("GET", `${path}/output`, { query: { stderr_offset: 1 } });
      refused(ahead, 416, "range_not_satisfiable", { field: "stderr_offset" });
      const nowhere = await c.http("PUT", `${path}/stdin`, { body: "x" });
      refused(nowhere, 400, "invalid_request", { field: "offset" });
    },
  },

  "an unknown process is a 404, and so is one of another sandbox": {
    needs: ["processes"],
    run: async (c) => {
      const [one, two] = await Promise.all([c.running(), c.running()]);
      const { exec_id } = await spawn(c, one.id, ["sleep", "600"], { stdin: true });
      const size = { rows: 1, cols: 1 };
      for (const path of [at(one.id, "no-such-process"), at(two.id, exec_id), at("no-such-sandbox", exec_id)]) {
        refused(await c.http("GET", path), 404, "not_found");
        refused(await c.http("GET", `${path}/output`), 404, "not_found");
        refused(await put(c, path, 0, "x"), 404, "not_found");
        refused(await c.http("POST", `${path}/kill`, { json: {} }), 404, "not_found");
        refused(await c.http("POST", `${path}/resize`, { json: size }), 404, "not_found");
      }
      refused(await c.http("GET", "/v1/sandbox/no-such-sandbox/processes"), 404, "not_found");
    },
  },

  "a process keeps its lines as logs": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["echo", "one\ntwo"]);
      await process.end();
      const { logs } = body(await c.http("GET", `/v1/sandbox/${id}/logs`));
      equal(
        logs.map((each: Record<string, unknown>) => [each.line, each.exec_id]),
        [
          ["one", process.exec_id],
          ["two", process.exec_id],
        ],
        "lines",
      );
    },
  },
});
