import { equal, notEqual, ok, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import { begun } from "../unheard.ts";

export const fleets = casesOf("fleets", {
  "many are waited for together, in their order": async (c) => {
    const porter = c.porter();
    const tags = { suite: c.name() };
    const made = await Promise.all([1, 2, 3].map(() => begun(c, { tags }, porter)));
    const [first, second, third] = made;
    ok(first && second && third, "expected three");
    const found = await porter.sandboxes.waitUntilRunning([third, first.id, second, third]);
    equal(
      found.map(({ id, phase }) => [id, phase]),
      [third, first, second, third].map(({ id }) => [id, "running"]),
      "ids and phases",
    );
    equal(second.phase, "running", "phase of a handle that was given");
  },

  "a round is one look at the list, however many they are": {
    needs: ["control"],
    run: async (c) => {
      const porter = c.porter();
      const suite = c.name();
      await c.fault("createSandbox", { kind: "slow_boot", ms: 60_000 }, 8);
      const made = await Promise.all(Array.from({ length: 8 }, () => begun(c, { tags: { suite } }, porter)));
      const progress: [number, number][] = [];
      const running = porter.sandboxes.waitUntilRunning(made, {
        onProgress: ({ running, total }) => progress.push([running, total]),
      });
      await c.until("three rounds", async () => ((await c.requests("listSandboxes")).length >= 3 ? true : undefined));
      await c.control.advance(60_000);
      await running;
      const asked = await c.requests("listSandboxes");
      ok(asked.length <= 30, `requests: expected one a round, got ${asked.length}`);
      for (const { query } of asked) {
        equal(new Map(query).get("page"), "1", "page");
        equal(new Map(query).get("tag"), `suite=${suite}`, "tag, which they have in common");
      }
      equal((await c.requests("getSandbox")).length, 0, "requests for single ones");
      equal(
        [progress[0], progress.at(-1)],
        [
          [0, 8],
          [8, 8],
        ],
        "the first and the last progress",
      );
    },
  },

  "what a list does not show is asked for by its id": async (c) => {
    const porter = c.porter();
    const [one, two] = [await begun(c, {}, porter), await begun(c, {}, porter)];
    await porter.sandboxes.waitUntilRunning([one, two]);
    await rejects(
      porter.sandboxes.waitUntilRunning([one, two, "no-such-sandbox"]),
      { name: "NotFoundError", statusCode: 404 },
      "with one that there is not",
    );
  },

  "one that ends instead is an error that names it": {
    needs: ["control", "status_reason"],
    run: async (c) => {
      const porter = c.porter();
      const good = await begun(c, {}, porter);
      await c.fault("createSandbox", { kind: "failed_boot", reason: "image_pull" });
      const bad = await begun(c, {}, porter);
      await c.phase(bad.id, "failed");
      await rejects(
        porter.sandboxes.waitUntilRunning([good, bad]),
        { name: "SandboxImagePullError", sandbox_id: bad.id, phase: "failed" },
        "waitUntilRunning",
      );
    },
  },

  "of none is over at once": async (c) => {
    const { porter, sent } = c.offline();
    equal(await porter.sandboxes.waitUntilRunning([]), [], "handles");
    await rejects(
      porter.sandboxes.waitUntilRunning([""]),
      { name: "InvalidRequestError", field: "sandboxes[0]" },
      "with an empty id",
    );
    await rejects(
      porter.sandboxes.waitUntilRunning(porter.sandboxes.fromId("sb-1") as never),
      { name: "InvalidRequestError", field: "sandboxes" },
      "with one that is in no array",
    );
    equal(sent, [], "requests");
  },

  "handles and ids are terminated together, and one that there is not keeps none of them": async (c) => {
    const porter = c.porter();
    const made = await Promise.all([1, 2, 3].map(() => begun(c, {}, porter)));
    const [first, second, ended] = made;
    ok(first && second && ended, "expected three");
    await ended.terminate();
    const given = [first, second.id, "no-such-sandbox", ended, first.id];
    const { terminated, failed } = await porter.sandboxes.terminate(given);
    equal(
      terminated,
      [first, second, ended].map(({ id }) => id),
      "terminated, each once",
    );
    equal(
      failed.map(({ id, error }) => [id, error.name, error.statusCode]),
      [["no-such-sandbox", "NotFoundError", 404]],
      "failed",
    );
    for (const { id } of made) equal((await c.status(id)).phase, "terminated", "phase");
  },

  "all that match are terminated, and no others": async (c) => {
    const porter = c.porter();
    const tags = { suite: c.name(), kind: "one" };
    const made = await Promise.all([1, 2, 3].map(() => begun(c, { tags }, porter)));
    const other = await begun(c, { tags: { suite: tags.suite, kind: "other" } }, porter);
    await made[0]?.terminate();
    const ended = await porter.sandboxes.terminate({ tags });
    const left = made.slice(1).map(({ id }) => id);
    equal([...ended.terminated].sort(), left.sort(), "terminated: those that had not ended");
    equal(ended.failed, [], "failed");
    for (const { id } of made) equal((await c.status(id)).phase, "terminated", "phase");
    notEqual((await c.status(other.id)).phase, "terminated", "phase of another");
    equal(await porter.sandboxes.terminate({ tags }), { terminated: [], failed: [] }, "once more");
    equal((await porter.sandboxes.terminate({ tags, phase: "terminated" })).terminated.length, 3, "of a phase");
  },

  "more than a page of them are terminated": {
    needs: ["control"],
    run: async (c) => {
      const porter = c.porter();
      const tags = { suite: c.name() };
      await Promise.all(Array.from({ length: 55 }, () => begun(c, { tags }, porter)));
      equal((await porter.sandboxes.terminate({ tags })).terminated.length, 55, "terminated");
      const alive = await porter.sandboxes.list({ tags, phase: ["queued", "creating", "running"] });
      equal(alive.length, 0, "how many have not ended");
    },
  },

  "one that cannot be terminated keeps none of the others": {
    needs: ["control"],
    run: async (c) => {
      const porter = c.porter({ maxRetries: 0 });
      const made = await Promise.all([1, 2, 3].map(() => begun(c, {}, porter)));
      await c.fault("terminateSandbox", { kind: "status", status: 500, commit: false });
      const { terminated, failed } = await porter.sandboxes.terminate(made);
      equal([terminated.length, failed.length], [2, 1], "how many terminated and failed");
      equal(failed[0]?.error.name, "ServerError", "error");
      for (const { id } of made)
        equal((await c.status(id)).phase === "terminated", terminated.includes(id), `whether ${id} has ended`);
    },
  },

  "none is terminated when the list of those that match cannot be had": {
    needs: ["control"],
    run: async (c) => {
      const porter = c.porter({ maxRetries: 0 });
      await c.fault("listSandboxes", { kind: "status", status: 500, commit: false });
      await rejects(porter.sandboxes.terminate({ search: c.name() }), { name: "ServerError" }, "terminate");
      equal((await c.requests("terminateSandbox")).length, 0, "requests to terminate");
    },
  },

  "what leaves no sandbox out terminates none": async (c) => {
    const { porter, sent } = c.offline();
    const handle = porter.sandboxes.fromId("sb-1");
    const wrong: unknown[] = [
      undefined,
      null,
      "sb-1",
      handle,
      {},
      { tags: {} },
      { search: "", phase: [], image: undefined },
    ];
    for (const name of ["page", "include_filter_values", "tag", "tga"])
      await rejects(
        porter.sandboxes.terminate({ search: "a", [name]: 1 }),
        { name: "InvalidRequestError", field: name },
        `terminate with ${name}`,
      );
    for (const which of wrong)
      await rejects(
        porter.sandboxes.terminate(which as { search: string }),
        { name: "InvalidRequestError", field: "sandboxes" },
        `terminate ${JSON.stringify(which)}`,
      );
    for (const which of [
      ["sb-1", ""],
      ["sb-1", null],
      ["sb-1", { id: 1 }],
    ])
      await rejects(
        porter.sandboxes.terminate(which as string[]),
        { name: "InvalidRequestError", field: "sandboxes[1]" },
        `terminate ${JSON.stringify(which)}`,
      );
    await rejects(
      porter.sandboxes.terminate({ start_time: new Date(0) }, { signal: AbortSignal.abort(new Error("too late")) }),
      { message: "too late" },
      "terminate with a signal that has aborted",
    );
    const reason = await porter.sandboxes.terminate({}).catch((error: unknown) => error);
    await rejects(
      porter.sandboxes.terminate(["sb-1"], { signal: AbortSignal.abort(reason) }),
      { name: "InvalidRequestError", field: "sandboxes" },
      "terminate ids with a signal that has aborted, because of an error of the client's own",
    );
    equal(await porter.sandboxes.terminate([]), { terminated: [], failed: [] }, "of none");
    equal(sent, [], "requests");
  },
});
