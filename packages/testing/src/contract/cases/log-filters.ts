import { equal, includes, isNonEmpty, rejects, timeOf } from "../assert.ts";
import { casesOf } from "../case.ts";
import { refused } from "../http.ts";
import { linesOf, readLogs } from "../log-lines.ts";

const text = (lines: readonly { line: string }[]) => lines.map(({ line }) => line);

export const logFilters = casesOf("log filters", {
  "only lines of a level, or of any of several": {
    needs: ["log_filters"],
    run: async (c) => {
      const { id } = await c.running();
      await c.exec(id, ["echo", "fine"]);
      await c.exec(id, ["cat", "/no/such/file"]);
      await linesOf(c, id, 2);
      const levels = async (level: string[]) => (await readLogs(c, id, { level })).map((line) => line.level);
      equal(await levels(["error"]), ["error"], "error");
      equal(await levels(["info"]), ["info"], "info");
      equal(await levels(["warning"]), [], "warning");
      equal(await levels(["error", "info"]), ["info", "error"], "both");
    },
  },

  "only lines of one command": {
    needs: ["log_filters"],
    run: async (c) => {
      const { id } = await c.running();
      await c.exec(id, ["echo", "one\ntwo"]);
      await c.exec(id, ["echo", "three"]);
      const [line] = await linesOf(c, id, 3);
      isNonEmpty(line?.exec_id, "exec_id");
      equal(text(await readLogs(c, id, { exec_id: line.exec_id })), ["one", "two"], "lines of the command");
      equal(await readLogs(c, id, { exec_id: "exec-of-nobody" }), [], "lines of another");
      equal(await readLogs(c, id, { exec_id: "workload" }), [], "lines of the workload");
    },
  },

  "only lines of the workload": {
    needs: ["log_filters"],
    run: async (c) => {
      const { id } = await c.create({ command: ["echo", "from the workload"] });
      const workload = await linesOf(c, id, 1, { exec_id: "workload" });
      equal(text(workload), ["from the workload"], "lines of the workload");
      equal(await readLogs(c, id, { exec_id: "exec-of-nobody" }), [], "lines of a command");
      equal(text(await c.porter().sandboxes.fromId(id).logs({ exec_id: "" })), ["from the workload"], "the client's");
      equal(await readLogs(c, id, { exec_id: "workload", level: ["error"] }), [], "errors of the workload");
    },
  },

  "only lines up to a time": {
    needs: ["log_filters"],
    run: async (c) => {
      const { id } = await c.running();
      await c.exec(id, ["echo", "here"]);
      const [line] = await linesOf(c, id, 1);
      const at = timeOf(line?.timestamp, "timestamp");
      equal((await readLogs(c, id, { until: new Date(at + 1000).toISOString() })).length, 1, "until later");
      equal((await readLogs(c, id, { until: new Date(at - 1000).toISOString() })).length, 0, "until earlier");
      equal((await readLogs(c, id, { until: "30m" })).length, 0, "until half an hour ago");
    },
  },

  "a limit counts the lines that match": {
    needs: ["log_filters"],
    run: async (c) => {
      const { id } = await c.running();
      await c.exec(id, ["cat", "/no/such/file"]);
      await c.exec(id, ["echo", "1\n2\n3\n4"]);
      await linesOf(c, id, 5);
      equal((await readLogs(c, id, { level: ["error"], limit: 2 })).length, 1, "errors");
      equal(text(await readLogs(c, id, { level: ["info"], limit: 2 })), ["3", "4"], "the newest two");
    },
  },

  "filters against the rules are refused and named": {
    needs: ["log_filters"],
    run: async (c) => {
      const { id } = await c.create();
      for (const [query, field] of [
        [{ level: ["loud"] }, "level"],
        [{ level: ["error", "loud"] }, "level"],
        [{ until: "yesterday" }, "until"],
        [{ until: "-5m" }, "until"],
      ] as const) {
        refused(await c.http("GET", `/v1/sandbox/${id}/logs`, { query }), 400, "invalid_request", { field });
      }
    },
  },

  "filters against the rules never leave the client": async (c) => {
    const { porter, sent } = c.offline();
    const sandbox = porter.sandboxes.fromId("some-id");
    for (const [query, field] of [
      [{ level: "loud" as "error" }, /^level/],
      [{ until: "yesterday" }, "until"],
      [{ level: "error", limit: 0 }, "limit"],
    ] as const) {
      await rejects(sandbox.logs(query), { name: "InvalidRequestError", field }, JSON.stringify(query));
    }
    equal(sent, [], "requests");
  },

  "the client filters on every server, also where the server cannot": async (c) => {
    const asked: URL[] = [];
    const porter = c.porterOver((input, init) => {
      asked.push(new URL(typeof input === "object" && "url" in input ? input.url : input));
      return c.target.fetch(input, init);
    });
    const sandbox = await c.sandbox({ porter });
    await sandbox.exec(["cat", "/no/such/file"]);
    await sandbox.exec(["echo", "1\n2\n3\n4"]);
    const all = await linesOf(c, sandbox.id, 5);
    equal((await sandbox.logs({ level: "error", limit: 2 })).length, 1, "errors");
    equal(text(await sandbox.logs({ level: ["info"], limit: 2 })), ["3", "4"], "the newest two");
    const exec_id = all[0]?.exec_id;
    equal((await sandbox.logs({ exec_id })).length, 1, "lines of the first command");
    equal((await sandbox.logs({ until: "30m" })).length, 0, "lines until half an hour ago");
    const filtered = asked.filter(({ searchParams }) =>
      ["level", "exec_id", "until"].some((name) => searchParams.has(name)),
    );
    equal(filtered.length, c.has("log_filters") ? 4 : 0, "requests with filters");
    for (const { pathname } of filtered) includes(pathname, /\/logs$/, "path of a request with filters");
  },
});
