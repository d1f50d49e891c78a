import { equal, isNonEmpty, notEqual, ok, rejects, timeOf } from "../assert.ts";
import { casesOf } from "../case.ts";
import { body, refused } from "../http.ts";
import { linesOf, readLogs } from "../log-lines.ts";

export const logs = casesOf("logs", {
  "the workload's own output has no exec id": async (c) => {
    const { id } = await c.create({ command: ["echo", "from the workload"] });
    const [line] = await linesOf(c, id, 1);
    equal([line?.line, line?.exec_id, line?.level], ["from the workload", "", "info"], "line, exec_id, level");
    timeOf(line?.timestamp, "timestamp");
  },

  "what commands write carries an id for each command": async (c) => {
    const { id } = await c.running();
    await c.exec(id, ["echo", "one"]);
    await c.exec(id, ["echo", "two"]);
    const [one, two] = await linesOf(c, id, 2);
    equal([one?.line, two?.line], ["one", "two"], "lines, oldest first");
    isNonEmpty(one?.exec_id, "exec_id");
    notEqual(one?.exec_id, two?.exec_id, "exec_id of the second");
    equal(body(await c.http("GET", `/v1/sandbox/${id}/logs`)).sandbox_id, id, "sandbox_id");
  },

  "standard error is an error, standard output is information": async (c) => {
    const { id } = await c.running();
    await c.exec(id, ["echo", "fine"]);
    await c.exec(id, ["cat", "/no/such/file"]);
    equal(
      (await linesOf(c, id, 2)).map(({ level }) => level),
      ["info", "error"],
      "levels",
    );
  },

  "lines are whole lines": async (c) => {
    const { id } = await c.running();
    await c.exec(id, ["echo", "first\nsecond\n\nfourth ž"]);
    equal(
      (await linesOf(c, id, 4)).map(({ line }) => line),
      ["first", "second", "", "fourth ž"],
      "lines",
    );
  },

  "a limit keeps the newest, oldest first": async (c) => {
    const { id } = await c.running();
    await c.exec(id, ["echo", "1\n2\n3\n4\n5"]);
    await linesOf(c, id, 5);
    equal(
      (await readLogs(c, id, { limit: 2 })).map(({ line }) => line),
      ["4", "5"],
      "lines",
    );
  },

  "lines of the workload and of commands come by time, and a limit keeps the newest of both": {
    needs: ["shell", "exit_codes"],
    exclusive: true,
    run: async (c) => {
      const seconds = c.has("control") ? 600 : 3;
      const { id } = await c.running({ command: ["sh", "-c", `sleep ${seconds}; echo last`] });
      await c.exec(id, ["echo", "1\n2\n3"]);
      if (c.has("control")) await c.control.advance(seconds * 1000);
      await c.phase(id, "succeeded");
      equal(
        (await linesOf(c, id, 4)).map(({ line, exec_id }) => [line, exec_id === ""]),
        [
          ["1", false],
          ["2", false],
          ["3", false],
          ["last", true],
        ],
        "lines, and whether they are the workload's",
      );
      equal(
        (await readLogs(c, id, { limit: 2 })).map(({ line }) => line),
        ["3", "last"],
        "the newest two",
      );
    },
  },

  "without a limit there are at most 500, and 5000 with one": async (c) => {
    const { id } = await c.running();
    const words = Array.from({ length: 5100 }, (_, index) => String(index));
    await c.exec(id, ["echo", words.join("\n")]);
    await linesOf(c, id, 500);
    const some = await readLogs(c, id);
    equal([some.length, some[0]?.line, some.at(-1)?.line], [500, "4600", "5099"], "by default: length, first, last");
    const all = await readLogs(c, id, { limit: 100_000 });
    equal([all.length, all[0]?.line, all.at(-1)?.line], [5000, "100", "5099"], "at most: length, first, last");
  },

  "since is a duration back from now or a time": async (c) => {
    const { id } = await c.running();
    await c.exec(id, ["echo", "here"]);
    const [line] = await linesOf(c, id, 1);
    const at = timeOf(line?.timestamp, "timestamp");
    for (const since of ["15m", "1h30m", "90s", new Date(at - 1000).toISOString()]) {
      equal((await readLogs(c, id, { since })).length, 1, `lines since ${since}`);
    }
    equal((await readLogs(c, id, { since: new Date(at + 1000).toISOString() })).length, 0, "lines since a later time");
  },

  "without since the last hour counts": {
    needs: ["control"],
    run: async (c) => {
      const { id } = await c.running();
      await c.exec(id, ["echo", "old"]);
      await c.control.advance(50 * 60_000);
      equal((await readLogs(c, id)).length, 1, "lines 50 minutes later");
      await c.control.advance(20 * 60_000);
      equal((await readLogs(c, id)).length, 0, "lines 70 minutes later");
      equal((await readLogs(c, id, { since: "2h" })).length, 1, "lines of two hours");
      await c.exec(id, ["echo", "new"]);
      equal(
        (await readLogs(c, id, { since: "30m" })).map(({ line }) => line),
        ["new"],
        "lines of half an hour",
      );
    },
  },

  "logs outlive the sandbox": async (c) => {
    const { id } = await c.running();
    await c.exec(id, ["echo", "still here"]);
    await linesOf(c, id, 1);
    await c.http("DELETE", `/v1/sandbox/${id}`);
    equal(
      (await readLogs(c, id)).map(({ line }) => line),
      ["still here"],
      "lines",
    );
  },

  "logs of the workload outlive it": {
    needs: ["exit_codes"],
    run: async (c) => {
      const { id } = await c.create({ command: ["echo", "last words"] });
      await c.phase(id, "succeeded");
      equal((await linesOf(c, id, 1))[0]?.line, "last words", "line");
    },
  },

  "queries against the rules are refused and named": async (c) => {
    const { id } = await c.create();
    for (const [query, field] of [
      [{ limit: 0 }, "limit"],
      [{ limit: -5 }, "limit"],
      [{ limit: "2.5" }, "limit"],
      [{ limit: "many" }, "limit"],
      [{ since: "yesterday" }, "since"],
      [{ since: "15" }, "since"],
      [{ since: "-5m" }, "since"],
    ] as const) {
      const says = [String(Object.values(query)[0])];
      refused(await c.http("GET", `/v1/sandbox/${id}/logs`, { query }), 400, "invalid_request", { field, says });
    }
  },

  "an unknown sandbox has no logs": async (c) => {
    refused(await c.http("GET", "/v1/sandbox/no-such-sandbox/logs"), 404, "not_found", { says: ["no-such-sandbox"] });
  },

  "the client reads structured lines": async (c) => {
    const sandbox = await c.sandbox();
    await sandbox.exec(["echo", "one\ntwo\nthree"]);
    await linesOf(c, sandbox.id, 3);
    const found = await sandbox.logs({ limit: 2, since: "15m" });
    equal(
      found.map(({ line }) => line),
      ["two", "three"],
      "lines",
    );
    ok(found[0]?.exec_id, "exec_id: expected one");
    equal((await sandbox.logs()).length, 3, "lines without options");
  },

  "queries against the rules never leave the client": async (c) => {
    let sent = 0;
    const porter = c.porterOver((input, init) => {
      sent += 1;
      return c.target.fetch(input, init);
    });
    const sandbox = await porter.sandboxes.create({ image: c.target.image });
    c.cleanup(() => sandbox.terminate());
    const before = sent;
    for (const options of [{ limit: 0 }, { limit: 1.5 }, { limit: -1 }]) {
      await rejects(
        sandbox.logs(options),
        { name: "InvalidRequestError", field: Object.keys(options)[0] },
        JSON.stringify(options),
      );
    }
    equal(sent - before, 0, "requests sent");
  },
});
