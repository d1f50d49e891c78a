import { equal, includes, ok, rejects, timeOf } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import { spawn } from "../frames.ts";
import { body, counting, nothing, refused } from "../http.ts";

const extend = (c: Context, id: string, ttl_seconds: unknown) =>
  c.http("PUT", `/v1/sandbox/${id}/ttl`, { json: { ttl_seconds } });

const DAY_S = 86_400;

export const lifetime = casesOf("lifetime", {
  "a longer life is answered with the time at which it ends now": {
    needs: ["lifetime"],
    run: async (c) => {
      const { id } = await c.running({ ttl_seconds: 600 });
      const before = await c.status(id);
      equal(
        timeOf(before.expires_at, "expires_at") - timeOf(before.started_at, "started_at"),
        600_000,
        "from start to expires_at",
      );
      const answer = body(await extend(c, id, DAY_S));
      equal([answer.id, answer.phase], [id, "running"], "id and phase");
      const gained = timeOf(answer.expires_at, "expires_at") - timeOf(before.started_at, "started_at");
      ok(gained >= DAY_S * 1000 && gained < (DAY_S + 600) * 1000, `expires_at: expected a day on, got ${gained} ms`);
      equal((await c.status(id)).expires_at, answer.expires_at, "expires_at of the status");
    },
  },

  "a life that ends later is not cut short": {
    needs: ["lifetime"],
    run: async (c) => {
      const { id } = await c.running({ ttl_seconds: DAY_S });
      const { expires_at } = await c.status(id);
      equal(body(await extend(c, id, 60)).expires_at, expires_at, "expires_at");
    },
  },

  "a sandbox without an end gets none": {
    needs: ["lifetime"],
    run: async (c) => {
      const { id } = await c.running();
      equal(body(await extend(c, id, 60)).expires_at, undefined, "expires_at");
    },
  },

  "of several extensions at once the longest counts": {
    needs: ["lifetime"],
    run: async (c) => {
      const { id } = await c.running({ ttl_seconds: 600 });
      const answers = await Promise.all([900, DAY_S, 1200, 700].map((seconds) => extend(c, id, seconds)));
      for (const answer of answers) body(answer);
      const { expires_at, started_at } = await c.status(id);
      const lives = timeOf(expires_at, "expires_at") - timeOf(started_at, "started_at");
      ok(lives >= DAY_S * 1000, `expires_at: expected a day on, got ${lives} ms`);
    },
  },

  "it lives for as long as that, and no longer": {
    needs: ["lifetime", "status_reason", "control"],
    run: async (c) => {
      const { id } = await c.running({ ttl_seconds: 600 });
      await c.control.advance(500_000);
      body(await extend(c, id, 600));
      await c.control.advance(590_000);
      equal((await c.status(id)).phase, "running", "phase before");
      await c.control.advance(11_000);
      equal((await c.phase(id, "terminated")).reason, "expired", "reason");
    },
  },

  "one that has not started can be let live longer too": {
    needs: ["lifetime", "control"],
    run: async (c) => {
      await c.fault("createSandbox", { kind: "slow_boot", ms: 300_000 });
      const { id } = await c.create({ ttl_seconds: 100 });
      body(await extend(c, id, 600));
      await c.control.advance(301_000);
      await c.phase(id, "running");
    },
  },

  "a time against the rules is refused and named": {
    needs: ["lifetime"],
    run: async (c) => {
      const { id } = await c.running({ ttl_seconds: 600 });
      const { expires_at } = await c.status(id);
      for (const value of [0, -1, 1.5, "60", null, 365 * DAY_S + 1, undefined]) {
        refused(await extend(c, id, value), 400, "invalid_request", { field: "ttl_seconds" });
      }
      const json = { ttl_seconds: 60, ttl_minutes: 2 };
      refused(await c.http("PUT", `/v1/sandbox/${id}/ttl`, { json }), 400, "invalid_request", { field: "ttl_minutes" });
      equal((await c.status(id)).expires_at, expires_at, "expires_at");
    },
  },

  "a body over the limit is refused": {
    needs: ["lifetime"],
    run: async (c) => {
      const { id } = await c.create();
      refused(await extend(c, id, "x".repeat(1_100_000)), 413, "body_too_large");
    },
  },

  "a sandbox that is not there cannot live longer": {
    needs: ["lifetime"],
    run: async (c) => {
      refused(await extend(c, "no-such-sandbox", 60), 404, "not_found", { says: ["no-such-sandbox"] });
    },
  },

  "one that has ended cannot either": {
    needs: ["lifetime", "status_reason"],
    run: async (c) => {
      const { id } = await c.running({ ttl_seconds: 600 });
      nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
      const answer = refused(await extend(c, id, DAY_S), 409, "sandbox_not_running");
      equal([answer.json.phase, answer.json.reason], ["terminated", "terminated"], "phase and reason");
    },
  },

  "the client's handle learns of it": {
    needs: ["lifetime"],
    run: async (c) => {
      const sandbox = await c.sandbox({ spec: { ttl_seconds: 600 } });
      const answer = await sandbox.extendTtl(DAY_S);
      equal(sandbox.status?.expires_at, answer.expires_at, "expires_at of the handle");
      equal((await c.status(sandbox.id)).expires_at, answer.expires_at, "expires_at of the server");
    },
  },

  "a time against the rules never leaves the client": async (c) => {
    const { porter, sent } = c.offline();
    for (const seconds of [0, -5, 1.5, 365 * DAY_S + 1, Number.NaN]) {
      await rejects(
        porter.sandboxes.fromId("some-id").extendTtl(seconds),
        { name: "InvalidRequestError", field: "ttl_seconds", admitted: false },
        `extendTtl(${seconds})`,
      );
    }
    await rejects(
      porter.sandboxes.create({ image: c.target.image, idle_timeout_seconds: 0 }),
      { name: "InvalidRequestError", field: "idle_timeout_seconds", admitted: false },
      "create with an idle timeout of 0",
    );
    equal(sent, [], "requests");
  },

  "a server that cannot do it is not asked to": {
    needs: ["no_extensions"],
    run: async (c) => {
      const { id } = await c.running({ ttl_seconds: 600 });
      const { fetch, sent } = counting(c.target.fetch);
      const porter = c.porterOver(fetch);
      await rejects(
        porter.sandboxes.fromId(id).extendTtl(60),
        { name: "UnsupportedError", field: "extendTtl", admitted: false },
        "extendTtl",
      );
      await rejects(
        porter.sandboxes.create({ image: c.target.image, idle_timeout_seconds: 60 }),
        { name: "UnsupportedError", field: "idle_timeout_seconds", admitted: false },
        "create",
      );
      equal(new Set(sent.map(({ method, path }) => `${method} ${path}`)).size, 1, "different requests");
      includes(sent[0]?.path, /\/v1\/capabilities$/, "path of the only one");
    },
  },

  "a server of the published API knows no other lives": {
    needs: ["no_extensions"],
    run: async (c) => {
      const { id } = await c.running({ ttl_seconds: 600 });
      equal((await extend(c, id, 60)).status, 404, "status of an extension");
      const json = { image: c.target.image, idle_timeout_seconds: 60 };
      refused(await c.http("POST", "/v1/sandbox/run", { json }), 400, "invalid_request", {
        field: "idle_timeout_seconds",
      });
      equal((await c.status(id)).expires_at, undefined, "expires_at");
    },
  },
});

export const idle = casesOf("idle timeouts", {
  "a sandbox that nobody uses ends, and not before": {
    needs: ["lifetime", "status_reason", "control"],
    run: async (c) => {
      const { id } = await c.running({ idle_timeout_seconds: 60 });
      await c.control.advance(50_000);
      equal((await c.status(id)).phase, "running", "phase before");
      await c.control.advance(11_000);
      const state = await c.phase(id, "terminated");
      equal(state.reason, "idle", "reason");
      const lived = timeOf(state.finished_at, "finished_at") - timeOf(state.started_at, "started_at");
      ok(lived >= 60_000 && lived < 65_000, `lifetime: expected 60 s, got ${lived} ms`);
    },
  },

  "a command begins the time anew": {
    needs: ["lifetime", "control"],
    run: async (c) => {
      const { id } = await c.running({ idle_timeout_seconds: 60 });
      await c.control.advance(50_000);
      await c.exec(id, ["true"]);
      await c.control.advance(50_000);
      equal((await c.status(id)).phase, "running", "phase 50 s after the command");
      await c.control.advance(11_000);
      await c.phase(id, "terminated");
    },
  },

  "a command that runs is use until its end": {
    needs: ["lifetime", "exec_streams", "control"],
    run: async (c) => {
      const { id } = await c.running({ idle_timeout_seconds: 60 });
      const command = await spawn(c, id, ["sleep", "600"]);
      await c.control.advance(590_000);
      equal((await c.status(id)).phase, "running", "phase while it runs");
      await c.control.advance(11_000);
      const end = await command.end();
      ok(end?.type === "exit" && end.exit_code === 0, "the end: expected an exit with 0");
      await c.control.advance(50_000);
      equal((await c.status(id)).phase, "running", "phase 50 s after its end");
      await c.control.advance(15_000);
      await c.phase(id, "terminated");
    },
  },

  "looking at it is no use of it, nor is a longer life": {
    needs: ["lifetime", "control"],
    run: async (c) => {
      const { id } = await c.running({ idle_timeout_seconds: 60, ttl_seconds: 600 });
      await c.control.advance(50_000);
      body(await c.http("GET", `/v1/sandbox/${id}`));
      body(await c.http("GET", `/v1/sandbox/${id}/logs`));
      body(await extend(c, id, DAY_S));
      await c.control.advance(11_000);
      await c.phase(id, "terminated");
    },
  },

  "its length is in the status, and only where there is one": {
    needs: ["lifetime"],
    run: async (c) => {
      const { id } = await c.create({ idle_timeout_seconds: 3600 });
      equal((await c.status(id)).idle_timeout_seconds, 3600, "idle_timeout_seconds");
      equal((await c.status((await c.create()).id)).idle_timeout_seconds, undefined, "of one without");
    },
  },

  "one against the rules is refused and named": {
    needs: ["lifetime"],
    run: async (c) => {
      for (const idle_timeout_seconds of [0, -1, 1.5, "60", 365 * DAY_S + 1]) {
        const json = { image: c.target.image, idle_timeout_seconds };
        refused(await c.http("POST", "/v1/sandbox/run", { json }), 400, "invalid_request", {
          field: "idle_timeout_seconds",
        });
      }
    },
  },

  "the client creates with one": {
    needs: ["lifetime"],
    run: async (c) => {
      const sandbox = await c.sandbox({ spec: { idle_timeout_seconds: 3600 } });
      equal((await sandbox.refresh()).idle_timeout_seconds, 3600, "idle_timeout_seconds");
    },
  },
});

export const reasons = casesOf("reasons", {
  "a terminated sandbox says so": {
    needs: ["status_reason"],
    run: async (c) => {
      const { id } = await c.running();
      equal((await c.status(id)).reason, undefined, "reason while it runs");
      nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
      equal((await c.status(id)).reason, "terminated", "reason");
    },
  },

  "an end by its own exit needs none": {
    needs: ["status_reason", "exit_codes"],
    run: async (c) => {
      const good = await c.create({ command: ["true"] });
      const bad = await c.create({ command: ["false"] });
      equal((await c.phase(good.id, "succeeded")).reason, undefined, "reason of one that succeeded");
      equal((await c.phase(bad.id, "failed")).reason, undefined, "reason of one that failed");
    },
  },

  "time that is over": {
    needs: ["status_reason", "control"],
    run: async (c) => {
      const sandbox = await c.sandbox({ spec: { ttl_seconds: 60 } });
      await c.control.advance(61_000);
      equal((await c.phase(sandbox.id, "terminated")).reason, "expired", "reason");
      await rejects(
        sandbox.exec(["true"]),
        { name: "SandboxExpiredError", code: "sandbox_not_running", reason: "expired", phase: "terminated" },
        "exec",
      );
    },
  },

  "an image that cannot be pulled": {
    needs: ["status_reason", "control"],
    run: async (c) => {
      await c.fault("createSandbox", { kind: "failed_boot", reason: "image_pull", message: "no such image there" });
      const sandbox = await c.porter().sandboxes.create({ image: c.target.image });
      const state = await c.phase(sandbox.id, "failed");
      equal([state.reason, state.message], ["image_pull", "no such image there"], "reason and message");
      const shape = { name: "SandboxImagePullError", reason: "image_pull", phase: "failed" };
      const message = /no such image there/;
      await rejects(sandbox.waitUntilRunning(), { ...shape, message, sandbox_id: sandbox.id }, "waitUntilRunning");
      await rejects(sandbox.exec(["true"]), { ...shape, admitted: false }, "exec");
    },
  },

  "a boot that fails": {
    needs: ["status_reason", "control"],
    run: async (c) => {
      await c.fault("createSandbox", { kind: "failed_boot", message: "out of machines" });
      const sandbox = await c.porter().sandboxes.create({ image: c.target.image });
      const shape = { name: "SandboxNotRunningError", reason: "engine_error", message: /out of machines/ };
      await rejects(sandbox.waitUntilRunning(), { ...shape, phase: "failed" }, "waitUntilRunning");
    },
  },

  "a machine that went away": {
    needs: ["status_reason", "control"],
    run: async (c) => {
      const sandbox = await c.sandbox();
      await c.control.evict(sandbox.id);
      equal((await c.phase(sandbox.id, "failed")).reason, "evicted", "reason");
      await rejects(sandbox.exec(["true"]), { name: "SandboxNotRunningError", reason: "evicted" }, "exec");
    },
  },

  "what the client throws for each of them": async (c) => {
    const kinds = {
      out_of_memory: "SandboxOOMError",
      image_pull: "SandboxImagePullError",
      expired: "SandboxExpiredError",
      idle: "SandboxExpiredError",
      evicted: "SandboxNotRunningError",
      something_new: "SandboxNotRunningError",
    };
    for (const [reason, name] of Object.entries(kinds)) {
      const state = { phase: "failed", exit_code: 137, reason, message: "in words" };
      const known = { id: "sbx-1", name: "n", image: "i", created_at: "2026-11-20T09:30:00Z", host: "", ...state };
      const answer = (status: number, json: object) =>
        new Response(JSON.stringify(json), { status, headers: { "content-type": "application/json" } });
      const porter = c.porterOver(async (input) =>
        String(typeof input === "object" && "url" in input ? input.url : input).endsWith("/exec")
          ? answer(409, { error: "sandbox sbx-1 is failed", code: "sandbox_not_running", ...state })
          : answer(200, known),
      );
      const sandbox = porter.sandboxes.fromId("sbx-1");
      const shape = { name, reason, phase: "failed", exit_code: 137, code: "sandbox_not_running" };
      await rejects(sandbox.exec(["true"]), shape, `exec after ${reason}`);
      await rejects(sandbox.waitUntilRunning(), { ...shape, message: /in words/ }, `waitUntilRunning after ${reason}`);
    }
  },

  "a server of the published API gives none": {
    needs: ["no_extensions"],
    run: async (c) => {
      const { id } = await c.running();
      nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
      const state = await c.status(id);
      equal([state.phase, state.reason, state.message], ["terminated", undefined, undefined], "phase, reason, message");
      const refusal = await c.http("POST", `/v1/sandbox/${id}/exec`, { json: { command: ["true"] } });
      refused(refusal, 409, "sandbox_not_running");
      equal(refusal.json.reason, undefined, "reason of the refusal");
    },
  },
});
