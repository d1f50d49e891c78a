import { equal, excludes, includes, notEqual, ok, rejects, throws } from "../assert.ts";
import { casesOf } from "../case.ts";
import { hastyClock } from "../context.ts";
import { nothing } from "../http.ts";
import { linesOf } from "../log-lines.ts";
import { begun } from "../unheard.ts";

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
    const onProgress = async () => Promise.reject(new Error("no more"));
    await rejects(sandbox.waitUntilRunning({ onProgress }), { message: "no more" }, "with what hears of it failing");
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
