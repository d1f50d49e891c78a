import { equal, fail, includes, isInteger, ok, rejects, timeOf } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context, WireStatus } from "../context.ts";
import { body, refused } from "../http.ts";

type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

const list = async (c: Context, query: Query) => body(await c.http("GET", "/v1/sandbox", { query }));
const idsOf = (answer: { sandboxes: WireStatus[] }) => answer.sandboxes.map(({ id }) => id);

/** Sandboxes of this case alone, told by a tag; oldest first. */
async function several(c: Context, count: number, spec: (index: number) => Record<string, unknown> = () => ({})) {
  const suite = c.name("suite");
  const made: { id: string; name: string }[] = [];
  for (let index = 0; index < count; index += 1) {
    const { tags, ...rest } = spec(index) as { tags?: Record<string, string> };
    made.push(await c.create({ ...rest, tags: { suite, ...tags } }));
  }
  return { suite, tag: `suite=${suite}`, made, ids: made.map(({ id }) => id) };
}

export const listing = casesOf("listing", {
  "sandboxes are listed newest first, with their whole status": async (c) => {
    const { tag, ids } = await several(c, 3);
    const answer = await list(c, { tag });
    equal(idsOf(answer), [...ids].reverse(), "ids");
    equal(answer.pagination, { current_page: 1, total_pages: 1, has_next_page: false }, "pagination");
    equal(answer.filter_values, undefined, "filter_values when not asked for");
    const [first] = answer.sandboxes as WireStatus[];
    const state = await c.status(first?.id ?? "");
    equal(
      [first?.name, first?.image, first?.tags, first?.created_at, first?.host],
      [state.name, state.image, state.tags, state.created_at, state.host],
      "name, image, tags, created_at and host",
    );
  },

  "all tags given must match": async (c) => {
    const { tag, ids } = await several(c, 3, (index) => ({
      tags: { stage: index === 0 ? "test" : "live", owner: index === 1 ? "ada" : "bob" },
    }));
    equal(idsOf(await list(c, { tag: [tag, "stage=live"] })), [ids[2], ids[1]], "by one more tag");
    equal(idsOf(await list(c, { tag: [tag, "stage=live", "owner=bob"] })), [ids[2]], "by two more");
    equal(idsOf(await list(c, { tag: [tag, "stage=liv"] })), [], "by a part of a value");
  },

  "a tag's value may hold an equals sign": async (c) => {
    const { tag, ids } = await several(c, 1, () => ({ tags: { query: "a=b=c" } }));
    equal(idsOf(await list(c, { tag: [tag, "query=a=b=c"] })), ids, "ids");
    equal(idsOf(await list(c, { tag: [tag, "query=a"] })), [], "ids by its first part");
  },

  "a name is searched by its beginning": async (c) => {
    const prefix = c.name("pre");
    const names = [`${prefix}-one`, `${prefix}-two`];
    const made = [await c.create({ name: names[0] ?? "" }), await c.create({ name: names[1] ?? "" })];
    equal(idsOf(await list(c, { search: prefix })), [made[1]?.id, made[0]?.id], "by the shared beginning");
    equal(idsOf(await list(c, { search: names[0] })), [made[0]?.id], "by the whole name");
    equal(idsOf(await list(c, { search: prefix.slice(1) })), [], "by the middle");
    const { tag, ids } = await several(c, 1, () => ({ name: `x-${prefix}` }));
    equal(idsOf(await list(c, { tag, search: prefix })), [], "by the middle, among those of a tag");
    equal(idsOf(await list(c, { tag, search: "x-" })), ids, "by the beginning, among those of a tag");
  },

  "any of the phases given matches": async (c) => {
    const { tag, ids } = await several(c, 2);
    await c.phase(ids[1] ?? "", "running");
    await c.http("DELETE", `/v1/sandbox/${ids[0]}`);
    equal(idsOf(await list(c, { tag, phase: "terminated" })), [ids[0]], "terminated");
    equal(idsOf(await list(c, { tag, phase: "running" })), [ids[1]], "running");
    equal(idsOf(await list(c, { tag, phase: ["running", "terminated"] })), [ids[1], ids[0]], "both");
    equal(idsOf(await list(c, { tag, phase: ["succeeded", "failed"] })), [], "neither");
  },

  "an image matches whole": async (c) => {
    const { tag, ids } = await several(c, 1);
    equal(idsOf(await list(c, { tag, image: c.target.image })), ids, "by the image");
    equal(idsOf(await list(c, { tag, image: `${c.target.image}x` })), [], "by another");
  },

  "the window of time includes both its ends": async (c) => {
    const { tag, ids } = await several(c, 2);
    const created = timeOf((await c.status(ids[0] ?? "")).created_at, "created_at");
    const at = (ms: number) => new Date(created + ms).toISOString();
    ok(idsOf(await list(c, { tag, start_time: at(0) })).includes(ids[0] ?? ""), "start_time: expected its own time");
    ok(idsOf(await list(c, { tag, end_time: at(1) })).includes(ids[0] ?? ""), "end_time: expected its own time");
    equal(idsOf(await list(c, { tag, end_time: at(-1) })), [], "before its time");
    equal(idsOf(await list(c, { tag, start_time: at(3_600_000) })), [], "an hour later");
    equal(idsOf(await list(c, { tag, start_time: at(-1000), end_time: at(-1) })), [], "a window before it");
  },

  "a time with another zone is the same time": async (c) => {
    const { tag, ids } = await several(c, 1);
    const created = timeOf((await c.status(ids[0] ?? "")).created_at, "created_at");
    const local = `${new Date(created + 7_200_000 - 1000).toISOString().slice(0, 19)}+02:00`;
    equal(idsOf(await list(c, { tag, start_time: local })), ids, "start_time with an offset");
    equal(idsOf(await list(c, { tag, end_time: local })), [], "end_time with an offset");
  },

  "filters combine": async (c) => {
    const { tag, ids, made } = await several(c, 3);
    await c.phase(ids[0] ?? "", "running");
    await c.http("DELETE", `/v1/sandbox/${ids[1]}`);
    const query = { tag, image: c.target.image, phase: "running", search: made[0]?.name };
    equal(idsOf(await list(c, query)), [ids[0]], "ids");
    equal(idsOf(await list(c, { ...query, phase: "terminated" })), [], "with another phase");
  },

  "filter values tell what occurs": async (c) => {
    const { tag } = await several(c, 1, () => ({ tags: { colour: "green" } }));
    const { filter_values } = await list(c, { include_filter_values: true });
    ok(filter_values, "filter_values: expected them");
    ok(filter_values.tags.includes(tag), `tags: expected ${tag} among them`);
    ok(filter_values.tags.includes("colour=green"), "tags: expected colour=green among them");
    ok(filter_values.images.includes(c.target.image), "images: expected the image among them");
    ok(filter_values.phases.length > 0, "phases: expected one at least");
    equal(new Set(filter_values.tags).size, filter_values.tags.length, "how many different tags");
  },

  "pages hold fifty": {
    needs: ["many"],
    run: async (c) => {
      const { tag, ids } = await several(c, 53);
      const first = await list(c, { tag });
      equal(idsOf(first), [...ids].reverse().slice(0, 50), "the first page");
      equal(first.pagination, { current_page: 1, total_pages: 2, has_next_page: true }, "its pagination");
      const second = await list(c, { tag, page: 2 });
      equal(idsOf(second), [...ids].reverse().slice(50), "the second page");
      equal(second.pagination, { current_page: 2, total_pages: 2, has_next_page: false }, "its pagination");
    },
  },

  "a page past the end is empty": async (c) => {
    const { tag } = await several(c, 1);
    const answer = await list(c, { tag, page: 9 });
    equal(answer.sandboxes, [], "sandboxes");
    equal(answer.pagination.has_next_page, false, "has_next_page");
    equal(answer.pagination.current_page, 9, "current_page");
  },

  "what matches nothing is an empty list": async (c) => {
    const answer = await list(c, { tag: `suite=${c.name("nobody")}` });
    equal(answer.sandboxes, [], "sandboxes");
    equal(answer.pagination.has_next_page, false, "has_next_page");
  },

  "filters against the rules are refused and named": async (c) => {
    const wrong: [Query, string][] = [
      [{ page: 0 }, "page"],
      [{ page: -1 }, "page"],
      [{ page: "1.5" }, "page"],
      [{ page: "two" }, "page"],
      [{ start_time: "yesterday" }, "start_time"],
      [{ end_time: "2026-13-45T00:00:00Z" }, "end_time"],
      [{ phase: "sleeping" }, "phase"],
      [{ tag: "no-equals-sign" }, "tag"],
      [{ include_filter_values: "perhaps" }, "include_filter_values"],
      [{ tags: "a=b" }, "query"],
    ];
    for (const [query, field] of wrong) {
      const value = field === "query" ? "tags" : String(Object.values(query)[0]);
      refused(await c.http("GET", "/v1/sandbox", { query }), 400, "invalid_request", { field, says: [value] });
    }
  },

  "the client lists by every filter, and the array carries pagination and filter values": async (c) => {
    const porter = c.porter();
    const { suite, ids, made } = await several(c, 2);
    await c.phase(ids[0] ?? "", "running");
    const created = timeOf((await c.status(ids[0] ?? "")).created_at, "created_at");
    const found = await porter.sandboxes.list({
      tags: { suite },
      search: made[0]?.name,
      phase: ["running", "succeeded"],
      image: c.target.image,
      start_time: new Date(created - 1000).toISOString(),
      end_time: new Date(created + 60_000).toISOString(),
      include_filter_values: true,
      page: 1,
    });
    ok(Array.isArray(found), "expected an array");
    equal(
      found.map((sandbox) => [sandbox.id, sandbox.phase, sandbox.tags]),
      [[ids[0], "running", { suite }]],
      "id, phase and tags",
    );
    equal(found.pagination, { current_page: 1, total_pages: 1, has_next_page: false }, "pagination");
    ok(found.filter_values?.tags.includes(`suite=${suite}`), "filter_values: expected the tag among them");
    equal((await porter.sandboxes.list({ tags: { suite } })).length, 2, "by the tag alone");
    equal((await porter.sandboxes.list({ tags: { suite, other: "x" } })).length, 0, "by two tags");
  },

  "a page below 1 is refused by the client": async (c) => {
    const { porter, sent } = c.offline();
    const error = await rejects(porter.sandboxes.list({ page: 0 }), { name: "InvalidRequestError" }, "page 0");
    includes(error.message, "page", "the message");
    equal(sent, [], "sent");
  },
});

export const iterate = casesOf("iterate", {
  "every sandbox of every page comes once, newest first": {
    needs: ["many"],
    run: async (c) => {
      const { suite, ids } = await several(c, 52);
      const seen: string[] = [];
      for await (const sandbox of c.porter().sandboxes.iterate({ tags: { suite } })) seen.push(sandbox.id);
      equal(seen, [...ids].reverse(), "ids");
    },
  },

  "what is created on the way neither shows nor shifts the pages": {
    needs: ["many"],
    run: async (c) => {
      const { suite, ids } = await several(c, 51);
      const seen: string[] = [];
      const times: (string | null)[] = [];
      const porter = c.porterOver((input, init) => {
        const url = new URL(typeof input === "string" || input instanceof URL ? String(input) : input.url);
        if (url.pathname.endsWith("/v1/sandbox")) times.push(url.searchParams.get("end_time"));
        return c.target.fetch(input, init);
      });
      // Servers' times may be coarse: what is created while walking must be later than the walk's end.
      await new Promise((resolve) => setTimeout(resolve, 5));
      for await (const sandbox of porter.sandboxes.iterate({ tags: { suite } })) {
        seen.push(sandbox.id);
        if (seen.length === 1) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          await c.create({ tags: { suite } });
        }
      }
      equal(seen, [...ids].reverse(), "ids");
      ok(times.length > 1 && !times.slice(1).includes(null), `end_time after the first page: expected one in ${times}`);
      equal(new Set(times.slice(1)).size, 1, "different end times after the first page");
    },
  },

  "a sandbox that two pages repeat comes once": async (c) => {
    const { suite, ids } = await several(c, 2);
    let asked = 0;
    const porter = c.porterOver(async (input, init) => {
      const response = await c.target.fetch(input, init);
      const answer = await response.json();
      asked += 1;
      answer.pagination = { current_page: asked, total_pages: 2, has_next_page: asked < 2 };
      return new Response(JSON.stringify({ ...answer, sandboxes: await sandboxesOf(c, suite) }), {
        headers: { "content-type": "application/json" },
      });
    });
    const seen: string[] = [];
    for await (const sandbox of porter.sandboxes.iterate({ tags: { suite } })) seen.push(sandbox.id);
    equal(seen, [...ids].reverse(), "ids");
    equal(asked, 2, "pages asked for");
  },

  "leaving the loop asks for no more pages": {
    needs: ["many"],
    run: async (c) => {
      const { suite } = await several(c, 51);
      let asked = 0;
      const porter = c.porterOver((input, init) => {
        asked += 1;
        return c.target.fetch(input, init);
      });
      for await (const _sandbox of porter.sandboxes.iterate({ tags: { suite } })) break;
      equal(asked, 1, "pages asked for");
    },
  },

  "what a phase stops matching on the way makes the walk skip none": {
    needs: ["many"],
    run: async (c) => {
      const { suite, ids } = await several(c, 52);
      const seen: string[] = [];
      const filters = { tags: { suite }, phase: ["queued", "creating", "running"] as const };
      for await (const sandbox of c.porter().sandboxes.iterate(filters)) {
        seen.push(sandbox.id);
        await sandbox.terminate();
      }
      equal(seen, [...ids].reverse(), "ids");
    },
  },

  "nothing to walk is no sandbox": async (c) => {
    for await (const sandbox of c.porter().sandboxes.iterate({ tags: { suite: c.name("nobody") } })) {
      fail(`expected none, got ${sandbox.id}`);
    }
  },
});

const sandboxesOf = async (c: Context, suite: string) => (await list(c, { tag: `suite=${suite}` })).sandboxes;

export const counts = casesOf("counts", {
  "sixty buckets over the last day, oldest first and without gaps": async (c) => {
    const { tag } = await several(c, 2);
    const answer = body(await c.http("GET", "/v1/sandbox/counts", { query: { tag } }));
    equal(answer.points.length, 60, "points");
    equal(answer.granularity_ms, 1_440_000, "granularity_ms");
    const times = answer.points.map((point: { timestamp: string }) => timeOf(point.timestamp, "timestamp"));
    for (let index = 1; index < times.length; index += 1) {
      equal(times[index] - times[index - 1], answer.granularity_ms, `width of bucket ${index}`);
    }
    for (const point of answer.points) isInteger(point.count, "count");
    equal(total(answer), 2, "counted");
    equal(answer.points.at(-1).count, 2, "in the last bucket");
  },

  "a window is cut into equal parts": async (c) => {
    const { tag, ids } = await several(c, 1);
    const created = timeOf((await c.status(ids[0] ?? "")).created_at, "created_at");
    const query = {
      tag,
      start_time: new Date(created - 90_000).toISOString(),
      end_time: new Date(created + 90_000).toISOString(),
    };
    const answer = body(await c.http("GET", "/v1/sandbox/counts", { query }));
    equal(answer.granularity_ms, 3000, "granularity_ms");
    equal(answer.points.length, 60, "points");
    equal(timeOf(answer.points[0].timestamp, "timestamp"), created - 90_000, "the first bucket");
    equal(
      answer.points.findIndex((point: { count: number }) => point.count === 1),
      30,
      "the bucket that holds it",
    );
  },

  "at the edges of time too the buckets begin at times": async (c) => {
    for (const query of [{ end_time: "0000-01-01T00:00:00Z" }, { start_time: "9999-12-31T23:59:59Z" }]) {
      const answer = body(await c.http("GET", "/v1/sandbox/counts", { query }));
      const times = answer.points.map((point: { timestamp: string }) => timeOf(point.timestamp, "timestamp"));
      equal(times[59] - times[0], 59 * answer.granularity_ms, "from the first bucket to the last");
    }
  },

  "the filters of listing apply": async (c) => {
    const { tag, ids, made } = await several(c, 3, (index) => ({ tags: { odd: String(index % 2 === 1) } }));
    await c.http("DELETE", `/v1/sandbox/${ids[0]}`);
    const count = async (query: Query) => total(body(await c.http("GET", "/v1/sandbox/counts", { query })));
    equal(await count({ tag }), 3, "by tag");
    equal(await count({ tag: [tag, "odd=true"] }), 1, "by two tags");
    equal(await count({ tag, phase: "terminated" }), 1, "by phase");
    equal(await count({ tag, search: made[1]?.name }), 1, "by name");
    equal(await count({ tag, image: `${c.target.image}x` }), 0, "by another image");
  },

  "filters against the rules are refused": async (c) => {
    for (const [query, field] of [
      [{ start_time: "noon" }, "start_time"],
      [{ start_time: "9999-12-31T23:59:59-23:59" }, "start_time"],
      [{ phase: "sleeping" }, "phase"],
      [{ start_time: "2030-01-02T00:00:00Z", end_time: "2030-01-01T00:00:00Z" }, /_time/],
    ] as const) {
      refused(await c.http("GET", "/v1/sandbox/counts", { query }), 400, "invalid_request", { field });
    }
  },

  "the client counts": async (c) => {
    const { suite } = await several(c, 2);
    const answer = await c.porter().sandboxes.counts({ tags: { suite } });
    equal(total(answer), 2, "counted");
    equal(answer.granularity_ms, 1_440_000, "granularity_ms");
  },
});

const total = (answer: { points: readonly { count: number }[] }) =>
  answer.points.reduce((sum, { count }) => sum + count, 0);
