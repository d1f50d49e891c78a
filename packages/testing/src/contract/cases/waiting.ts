import { equal, excludes, includes, notEqual, ok, rejects, throws } from "../assert.ts";
import { casesOf } from "../case.ts";
import { type Context, hastyClock } from "../context.ts";
import { nothing } from "../http.ts";
import { linesOf } from "../log-lines.ts";

/** A handle that has heard nothing yet. The sandbox is terminated when the case ends. */
async function begun(c: Context, spec: Record<string, unknown> = {}, porter = c.porter()) {
  const sandbox = await porter.sandboxes.create({ image: c.target.image, ...spec });
  c.cleanup(() => c.http("DELETE", `/v1/sandbox/${sandbox.id}`));
  return sandbox;
}

export const waiting = casesOf("waiting", {
  "until it runs": async (c) => {
    const sandbox = await begun(c);
    const phases: string[] = [];
    const state = await sandbox.waitUntilRunning({ onProgress: ({ phase }) => phases.push(phase) });
    equal([state.id, state.phase], [sandbox.id, "running"], "id and phase");
    equal([sandbox.phase, sandbox.status?.started_at], ["running", state.started_at], "what the handle knows");
    equal(phases.at(-1), "running", "the last progress");
    equal(new Set(phases).size, phases.length, "different phases among the progress");
  },

  "until it runs, without a limit of time unless there is one": {
    needs: ["control"],
    run: async (c) => {
      await c.fault("createSandbox", { kind: "slow_boot", ms: 60_000 });
      const sandbox = await begun(c);
      // Much shorter than what it takes; it counts for single calls.
      const patient = c.porter({ timeoutMs: 150 }).sandboxes.fromId(sandbox.id);
      const running = patient.waitUntilRunning();
      await c.until("three questions", async () => ((await c.requests("getSandbox")).length >= 3 ? true : undefined));
      await rejects(
        sandbox.waitUntilRunning({ timeoutMs: 30 }),
        { name: "SandboxTimeoutError", code: "timeout", retryable: true, message: /30 ms/ },
        "with a limit",
      );
      await c.control.advance(60_000);
      equal((await running).phase, "running", "phase");
    },
  },

  "for one that ends instead is an error, at once": async (c) => {
    const sandbox = await begun(c);
    await sandbox.terminate();
    await rejects(
      sandbox.waitUntilRunning(),
      { name: "SandboxNotRunningError", phase: "terminated", sandbox_id: sandbox.id },
      "waitUntilRunning",
    );
    equal(sandbox.phase, "terminated", "phase of the handle");
  },

  "until it has ended answers how": {
    needs: ["exit_codes"],
    run: async (c) => {
      const good = await (await begun(c, { command: ["true"] })).wait();
      equal([good.phase, good.exit_code], ["succeeded", 0], "phase and exit code of one that succeeds");
      const bad = await (await begun(c, { command: ["false"] })).wait();
      equal([bad.phase, bad.exit_code], ["failed", 1], "phase and exit code of one that fails");
    },
  },

  "until it has ended goes on while it runs": async (c) => {
    const sandbox = await c.sandbox();
    const phases: string[] = [];
    let over = false;
    const ended = sandbox.wait({ onProgress: ({ phase }) => phases.push(phase) }).then((state) => {
      over = true;
      return state;
    });
    await c.until("the first progress", async () => phases[0]);
    equal([phases, over], [["running"], false], "progress, and whether it is over");
    nothing(await c.http("DELETE", `/v1/sandbox/${sandbox.id}`));
    equal((await ended).phase, "terminated", "phase");
    equal(phases, ["running", "terminated"], "progress");
  },

  "ends with the caller's signal": async (c) => {
    const sandbox = await c.sandbox();
    const controller = new AbortController();
    const ended = sandbox.wait({ signal: controller.signal, onProgress: () => controller.abort(new Error("enough")) });
    await rejects(ended, { message: "enough" }, "wait");
    equal((await c.status(sandbox.id)).phase, "running", "phase of the sandbox");
  },

  "asks less often, and obeys a server that asks for time": {
    needs: ["control"],
    run: async (c) => {
      const clock = hastyClock();
      const sandbox = await c.sandbox({
        porter: c.porter({ clock, timeoutMs: Number.POSITIVE_INFINITY, maxRetries: 0 }),
      });
      clock.waits.length = 0;
      const ended = sandbox.wait();
      await c.until("eleven waits", async () => clock.waits.length >= 11 || undefined);
      const waits = clock.waits.slice(0, 11);
      ok(
        waits.every((wait, index) => wait >= (waits[index - 1] ?? 0) && wait <= 5000),
        `waits: expected them to grow up to 5 s, got ${waits}`,
      );
      notEqual(waits[10], waits[0], "the eleventh wait");
      await c.fault("getSandbox", { kind: "status", status: 429, commit: false, retry_after_s: 77 });
      await c.until("a wait of 77 s", async () => (clock.waits.includes(77_000) ? true : undefined));
      await sandbox.terminate();
      equal((await ended).phase, "terminated", "phase");
    },
  },
});

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
    equal(sent, [], "requests");
  },
});

export const following = casesOf("following logs", {
  "each line comes once, and the end of the sandbox is the end": async (c) => {
    const sandbox = await c.sandbox();
    await sandbox.exec(["echo", "one\ntwo\ntwo"]);
    const seen: string[] = [];
    const followed = (async () => {
      for await (const { line } of sandbox.logs({ follow: true })) seen.push(line);
    })();
    await c.until("the first lines", async () => (seen.length >= 3 ? true : undefined));
    await sandbox.exec(["echo", "three\ntwo"]);
    await c.until("more lines", async () => (seen.length >= 5 ? true : undefined));
    await sandbox.exec(["echo", "last"]);
    await sandbox.terminate();
    await followed;
    equal(seen, ["one", "two", "two", "three", "two", "last"], "lines");
  },

  "a limit is for the lines that there are, filters for all": async (c) => {
    const sandbox = await c.sandbox();
    await sandbox.exec(["echo", "1\n2\n3"]);
    await sandbox.exec(["cat", "/no/such/file"]);
    await linesOf(c, sandbox.id, 4);
    const seen: string[] = [];
    const followed = (async () => {
      for await (const { line } of sandbox.logs({ follow: true, limit: 2, level: "info" })) seen.push(line);
    })();
    await c.until("the newest two", async () => (seen.length >= 2 ? true : undefined));
    await sandbox.exec(["cat", "/no/such/file"]);
    await sandbox.exec(["echo", "4\n5\n6"]);
    await sandbox.terminate();
    await followed;
    equal(seen, ["2", "3", "4", "5", "6"], "lines");
  },

  "leaving the loop, or the caller's signal, ends it": async (c) => {
    const sandbox = await c.sandbox();
    await sandbox.exec(["echo", "one"]);
    await linesOf(c, sandbox.id, 1);
    for await (const { line } of sandbox.logs({ follow: true })) {
      equal(line, "one", "line");
      break;
    }
    const controller = new AbortController();
    const lines = sandbox.logs({ follow: true, signal: controller.signal });
    equal((await lines.next()).value?.line, "one", "line");
    const next = lines.next();
    controller.abort(new Error("enough"));
    await rejects(next, { message: "enough" }, "the next line");
    equal((await lines.next()).done, true, "whether it is over");
  },
});

export const travelling = casesOf("handles as json", {
  "a handle finds its sandbox again, with another client": async (c) => {
    const sandbox = await c.sandbox();
    const text = JSON.stringify({ sandbox });
    equal(JSON.parse(text).sandbox, { kind: "sandbox", version: 1, id: sandbox.id, name: sandbox.name }, "JSON");
    const other = c.porter();
    for (const json of [JSON.parse(text).sandbox, JSON.stringify(sandbox)]) {
      const again = other.sandboxes.fromJSON(json);
      equal([again.id, again.name, again.phase], [sandbox.id, sandbox.name, null], "id, name and phase");
      includes((await again.exec(["echo", "hello"])).stdout, "hello", "stdout");
    }
    equal(JSON.parse(JSON.stringify(other.sandboxes.fromId("x"))).name, null, "name of one known by its id alone");
  },

  "nothing secret is in it": async (c) => {
    const apiKey = "a-key-that-nobody-may-see";
    const { porter } = c.offline();
    const keyed = c.porterOver(c.target.fetch, { apiKey });
    for (const client of [porter, keyed]) {
      const text = JSON.stringify(client.sandboxes.fromId("some-id"));
      excludes(text, apiKey, "the JSON");
      equal(Object.keys(JSON.parse(text)).sort(), ["id", "kind", "name", "version"], "fields");
    }
  },

  "what is no handle is refused and named, and nothing is sent": async (c) => {
    const { porter, sent } = c.offline();
    const good = { kind: "sandbox", version: 1, id: "some-id", name: null };
    equal(porter.sandboxes.fromJSON(good).id, "some-id", "id");
    for (const [json, field] of [
      [undefined, "json"],
      ["{", "json"],
      [{ ...good, kind: "volume" }, "kind"],
      [{ ...good, version: 2 }, "version"],
      [{ ...good, id: "" }, "id"],
      [{ ...good, name: 7 }, "name"],
    ] as const) {
      await throws(() => porter.sandboxes.fromJSON(json), { name: "InvalidRequestError", field }, `fromJSON, ${field}`);
    }
    equal(sent, [], "requests");
  },
});
