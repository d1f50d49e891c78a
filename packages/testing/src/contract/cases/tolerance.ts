import { equal, includes, ok, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers are bent here in ways no type has
type Json = any;

/** A client whose server's JSON answers pass through `bend` on the way. */
function bent(c: Context, bend: (answer: Json, path: string) => Json) {
  return c.porterOver(async (input, init) => {
    const response = await c.target.fetch(input, init);
    const text = await response.text();
    const path = new URL(String(input)).pathname;
    const body = text === "" ? text : JSON.stringify(bend(JSON.parse(text), path));
    return new Response(body === "" ? null : body, {
      status: response.status,
      headers: { "content-type": "application/json" },
    });
  });
}

/** A client whose server answers every request with this JSON. */
const saying = (c: Context, answer: unknown) =>
  c.porterOver(async () => new Response(JSON.stringify(answer), { headers: { "content-type": "application/json" } }));

/** Adds a field that nobody knows to every object. */
const enrich = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(enrich);
  if (typeof value !== "object" || value === null) return value;
  return {
    ...Object.fromEntries(Object.entries(value).map(([key, part]) => [key, isMap(key) ? part : enrich(part)])),
    new_field: { nested: [1, null] },
  };
};
/** What maps names of the user's to values has no fields. */
const isMap = (key: string) => key === "tags" || key === "volume_mounts" || key === "labels";

const status = {
  id: "sbx-1",
  name: "one",
  image: "busybox",
  phase: "running",
  created_at: "2026-11-20T09:30:00Z",
  host: "",
};
const volume = {
  id: "vol-1",
  name: "one",
  type: "disk",
  path: "sandbox-vol-vol-1",
  phase: "ready",
  attached_to: [],
  created_at: "2026-11-20T09:30:00Z",
};
const pagination = { current_page: 1, total_pages: 1, has_next_page: false };

/** Answers that lack something, or have it wrong, and where the error must say that it is. */
const broken: Record<string, { field: RegExp; call: (c: Context) => Promise<unknown> }> = {
  "a status without its phase": {
    field: /phase/,
    call: (c) => saying(c, { ...status, phase: undefined }).raw.getSandbox({ path: { id: "sbx-1" } }),
  },
  "a status whose id is a number": {
    field: /id/,
    call: (c) => saying(c, { ...status, id: 7 }).raw.getSandbox({ path: { id: "sbx-1" } }),
  },
  "a list without sandboxes": { field: /sandboxes/, call: (c) => saying(c, { pagination }).sandboxes.list() },
  "a list whose third sandbox has no name": {
    field: /sandboxes.*2.*name/,
    call: (c) =>
      saying(c, { sandboxes: [status, status, { ...status, name: undefined }], pagination }).sandboxes.list(),
  },
  "a list without pagination": { field: /pagination/, call: (c) => saying(c, { sandboxes: [] }).sandboxes.list() },
  "a create without an id": {
    field: /id/,
    call: (c) => saying(c, { name: "x" }).sandboxes.create({ image: "busybox" }),
  },
  "a result without an exit code": {
    field: /exit_code/,
    call: (c) =>
      saying(c, { stdout: "", stderr: "" }).raw.execSandbox({ path: { id: "sbx-1" }, body: { command: ["true"] } }),
  },
  "a result whose exit code is text": {
    field: /exit_code/,
    call: (c) =>
      saying(c, { stdout: "", stderr: "", exit_code: "0" }).raw.execSandbox({
        path: { id: "sbx-1" },
        body: { command: ["true"] },
      }),
  },
  "logs whose line is missing": {
    field: /logs.*0.*line/,
    call: (c) =>
      saying(c, {
        sandbox_id: "x",
        logs: [{ timestamp: status.created_at, level: "info", exec_id: "" }],
      }).raw.getSandboxLogs({
        path: { id: "sbx-1" },
      }),
  },
  "a volume without its attachments": {
    field: /attached_to/,
    call: (c) => saying(c, { ...volume, attached_to: undefined }).raw.getVolume({ path: { id: "vol-1" } }),
  },
  "an answer that is an array": { field: /\bbody\b/, call: (c) => saying(c, []).healthz() },
  "an answer that is null": { field: /\bbody\b/, call: (c) => saying(c, null).healthz() },
};

export const tolerance = casesOf("tolerance", {
  "unknown fields pass everywhere": async (c) => {
    const porter = bent(c, enrich);
    const suite = c.name();
    const sandbox = await porter.sandboxes.create({ image: c.target.image, tags: { suite } });
    c.cleanup(() => sandbox.terminate());
    await c.phase(sandbox.id, "running");
    equal((await sandbox.refresh()).phase, "running", "phase");
    equal((await sandbox.exec(["echo", "hi"])).stdout, "hi\n", "stdout");
    await sandbox.logs();
    equal((await porter.sandboxes.list({ tags: { suite }, include_filter_values: true })).length, 1, "listed");
    await porter.sandboxes.counts();
    await porter.readyz();
    const made = await porter.volumes.create({ name: c.name() });
    c.cleanup(() => made.delete());
    await porter.volumes.list();
    equal((await (await c.disk(made.name, porter)).listdir("/")).length, 0, "entries");
  },

  "unknown enum values pass and are handed on": async (c) => {
    const phase = "hibernating";
    const listed = await saying(c, { sandboxes: [{ ...status, phase }], pagination }).sandboxes.list();
    equal(String(listed[0]?.phase), phase, "phase of a sandbox");
    const found = await saying(c, { ...volume, phase: "resizing", type: "tape" }).raw.getVolume({
      path: { id: "vol-1" },
    });
    equal([String(found.phase), String(found.type)], ["resizing", "tape"], "phase and type of a volume");
    const { snapshots } = await saying(c, {
      snapshots: [{ id: "snap-1", sandbox_id: "sbx-1", mode: "memory", status: "uploading" }],
    }).raw.listSnapshots();
    equal([snapshots[0]?.mode, snapshots[0]?.status], ["memory", "uploading"], "mode and status of a snapshot");
    const { logs } = await saying(c, {
      sandbox_id: "sbx-1",
      logs: [{ timestamp: status.created_at, line: "x", level: "debug", exec_id: "" }],
    }).raw.getSandboxLogs({ path: { id: "sbx-1" } });
    equal(String(logs[0]?.level), "debug", "level of a line");
  },

  "a null in an optional field is an absence": async (c) => {
    const optional = { tags: null, exit_code: null, started_at: null, finished_at: null, internal_address: null };
    const [sandbox] = await saying(c, {
      sandboxes: [{ ...status, ...optional, volume_mounts: null, exec_target: null }],
      pagination,
      filter_values: null,
    }).sandboxes.list();
    const { exit_code, started_at } = sandbox?.status ?? {};
    equal([exit_code, started_at], [undefined, undefined], "exit_code and started_at");
  },

  "times with an offset pass": async (c) => {
    const created_at = "2026-11-20T11:30:00.123456789+02:00";
    const found = await saying(c, { ...status, created_at }).raw.getSandbox({ path: { id: "sbx-1" } });
    equal(found.created_at, created_at, "created_at");
  },

  "a body where none is expected is passed over": async (c) => {
    await saying(c, { deleted: true }).raw.terminateSandbox({ path: { id: "sbx-1" } });
  },

  "JSON counts, not what a server calls it": async (c) => {
    const porter = c.porterOver(
      async () => new Response(JSON.stringify({ status: "ok" }), { headers: { "content-type": "text/plain" } }),
    );
    equal((await porter.healthz()).status, "ok", "status");
  },

  ...Object.fromEntries(
    Object.entries(broken).map(([title, { field, call }]) => [
      `${title} is a MalformedResponseError that says where`,
      async (c: Context) => {
        const error = await rejects(
          call(c),
          { name: "MalformedResponseError", code: "malformed_response", field, admitted: true },
          "the call",
        );
        includes(error.message, field, "the message");
        ok(error.statusCode === 200, `statusCode: expected 200, got ${error.statusCode}`);
      },
    ]),
  ),
});
