import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createHarness } from "../../test/harness.ts";
import { settle } from "../../test/manual-clock.ts";

describe("listing", () => {
  test("walks all pages newest first, and a page past the end is empty", async () => {
    const { ask, run, clock } = createHarness({ limits: { pageSize: 3 } });
    const made: string[] = [];
    for (let i = 0; i < 7; i += 1) {
      made.unshift(await run({ tags: { n: String(i % 2) } }));
      clock.jump(1000);
    }
    const walked: string[] = [];
    for (let page = 1; ; page += 1) {
      const { body } = await ask("GET", `/v1/sandbox?page=${page}`);
      walked.push(...body.sandboxes.map((sandbox: { id: string }) => sandbox.id));
      expect(body.pagination).toEqual({ current_page: page, total_pages: 3, has_next_page: page < 3 });
      if (!body.pagination.has_next_page) break;
    }
    expect(walked).toEqual(made);
    const past = await ask("GET", "/v1/sandbox?page=9");
    expect(past.body).toEqual({ sandboxes: [], pagination: { current_page: 9, total_pages: 3, has_next_page: false } });
  });

  test("filters by tags, phases, image, name and time, all of which must hold", async () => {
    const { ask, run, clock, engine } = createHarness();
    const a = await run({ name: "web-1", tags: { app: "web", env: "x" } });
    clock.jump(1000);
    const b = await run({ name: "web-2", tags: { app: "web" }, image: "python:3" });
    const c = await run({ name: "job-1", tags: { app: "job" } });
    engine.end(c, { exit_code: 0 });
    await settle();
    const ids = async (query: string) =>
      (await ask("GET", `/v1/sandbox?${query}`)).body.sandboxes.map((sandbox: { id: string }) => sandbox.id);
    expect(await ids("tag=app%3Dweb")).toEqual([b, a]);
    expect(await ids("tag=app%3Dweb&tag=env%3Dx")).toEqual([a]);
    expect(await ids("tag=app%3Dweb&tag=app%3Djob")).toEqual([]);
    expect(await ids("phase=succeeded&phase=failed")).toEqual([c]);
    expect(await ids("phase=running&phase=succeeded")).toEqual([c, b, a]);
    expect(await ids("image=python:3")).toEqual([b]);
    expect(await ids("search=web")).toEqual([b, a]);
    expect(await ids("search=web&image=busybox:1")).toEqual([a]);
    expect(await ids("start_time=2026-01-02T03:04:06Z")).toEqual([c, b]);
    expect(await ids("end_time=2026-01-02T03:04:05Z")).toEqual([a]);
    const { body } = await ask("GET", "/v1/sandbox?include_filter_values=true&search=job");
    expect(body.filter_values).toEqual({
      tags: ["app=job", "app=web", "env=x"],
      images: ["busybox:1", "python:3"],
      phases: ["running", "succeeded"],
    });
    expect((await ask("GET", "/v1/sandbox")).body.filter_values).toBeUndefined();
  });
});

describe("counting", () => {
  test("answers sixty equal buckets over the last day by default", async () => {
    const { ask, run } = createHarness();
    await run();
    const { body } = await ask("GET", "/v1/sandbox/counts");
    expect(body.granularity_ms).toBe(24 * 60_000);
    expect(body.points).toHaveLength(60);
    expect(body.points[0]).toEqual({ timestamp: "2026-01-01T03:04:05.000Z", count: 0 });
    expect(body.points[59].count).toBe(1);
  });

  test.each(["end_time=0000-01-01T00:00:00Z", "start_time=9999-12-31T23:59:59.999Z"])(
    "answers times that can be named at the edge of time: %s",
    async (window) => {
      const { ask } = createHarness();
      const { status, body } = await ask("GET", `/v1/sandbox/counts?${window}`);
      expect([status, body.points.length]).toEqual([200, 60]);
      for (const { timestamp } of body.points) expect(timestamp).toMatch(/^\d{4}-/);
    },
  );

  test("counts each sandbox of the window once, in the bucket in which it was created", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 12 }),
        fc.integer({ min: 0, max: 200_000 }),
        fc.integer({ min: 0, max: 400_000 }),
        async (gaps, from, length) => {
          const { ask, run, clock } = createHarness();
          const start = clock.now() + from;
          const end = start + length;
          const made: number[] = [];
          for (const gap of gaps) {
            clock.jump(gap);
            made.push(clock.now());
            await run({ tags: { all: "yes" } });
          }
          const iso = (ms: number) => new Date(ms).toISOString();
          const window = `start_time=${iso(start)}&end_time=${iso(end)}`;
          const { body } = await ask("GET", `/v1/sandbox/counts?${window}`);
          const filtered = await ask("GET", `/v1/sandbox/counts?${window}&tag=all%3Dyes&image=busybox:1`);
          expect(filtered.body).toEqual(body);
          const times: number[] = body.points.map((point: { timestamp: string }) => Date.parse(point.timestamp));
          expect(times).toEqual(times.map((_, i) => start + i * body.granularity_ms));
          expect(times.length).toBe(60);
          expect(start + 60 * body.granularity_ms).toBeGreaterThanOrEqual(end);
          for (const [i, { count }] of body.points.entries()) {
            const [low, high] = [start + i * body.granularity_ms, start + (i + 1) * body.granularity_ms];
            const inside = made.filter((at) => at >= low && (at < high || (i === 59 && at === high)) && at <= end);
            expect(count).toBe(inside.length);
          }
        },
      ),
      { numRuns: 25, seed: 1 },
    );
  });
});
