import { equal, ok } from "../assert.ts";
import { casesOf } from "../case.ts";
import { frames, spawn } from "../frames.ts";
import { body, nothing, refused, status } from "../http.ts";
import { processAt, processEnded, putInput } from "../process-requests.ts";

export const processes = casesOf("processes", {
  "a process goes on when its reader leaves, and is read again from any byte": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      const first = await spawn(c, id, ["cat"], { stdin: true });
      const path = processAt(id, first.exec_id);
      status(await putInput(c, path, 0, "hello "), 200);
      await first.until(() => first.text.stdout === "hello ");
      await first.leave();
      status(await putInput(c, path, 6, "world", true), 200);
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
      equal(body(await c.http("GET", processAt(id, one.exec_id))), found[0], "one by its id");
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
      await processEnded(c, processAt(id, process.exec_id));
      const late = await frames(c, "GET", `${processAt(id, process.exec_id)}/output`);
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
      const path = processAt(id, process.exec_id);
      equal(body(await putInput(c, path, 0, "abc")), { stdin_bytes: 3 }, "taken");
      equal(body(await putInput(c, path, 0, "abc")), { stdin_bytes: 3 }, "taken, sent again");
      equal(body(await putInput(c, path, 2, "cde")), { stdin_bytes: 5 }, "taken, overlapping");
      refused(await putInput(c, path, 6, "x"), 409, "stdin_gap", { field: "offset" });
      equal(body(await putInput(c, path, 5, "", true)), { stdin_bytes: 5 }, "taken, closed");
      equal(body(await putInput(c, path, 5, "", true)), { stdin_bytes: 5 }, "taken, closed again");
      await process.end();
      equal(process.text.stdout, "abcde", "stdout");
      refused(await putInput(c, path, 5, "more"), 409, "process_ended");
    },
  },

  "a process without input takes none": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["cat"]);
      await process.end();
      refused(await putInput(c, processAt(id, process.exec_id), 0, "x"), 409, "stdin_closed");
    },
  },

  "input over the limit of a file is refused": {
    needs: ["processes", "file_limit"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["cat"], { stdin: true });
      const answer = await putInput(c, processAt(id, process.exec_id), 0, "x".repeat((c.target.maxFileBytes ?? 0) + 1));
      refused(answer, 413, "body_too_large");
    },
  },

  "a kill ends a process, and the end says so": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["sleep", "600"]);
      const path = processAt(id, process.exec_id);
      nothing(await c.http("POST", `${path}/kill`, { json: {} }));
      const end = await process.end();
      ok(end?.type === "exit" && end.reason === "killed" && end.signal === "SIGKILL", "the end: expected killed");
      equal(end.type === "exit" && end.exit_code, 137, "exit_code");
      nothing(await c.http("POST", `${path}/kill`, { json: { signal: "SIGTERM" } }));
      equal((await processEnded(c, path)).reason, "killed", "reason");
    },
  },

  "a process may be ended by another signal": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["sleep", "600"]);
      nothing(await c.http("POST", `${processAt(id, process.exec_id)}/kill`, { json: { signal: "SIGTERM" } }));
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
      nothing(await c.http("POST", `${processAt(id, terminal.exec_id)}/resize`, { json: size }));
      equal(body(await c.http("GET", processAt(id, terminal.exec_id))).tty, true, "tty");
      const plain = await spawn(c, id, ["sleep", "600"]);
      refused(await c.http("POST", `${processAt(id, plain.exec_id)}/resize`, { json: size }), 409, "no_tty");
    },
  },

  "requests against the rules are refused and named": {
    needs: ["processes"],
    run: async (c) => {
      const { id } = await c.running();
      const path = processAt(id, (await spawn(c, id, ["sleep", "600"], { stdin: true })).exec_id);
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
      for (const path of [
        processAt(one.id, "no-such-process"),
        processAt(two.id, exec_id),
        processAt("no-such-sandbox", exec_id),
      ]) {
        refused(await c.http("GET", path), 404, "not_found");
        refused(await c.http("GET", `${path}/output`), 404, "not_found");
        refused(await putInput(c, path, 0, "x"), 404, "not_found");
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
