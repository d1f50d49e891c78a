import { describe, expect, it } from "vitest";
import { done, json, refusal, status } from "../../test/answers.ts";
import { rejection, type Sent, setUp } from "../../test/scripted-client.ts";
import { type SandboxFilters, type SandboxSpec, StatusResponsePhase } from "../index.ts";

const page = (ids: string[], more: Record<string, unknown> = {}, has_next_page = false) =>
  json({
    sandboxes: ids.map((id) => status({ id })),
    pagination: { current_page: 1, total_pages: 1, has_next_page },
    ...more,
  });
const query = (sent: Sent | undefined) => Object.fromEntries(new URL(sent?.url ?? "").searchParams);

describe("create", () => {
  it("knows id, name and tags, and not yet the phase", async () => {
    const { porter, sent } = setUp([json({ id: "sbx-1", name: "my-sandbox" })]);
    const sandbox = await porter.sandboxes.create({ image: "a", name: "my-sandbox", tags: { a: "b" }, env: undefined });
    expect(sandbox).toMatchObject({ id: "sbx-1", name: "my-sandbox", phase: null, tags: { a: "b" }, status: null });
    expect(JSON.parse(String(sent[0]?.body))).toEqual({ image: "a", name: "my-sandbox", tags: { a: "b" } });
  });

  it.each<[unknown, RegExp]>([
    [{}, /^image/],
    [undefined, /^image/],
    [{ image: "a", name: "No Good" }, /^name: .*got "No Good"/],
    [{ image: "a", colour: "red" }, /^colour: is not a known field/],
    [{ image: "a", ttl_seconds: -1 }, /^ttl_seconds/],
    [{ image: "a", networking: [{ port: 80 }] }, /^networking\[0\].port/],
    [{ image: "a", networking: [{ port: "80" }] }, /^networking\[0\].port: must be a number/],
    [{ image: "a", volume_mounts: { data: "vol" } }, /^volume_mounts/],
    [{ image: "a", env: { TOKEN: 5 } }, /^env.TOKEN: must be a string$/],
    [{ image: "a", env: { TOKEN: "se\0cret" } }, /^env.TOKEN: must not contain NUL$/],
    ["a", /^body: must be an object/],
  ])("refuses %j before anything is sent", async (spec, message) => {
    const { porter, sent } = setUp([json({})]);
    const error = await rejection(porter.sandboxes.create(spec as SandboxSpec));
    expect(error).toMatchObject({ name: "InvalidRequestError", admitted: false, retryable: false });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain("cret");
    expect(sent).toEqual([]);
  });

  it.each(["", "a b", "ü", "x".repeat(256)])("refuses %j as a key", async (idempotencyKey) => {
    const { porter, sent } = setUp([json({})]);
    expect(await rejection(porter.sandboxes.create({ image: "a" }, { idempotencyKey }))).toMatchObject({
      field: "Idempotency-Key",
    });
    expect(sent).toEqual([]);
  });

  it("terminates at the end of an await using block, also one that is gone", async () => {
    for (const last of [new Response(null, { status: 204 }), refusal(404, "not_found")]) {
      const { porter, sent } = setUp([json({ id: "sbx-1", name: "a" }), last]);
      {
        await using sandbox = await porter.sandboxes.create({ image: "a" });
        expect(sandbox.id).toBe("sbx-1");
      }
      expect(sent[1]).toMatchObject({ method: "DELETE", url: "http://sandbox-api.local/v1/sandbox/sbx-1" });
    }
  });
});

describe("finding", () => {
  it("by name is one look-up", async () => {
    const { porter, sent } = setUp([json({ id: "sbx-9" })]);
    expect(await porter.sandboxes.get("a b")).toMatchObject({ id: "sbx-9", name: "a b", phase: null });
    expect(sent.map(({ url }) => url)).toEqual(["http://sandbox-api.local/v1/sandbox/lookup?name=a%20b"]);
  });

  it("by id brings the status", async () => {
    const { porter } = setUp([json(status({ tags: null, exit_code: null, future: { x: 1 } }))]);
    const sandbox = await porter.sandboxes.getById("sbx-1");
    expect(sandbox).toMatchObject({ phase: StatusResponsePhase.RUNNING, tags: {}, name: "my-sandbox" });
    expect(sandbox.status).not.toHaveProperty("exit_code");
    expect(sandbox.status).toHaveProperty("future");
  });

  it("refuses an empty name", async () => {
    expect(await rejection(setUp([]).porter.sandboxes.get(""))).toMatchObject({
      name: "InvalidRequestError",
      field: "name",
    });
  });
});

describe("refresh", () => {
  it("answers the status and updates the handle", async () => {
    const { porter } = setUp([json(status({ tags: { a: "b" }, phase: "hibernating" }))]);
    const sandbox = porter.sandboxes.fromId("sbx-1");
    const answer = await sandbox.refresh();
    expect(answer.image).toBe("python:3.12-slim");
    expect(sandbox).toMatchObject({ phase: "hibernating", tags: { a: "b" }, name: "my-sandbox", status: answer });
  });
});

describe("list", () => {
  it("is an array of handles that carries the page and the filter values", async () => {
    const filter_values = { tags: ["a=b"], images: ["x"], phases: ["running"] };
    const { porter } = setUp([page(["a", "b"], { filter_values }), page(["a"])]);
    const list = await porter.sandboxes.list();
    expect(list.map(({ id, phase }) => [id, phase])).toEqual([
      ["a", "running"],
      ["b", "running"],
    ]);
    expect(list.pagination.has_next_page).toBe(false);
    expect(list.filter_values).toEqual(filter_values);
    expect((await porter.sandboxes.list()).filter_values).toBeNull();
  });

  it("sends every filter", async () => {
    const { porter, sent } = setUp([page([])]);
    await porter.sandboxes.list({
      start_time: new Date(0),
      end_time: "2026-11-20T00:00:00+01:00",
      search: "my-",
      tags: { workflow: "demo", empty: "" },
      phase: ["running", "queued"],
      image: "a",
      include_filter_values: true,
      page: 2,
    });
    expect(sent[0]?.url).toBe(
      "http://sandbox-api.local/v1/sandbox?start_time=1970-01-01T00%3A00%3A00.000Z&end_time=2026-11-20T00%3A00%3A00%2B01%3A00&search=my-&image=a&include_filter_values=true&page=2&phase=running&phase=queued&tag=workflow%3Ddemo&tag=empty%3D",
    );
  });

  it.each<[object, string]>([
    [{ page: 0 }, "page"],
    [{ page: 1.5 }, "page"],
    [{ page: "1" }, "page"],
    [{ start_time: "yesterday" }, "start_time"],
    [{ end_time: new Date("x") }, "end_time"],
    [{ tags: { "a=b": "c" } }, "tags"],
    [{ tags: { "": "c" } }, "tags"],
    [{ search: "\ud800" }, "search"],
    [{ image: 5 }, "image"],
    [{ include_filter_values: "yes" }, "include_filter_values"],
    [{ signal: null }, "signal"],
    [{ colour: "red" }, "colour"],
  ])("refuses %j", async (filters, field) => {
    const { porter, sent } = setUp([page([])]);
    const error = await rejection(porter.sandboxes.list(filters as SandboxFilters));
    expect(error).toMatchObject({ name: "InvalidRequestError", field });
    expect(sent).toEqual([]);
  });
});

describe("iterate", () => {
  it("walks on from the last of each page, and yields nothing twice", async () => {
    const { porter, sent } = setUp([page(["c", "b"], {}, true), page(["b", "a"], {}, true), page(["a0"])]);
    const ids: string[] = [];
    for await (const { id } of porter.sandboxes.iterate({ tags: { a: "b" } })) ids.push(id);
    expect(ids).toEqual(["c", "b", "a", "a0"]);
    // All of them are of one time: what comes next is on the next page.
    const end_time = "2026-11-20T08:00:00.001Z";
    expect(sent.slice(1).map(query)).toEqual([
      { tag: "a=b", end_time, page: "1" },
      { tag: "a=b", end_time, page: "2" },
    ]);
  });

  it("keeps up with a server whose clock is ahead, and with an end of the caller's", async () => {
    const ahead = json({
      sandboxes: [status({ created_at: "2030-01-01T00:00:00.000Z" })],
      pagination: { current_page: 1, total_pages: 2, has_next_page: true },
    });
    const { porter, sent } = setUp([ahead, page([])]);
    for await (const _ of porter.sandboxes.iterate());
    expect(query(sent[1]).end_time).toBe("2030-01-01T00:00:00.001Z");
    const fixed = setUp([page(["a"], {}, true), page(["b"])]);
    for await (const _ of fixed.porter.sandboxes.iterate({ end_time: "2026-01-01T00:00:00Z" }));
    expect(fixed.sent.map((one) => query(one).end_time)).toEqual(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]);
  });

  it("ends although a server says for ever that there is more", async () => {
    for (const filters of [{}, { phase: "running" as const }]) {
      const { porter, sent } = setUp([page(["a"], {}, true)]);
      for await (const _ of porter.sandboxes.iterate(filters));
      expect(sent.length).toBeLessThanOrEqual(3);
    }
  });

  it.each([
    ["a millisecond of its own", (index: number) => new Date(Date.parse("2026-11-20T08:00:00Z") + index).toISOString()],
    ["a second shared by many", (index: number) => `2026-11-20T08:00:0${Math.floor(index / 7)}Z`],
    ["one time for all", () => "2026-11-20T08:00:00Z"],
  ])("skips none that a phase stops matching on the way, each with %s", async (_, createdAt) => {
    const live = Array.from({ length: 20 }, (_, index) =>
      status({ id: `sbx-${index}`, created_at: createdAt(index) }),
    ).reverse();
    const { porter, sent } = setUp([
      (request) => {
        if (request.method === "DELETE") {
          live.splice(
            live.findIndex(({ id }) => request.url.endsWith(`/${id}`)),
            1,
          );
          return done();
        }
        const { end_time = "2030", page = "1" } = query(request);
        const found = live.filter(({ created_at }) => Date.parse(created_at) <= Date.parse(end_time));
        const from = (Number(page) - 1) * 3;
        const pagination = { current_page: Number(page), total_pages: 9, has_next_page: found.length > from + 3 };
        return json({ sandboxes: found.slice(from, from + 3), pagination });
      },
    ]);
    for (const ends of [() => false, () => true, (index: number) => index % 2 === 0]) {
      const before = [...live];
      const seen: string[] = [];
      sent.length = 0;
      for await (const sandbox of porter.sandboxes.iterate({ phase: ["queued", "creating", "running"] })) {
        if (ends(seen.length)) await sandbox.terminate();
        seen.push(sandbox.id);
      }
      expect(seen).toEqual(before.map(({ id }) => id));
      live.splice(0, live.length, ...before);
    }
  });

  it.each([1, 2, 3, 7])("skips none that %i newcomers a page move down", async (newcomers) => {
    let made = 0;
    const make = () => status({ id: `sbx-${made}`, created_at: new Date(1_000_000 + 2 * made++).toISOString() });
    const all = Array.from({ length: 20 }, make).reverse();
    const before = all.map(({ id }) => id);
    const { porter, sent } = setUp([
      (request) => {
        const { end_time = "2030", page = "1" } = query(request);
        const found = all.filter(({ created_at }) => Date.parse(created_at) <= Date.parse(end_time));
        const from = (Number(page) - 1) * 3;
        const pagination = { current_page: Number(page), total_pages: 9, has_next_page: found.length > from + 3 };
        const answer = json({ sandboxes: found.slice(from, from + 3), pagination });
        for (let round = 0; round < newcomers; round += 1) all.unshift(make());
        return answer;
      },
    ]);
    const seen: string[] = [];
    for await (const { id } of porter.sandboxes.iterate({ end_time: "2030-01-01T00:00:00Z" })) seen.push(id);
    expect(seen.filter((id) => before.includes(id))).toEqual(before);
    expect(sent.length).toBeLessThan(20);
  });

  it("walks by pages though a phase is given where the order is another", async () => {
    const older = status({ id: "a", created_at: "2026-11-19T08:00:00Z" });
    const first = json({
      sandboxes: [older, status({ id: "b" })],
      pagination: { current_page: 1, total_pages: 2, has_next_page: true },
    });
    const { porter, sent } = setUp([first, page(["c"])]);
    const ids: string[] = [];
    for await (const { id } of porter.sandboxes.iterate({ phase: "running" })) ids.push(id);
    expect(ids).toEqual(["a", "b", "c"]);
    expect(sent.map(query).map(({ page }) => page)).toEqual(["1", "2"]);
  });

  it("asks for no further page when the loop is left", async () => {
    const { porter, sent } = setUp([page(["a", "b"], {}, true)]);
    for await (const _ of porter.sandboxes.iterate()) break;
    expect(sent).toHaveLength(1);
  });
});

it("answers counts, logs, metrics and their summary as the API has them", async () => {
  const counts = { points: [{ timestamp: "2026-11-20T08:00:00Z", count: 2 }], granularity_ms: 60000 };
  const line = { timestamp: "2026-11-20T08:00:00Z", line: "hi", level: "fatal", exec_id: "" };
  const metrics = { results: [{ series: [{ time_series: [{ timestamp_utc: "2026-11-20T08:00:00Z", value: 1 }] }] }] };
  const summary = { window_seconds: 3600, has_data: false };
  const { porter, sent } = setUp([json(counts), json({ sandbox_id: "a", logs: [line] }), json(metrics), json(summary)]);
  expect(await porter.sandboxes.counts({ image: "a" })).toEqual(counts);
  const sandbox = porter.sandboxes.fromId("a");
  expect(await sandbox.logs({ limit: 100, since: "1h" })).toEqual([line]);
  expect(await sandbox.metrics({ metric: "cpu_cores", start_time_utc: new Date(0) })).toEqual(metrics);
  expect(await sandbox.metricsSummary({ since: "1h" })).toEqual(summary);
  expect(sent.map(({ url }) => url.slice("http://sandbox-api.local/v1/sandbox".length))).toEqual([
    "/counts?image=a",
    "/a/logs?limit=100&since=1h",
    "/a/metrics?metric=cpu_cores&start_time_utc=1970-01-01T00%3A00%3A00.000Z",
    "/a/metrics-summary?since=1h",
  ]);
});

it("keeps snapshots as handles", async () => {
  const fields = { id: "snap-1", sandbox_id: "a", mode: "quantum", status: "soon" };
  const { porter, sent } = setUp([
    json(fields),
    json({ snapshots: [{ ...fields, size_bytes: 5 }] }),
    new Response(null, { status: 204 }),
  ]);
  const snapshot = await porter.sandboxes.fromId("a").snapshot();
  expect(snapshot).toMatchObject({ ...fields, size_bytes: null, failure_reason: null });
  const [listed] = await porter.snapshots.list({ sandbox_id: "a" });
  expect(listed).toMatchObject({ id: "snap-1", size_bytes: 5 });
  await listed?.delete();
  expect(sent.map(({ method, url, body }) => [method, url.slice(24), body])).toEqual([
    ["POST", "/v1/sandbox/a/snapshot", "{}"],
    ["GET", "/v1/snapshot?sandbox_id=a", undefined],
    ["DELETE", "/v1/snapshot/snap-1", undefined],
  ]);
});
