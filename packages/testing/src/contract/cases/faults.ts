import { createVirtualClock } from "../../clock.ts";
import { equal, isNonEmpty, ok, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import { type Context, hasty } from "../context.ts";
import { body, refused } from "../http.ts";

const needs = ["control"] as const;

export const faults = casesOf("faults", {
  "a busy server is asked again after the time it names": {
    needs,
    run: async (c) => {
      const { porter, waits } = hasty(c);
      await c.fault("listVolumes", { kind: "status", status: 429, commit: false, retry_after_s: 7 }, 2);
      await porter.volumes.list();
      equal(waits, [7000, 7000], "waits");
      equal((await c.requests("listVolumes")).length, 3, "requests");
    },
  },

  "waits grow from half a second to eight": {
    needs,
    run: async (c) => {
      const { porter, waits } = hasty(c, { maxRetries: 6, random: () => 1 });
      await c.fault("healthz", { kind: "status", status: 500, commit: false }, 6);
      await porter.healthz();
      equal(waits, [500, 1000, 2000, 4000, 8000, 8000], "waits");
    },
  },

  "three times, and then the error is told": {
    needs,
    run: async (c) => {
      const { porter } = hasty(c);
      await c.fault("listVolumes", { kind: "status", status: 503, commit: false }, "always");
      const error = await rejects(
        porter.volumes.list(),
        { name: "ServerError", statusCode: 503, retryable: true },
        "list",
      );
      isNonEmpty(error.requestId, "requestId");
      equal((await c.requests("listVolumes")).length, 4, "requests");
    },
  },

  "a client may be told not to repeat": {
    needs,
    run: async (c) => {
      await c.fault("listVolumes", { kind: "status", status: 503, commit: false }, "always");
      await rejects(c.porter({ maxRetries: 0 }).volumes.list(), { name: "ServerError" }, "list");
      equal((await c.requests("listVolumes")).length, 1, "requests");
    },
  },

  "a wait beyond the caller's time fails at once, with the wait": {
    needs,
    run: async (c) => {
      await c.fault("listVolumes", { kind: "status", status: 429, commit: false, retry_after_s: 3600 });
      // It stands still, so the client does not wait.
      const clock = createVirtualClock({ frozen: true });
      await rejects(
        c.porter({ clock, timeoutMs: 5000 }).volumes.list(),
        { name: "RateLimitError", statusCode: 429, retryAfterMs: 3_600_000, retryable: true },
        "list",
      );
      equal((await c.requests("listVolumes")).length, 1, "requests");
    },
  },

  "a broken connection is tried again": {
    needs,
    run: async (c) => {
      const { porter } = hasty(c);
      await c.fault("listVolumes", { kind: "reset", commit: false });
      await porter.volumes.list();
      equal((await c.requests("listVolumes")).length, 2, "requests");
    },
  },

  "a connection that stays broken is a ConnectionError": {
    needs,
    run: async (c) => {
      const { porter } = hasty(c, { maxRetries: 1 });
      await c.fault("listVolumes", { kind: "reset", commit: false }, "always");
      await rejects(
        porter.volumes.list(),
        { name: "ConnectionError", code: "connection_failed", statusCode: undefined },
        "list",
      );
    },
  },

  "a create that was cut off before it was done runs once": {
    needs: ["control", "idempotency_keys"],
    run: (c) => createdOnce(c, { kind: "reset", commit: false }),
  },

  "a create that was cut off after it was done runs once": {
    needs: ["control", "idempotency_keys"],
    run: (c) => createdOnce(c, { kind: "reset", commit: true }),
  },

  "a create that failed before it was done runs once": {
    needs: ["control", "idempotency_keys"],
    run: (c) => createdOnce(c, { kind: "status", status: 500, commit: false }),
  },

  "a create that failed after it was done runs once": {
    needs: ["control", "idempotency_keys"],
    run: (c) => createdOnce(c, { kind: "status", status: 502, commit: true }),
  },

  "a create whose answer broke off runs once": {
    needs: ["control", "idempotency_keys"],
    run: (c) => createdOnce(c, { kind: "cut_body", after_bytes: 5 }),
  },

  "a create that was refused as too many runs once": {
    needs,
    run: (c) => createdOnce(c, { kind: "status", status: 429, commit: false, retry_after_s: 0 }),
  },

  "a create that may be done is not repeated at a server without keys": {
    needs: ["control", "no_extensions"],
    run: async (c) => {
      const { porter } = hasty(c);
      const suite = c.name();
      await c.fault("createSandbox", { kind: "status", status: 502, commit: true });
      await rejects(
        porter.sandboxes.create({ image: c.target.image, tags: { suite } }),
        { name: "ServerError", admitted: "unknown", retryable: false },
        "create",
      );
      equal((await made(c, suite)).length, 1, "sandboxes");
    },
  },

  "a command that was cut off runs once": {
    needs,
    run: async (c) => {
      for (const commit of [true, false]) {
        const sandbox = await c.sandbox();
        await c.fault("execSandbox", { kind: "reset", commit });
        const before = (await c.requests("execSandbox")).length;
        await rejects(
          sandbox.exec(["mkdir", "/once"]),
          { name: "ConnectionError", admitted: "unknown", retryable: false },
          "exec",
        );
        equal((await c.requests("execSandbox")).length - before, 1, "requests");
        equal((await c.exec(sandbox.id, ["ls", "/once"])).exit_code === 0, commit, "whether it ran");
      }
    },
  },

  "a command whose answer broke off is an error, and runs once": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      await c.fault("execSandbox", { kind: "cut_body", after_bytes: 4 });
      await rejects(
        sandbox.exec(["echo", "hello"]),
        { name: "ConnectionError", admitted: true, retryable: false },
        "exec",
      );
      equal((await c.requests("execSandbox")).length, 1, "requests");
    },
  },

  "a command that was refused as too many is told, not repeated": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      await c.fault("execSandbox", { kind: "status", status: 429, commit: false, retry_after_s: 1 });
      await rejects(
        sandbox.exec(["true"]),
        { name: "RateLimitError", admitted: false, retryable: true, retryAfterMs: 1000 },
        "exec",
      );
      equal((await c.requests("execSandbox")).length, 1, "requests");
    },
  },

  "a terminate whose answer was lost ends well": {
    needs,
    run: async (c) => {
      const sandbox = await c.sandbox();
      await c.fault("terminateSandbox", { kind: "reset", commit: true });
      await sandbox.terminate();
      equal((await c.status(sandbox.id)).phase, "terminated", "phase");
    },
  },

  "a delete whose answer was lost ends well": {
    needs,
    run: async (c) => {
      const { name, id } = await c.volume({ name: c.name() });
      await c.fault("deleteVolume", { kind: "reset", commit: true });
      await c.porter().volumes.delete(name);
      refused(await c.http("GET", `/v1/volume/${id}`), 404, "not_found");
    },
  },

  "a file whose writing failed is written again": {
    needs,
    run: async (c) => {
      const { porter } = hasty(c);
      const volume = await c.disk((await c.volume({ name: c.name() })).name, porter);
      await c.fault("writeVolumeFile", { kind: "status", status: 500, commit: false });
      await volume.writeText("/a.txt", "written");
      equal(await volume.readText("/a.txt"), "written", "content");
    },
  },

  "a stream is not sent twice": {
    needs: ["control", "streamed_uploads"],
    run: async (c) => {
      const volume = await c.disk((await c.volume({ name: c.name() })).name);
      await c.fault("writeVolumeFile", { kind: "status", status: 500, commit: false });
      const content = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new Uint8Array(3));
          controller.close();
        },
      });
      await rejects(volume.writeFile("/a.bin", content), { name: "ServerError" }, "writeFile");
      equal((await c.requests("writeVolumeFile")).length, 1, "requests");
    },
  },

  "what is no JSON is a MalformedResponseError": {
    needs,
    run: async (c) => {
      await c.fault("listVolumes", { kind: "malformed_json" }, "always");
      await rejects(
        hasty(c).porter.volumes.list(),
        { name: "MalformedResponseError", code: "malformed_response", statusCode: 200 },
        "list",
      );
    },
  },

  "an answer that breaks off is asked for again": {
    needs,
    run: async (c) => {
      const { name } = await c.volume({ name: c.name() });
      await c.fault("listVolumes", { kind: "cut_body", after_bytes: 10 });
      const found = await hasty(c).porter.volumes.list();
      ok(
        found.some((volume) => volume.name === name),
        "list: expected the volume in it",
      );
      equal((await c.requests("listVolumes")).length, 2, "requests");
    },
  },

  "a slow answer is a SandboxTimeoutError, and its request is cancelled": {
    needs,
    run: async (c) => {
      await c.fault("listVolumes", { kind: "delay", ms: 600_000 });
      const clock = createVirtualClock({ frozen: true });
      const call = c.porter({ clock }).volumes.list({ timeoutMs: 40 });
      await c.arrived("listVolumes");
      const shape = { name: "SandboxTimeoutError", code: "timeout", retryable: true };
      await Promise.all([rejects(call, shape, "list"), clock.advance(40)]);
      await c.until("the request to be cancelled", async () => (await c.arrived("listVolumes")).aborted || undefined);
    },
  },

  "the client's own limit of time holds for every attempt together": {
    needs,
    run: async (c) => {
      await c.fault("listVolumes", { kind: "status", status: 500, commit: false });
      await c.fault("listVolumes", { kind: "delay", ms: 600_000 });
      const clock = createVirtualClock({ frozen: true });
      const call = c.porter({ clock, timeoutMs: 60, random: () => 0.1 }).volumes.list();
      // Its limit, and the wait for the second attempt.
      await c.until("the client to wait", async () => clock.pending() === 2 || undefined);
      await clock.advance(50);
      await c.arrived("listVolumes", 2);
      await Promise.all([rejects(call, { name: "SandboxTimeoutError" }, "list"), clock.advance(10)]);
    },
  },

  "a slow answer that comes in time is an answer": {
    needs,
    run: async (c) => {
      await c.fault("listVolumes", { kind: "delay", ms: 10_000 });
      const found = c.porter().volumes.list();
      await c.arrived("listVolumes");
      await c.control.advance(10_000);
      ok(Array.isArray(await found), "list: expected an array");
    },
  },

  "an aborted call rejects with the signal's reason, and its request is cancelled": {
    needs,
    run: async (c) => {
      await c.fault("listVolumes", { kind: "delay", ms: 600_000 });
      const controller = new AbortController();
      const call = c.porter().volumes.list({ signal: controller.signal });
      await c.arrived("listVolumes");
      controller.abort(new Error("not needed any more"));
      await rejects(call, { message: "not needed any more" }, "list");
      await c.until("the request to be cancelled", async () => (await c.arrived("listVolumes")).aborted || undefined);
    },
  },

  "an aborted call is not tried again": {
    needs,
    run: async (c) => {
      await c.fault("listVolumes", { kind: "status", status: 503, commit: false, retry_after_s: 5 }, "always");
      const controller = new AbortController();
      const call = c.porter().volumes.list({ signal: controller.signal });
      await c.until("the first attempt to be answered", async () =>
        (await c.requests("listVolumes"))[0]?.status === 503 ? true : undefined,
      );
      controller.abort(new Error("not needed any more"));
      await rejects(call, { message: "not needed any more" }, "list");
      equal((await c.requests("listVolumes")).length, 1, "requests");
    },
  },

  "closing a client ends its calls": {
    needs,
    run: async (c) => {
      await c.fault("listVolumes", { kind: "delay", ms: 600_000 });
      const porter = c.porter();
      const call = porter.volumes.list();
      await c.arrived("listVolumes");
      porter.close();
      await rejects(call, { code: "client_closed", admitted: "unknown" }, "list");
      await rejects(porter.volumes.list(), { code: "client_closed", admitted: false }, "list afterwards");
    },
  },

  "a slow download is a DownloadTimeoutError": {
    needs,
    run: async (c) => {
      const made = await c.volume({ name: c.name() });
      await c.put(made.id, "/a.txt", "content");
      const volume = await c.disk(made.name);
      await c.fault("readVolumeFile", { kind: "delay", ms: 600_000 });
      await rejects(volume.readFile("/a.txt", { timeoutMs: 40 }), { name: "DownloadTimeoutError" }, "readFile");
    },
  },

  "a slow upload is an UploadTimeoutError": {
    needs,
    run: async (c) => {
      const volume = await c.disk((await c.volume({ name: c.name() })).name);
      await c.fault("writeVolumeFile", { kind: "delay", ms: 600_000 });
      await rejects(volume.writeText("/a.txt", "x", { timeoutMs: 40 }), { name: "UploadTimeoutError" }, "writeText");
    },
  },
});

const made = async (c: Context, suite: string): Promise<{ id: string }[]> => {
  const { sandboxes } = body(await c.http("GET", "/v1/sandbox", { query: { tag: `suite=${suite}` } }));
  for (const { id } of sandboxes) c.cleanup(() => c.http("DELETE", `/v1/sandbox/${id}`));
  return sandboxes;
};

/** Whatever goes wrong once, the caller has a handle and the server has one sandbox. */
async function createdOnce(c: Context, fault: Parameters<Context["fault"]>[1]): Promise<void> {
  const { porter } = hasty(c);
  const suite = c.name();
  await c.fault("createSandbox", fault);
  const sandbox = await porter.sandboxes.create({ image: c.target.image, tags: { suite } });
  equal(
    (await made(c, suite)).map(({ id }) => id),
    [sandbox.id],
    "ids of the sandboxes",
  );
  equal((await c.requests("createSandbox")).length, 2, "requests");
}
