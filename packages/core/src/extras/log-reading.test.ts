import { parseSince } from "@porter-sandbox/spec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { json, refusal, status } from "../../test/answers.ts";
import { rejection } from "../../test/scripted-client.ts";
import { StepClock } from "../../test/step-clock.ts";
import { LogGapError } from "../errors/log-gap-error.ts";
import { InvalidRequestError, UnsupportedError } from "../errors/status-errors.ts";
import { Porter } from "../porter.ts";
import type { FollowQuery, LogLine, LogsQuery } from "../types.ts";
// Loaded here, so that no test has to wait for it.
import "./log-reading.ts";

interface Written {
  /** When it was written, and when the server first shows it; by the virtual clock. */
  readonly at: number;
  readonly shown: number;
  readonly line: string;
  readonly level?: LogLine["level"];
  readonly exec_id?: string;
}

interface ServerOptions {
  readonly lines: readonly Written[];
  /** When the sandbox ends. */
  readonly end?: number;
  readonly cap?: number;
  /** By how much the server's clock is ahead. */
  readonly skew?: number;
  readonly extensions?: readonly string[];
  /** Answers a request in the server's place. */
  readonly instead?: (url: URL, n: number) => Response | undefined;
}

/** A server of the published API that shows lines as time goes on, and a client of it. */
function serverOf({ lines, end = 0, cap = 5000, skew = 0, extensions, instead }: ServerOptions) {
  const clock = new StepClock();
  const began = clock.now();
  const asked: URL[] = [];
  const fetch = async (address: string): Promise<Response> => {
    const url = new URL(address);
    asked.push(url);
    const answer = instead?.(url, asked.length);
    if (answer) return answer;
    if (url.pathname.endsWith("/capabilities")) return extensions ? json({ extensions }) : refusal(404, "not_found");
    const now = clock.now() - began;
    if (!url.pathname.endsWith("/logs")) return json(status({ phase: now >= end ? "succeeded" : "running" }));
    const query = url.searchParams;
    const server = clock.now() + skew;
    const since = parseSince(query.get("since") ?? "1h", server) ?? Number.NaN;
    const levels = query.getAll("level");
    const exec_id = query.get("exec_id");
    const shown = lines
      .filter((line) => line.shown <= now && began + skew + line.at >= since)
      .filter(({ level = "info" }) => levels.length === 0 || levels.includes(level))
      .filter(({ exec_id: id = "" }) => exec_id === null || (exec_id === "workload" ? id === "" : id === exec_id))
      .sort((a, b) => a.at - b.at);
    const logs = shown.slice(Math.max(0, shown.length - Math.min(cap, Number(query.get("limit") ?? 500))));
    return json({
      sandbox_id: "sbx-1",
      logs: logs.map(({ at, line, level = "info", exec_id = "" }) => ({
        timestamp: new Date(began + skew + at).toISOString(),
        line,
        level,
        exec_id,
      })),
    });
  };
  const porter = new Porter({ fetch, clock, random: () => 0.5, maxRetries: 0 });
  const sandbox = porter.sandboxes.fromId("sbx-1");
  const collect = async (query: Partial<FollowQuery> = {}, pause?: (n: number) => number) => {
    const found: string[] = [];
    let failure: unknown;
    const run = async () => {
      try {
        for await (const { line } of sandbox.logs({ follow: true, ...query })) {
          found.push(line);
          const ms = pause?.(found.length) ?? 0;
          if (ms > 0) await new Promise<void>((resolve) => clock.schedule(resolve, ms));
        }
      } catch (error) {
        failure = error;
      }
    };
    await clock.settle(run());
    return { found, failure };
  };
  const read = (query: LogsQuery) => clock.settle(sandbox.logs(query));
  const logRequests = () => asked.filter((url) => url.pathname.endsWith("/logs"));
  return { clock, began, sandbox, asked, collect, read, logRequests };
}

const at = (time: number, line: string, more: Partial<Written> = {}): Written => ({
  at: time,
  shown: time,
  line,
  ...more,
});

describe("following logs", () => {
  const written = fc.record({
    // Few different times, so that many are equal.
    at: fc.integer({ min: 0, max: 30 }).map((n) => n * 500),
    late: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 4999 }) },
    ),
    line: fc.constantFrom("a", "b", "c"),
    exec_id: fc.constantFrom("", "exec-1"),
  });

  it("hands out every line once, whatever order and how late they come, until the sandbox has ended", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(written, { maxLength: 60 }),
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(undefined, "1h", "30s"),
        async (given, skew, pauses, since) => {
          const lines = given.map(({ late, ...line }) => ({ ...line, shown: line.at + late }));
          const end = Math.max(0, ...lines.map(({ shown }) => shown - 400));
          const { collect } = serverOf({ lines, end, skew });
          const { found, failure } = await collect({ since }, (n) =>
            n % 7 === 0 ? (pauses[n % pauses.length] ?? 0) : 0,
          );
          expect(failure).toBeUndefined();
          expect(found.toSorted()).toEqual(lines.map(({ line }) => line).toSorted());
        },
      ),
      { numRuns: 60, seed: 1 },
    );
  }, 30_000);

  it("says so whenever lines are lost to a server's cap, whatever it is, and hands out none twice", async () => {
    const burst = fc.record({ time: fc.integer({ min: 500, max: 9000 }), count: fc.integer({ min: 1, max: 6 }) });
    let lossy = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(burst, { maxLength: 25 }), fc.integer({ min: 2, max: 12 }), async (bursts, cap) => {
        const lines = [
          at(0, "first"),
          ...bursts.flatMap(({ time, count }, n) => Array.from({ length: count }, (_, k) => at(time, `${n}.${k}`))),
        ];
        let gaps = 0;
        const { found, failure } = await serverOf({ lines, cap, end: 9000 }).collect({ onGap: () => (gaps += 1) });
        expect(failure).toBeUndefined();
        expect(new Set(found).size).toBe(found.length);
        if (found.length < lines.length) {
          lossy += 1;
          expect(gaps).toBeGreaterThan(0);
        }
      }),
      { numRuns: 40, seed: 2 },
    );
    expect(lossy).toBeGreaterThan(5);
  }, 30_000);

  it("begins with the newest lines when a limit says how many, and goes on with all", async () => {
    const lines = [...[0, 1, 2, 3, 4].map((n) => at(0, `old ${n}`)), at(3000, "new")];
    expect((await serverOf({ lines, end: 4000 }).collect({ limit: 2 })).found).toEqual(["old 3", "old 4", "new"]);
    expect((await serverOf({ lines, end: 4000 }).collect({ limit: 2, since: "1h" })).found).toHaveLength(3);
  });

  it("keeps the beginning where it was while nothing is there, whatever `since` is", async () => {
    const lines = [at(-3000, "too old"), at(-900, "old"), at(5000, "quick"), at(95_000, "late")];
    const { collect } = serverOf({ lines, end: 96_000 });
    expect((await collect({ since: "1s" })).found).toEqual(["old", "quick", "late"]);
    const slow = serverOf({ lines: [at(60_000, "first")], end: 61_000 });
    expect((await slow.collect({ since: "1s" })).found).toEqual(["first"]);
    const since = new Date(slow.began - 1000).toISOString();
    expect((await serverOf({ lines, end: 96_000 }).collect({ since })).found).toEqual(["old", "quick", "late"]);
  });

  it("asks for little when nothing is new", async () => {
    const lines = Array.from({ length: 100 }, (_, n) => at(n, String(n)));
    const { collect, logRequests, began } = serverOf({ lines, end: 60_000 });
    expect((await collect()).found).toHaveLength(100);
    const quiet = logRequests().at(-1)?.searchParams.get("since");
    expect(quiet).toBe(new Date(began + 99).toISOString());
    expect(logRequests().length).toBeLessThan(50);
  });

  it("filters here where the server cannot, and there where it can", async () => {
    const lines = [
      at(0, "mine"),
      at(0, "bad", { level: "error", exec_id: "exec-1" }),
      at(10, "good", { exec_id: "exec-1" }),
      at(20, "worse", { level: "error" }),
      at(9000, "late", { level: "warning", exec_id: "exec-2" }),
    ];
    for (const extensions of [undefined, ["log_filters"]]) {
      const follow = async (query: Partial<FollowQuery>) => {
        const server = serverOf({ lines, end: 9000, ...(extensions && { extensions }) });
        const { found } = await server.collect(query);
        const sent = server.logRequests().map(({ searchParams }) => searchParams);
        return { found, sent: sent.some((query) => query.has("level") || query.has("exec_id")) };
      };
      const there = extensions !== undefined;
      expect(await follow({ level: "error" })).toEqual({ found: ["bad", "worse"], sent: there });
      expect(await follow({ level: ["error", "warning"] })).toEqual({ found: ["bad", "worse", "late"], sent: there });
      expect(await follow({ exec_id: "" })).toEqual({ found: ["mine", "worse"], sent: there });
      expect(await follow({ exec_id: "exec-1", level: "info" })).toEqual({ found: ["good"], sent: there });
      expect(await follow({})).toEqual({ found: lines.map(({ line }) => line), sent: false });
    }
  });

  it("ends when the time of `until` is over, though the sandbox goes on", async () => {
    const lines = [at(0, "one"), at(2000, "two"), at(2001, "three"), at(60_000, "four")];
    const server = serverOf({ lines, end: 1e9 });
    const until = new Date(server.began + 2000).toISOString();
    expect((await server.collect({ until })).found).toEqual(["one", "two"]);
    expect(server.clock.now() - server.began).toBeLessThan(12_000);
  });

  it("ends with the signal's reason, and asks no more", async () => {
    const { sandbox, clock, asked } = serverOf({ lines: [at(0, "one")], end: 1e9 });
    const controller = new AbortController();
    const lines = sandbox.logs({ follow: true, signal: controller.signal });
    expect((await clock.settle(lines.next())).value?.line).toBe("one");
    const next = lines.next();
    clock.schedule(() => controller.abort(new Error("enough")), 1000);
    expect(await rejection(clock.settle(next))).toMatchObject({ message: "enough" });
    const before = asked.length;
    expect(clock.pending).toBe(0);
    expect((await lines.next()).done).toBe(true);
    expect(asked.length).toBe(before);
  });

  it("heeds the signal of the query and that of the options alike", async () => {
    for (const which of [0, 1]) {
      const { sandbox, clock } = serverOf({ lines: [at(0, "first")], end: 60_000 });
      const controllers = [new AbortController(), new AbortController()] as const;
      const lines = sandbox.logs({ follow: true, signal: controllers[0].signal }, { signal: controllers[1].signal });
      expect((await clock.settle(lines.next())).value?.line).toBe("first");
      controllers[which]?.abort("enough");
      await expect(clock.settle(lines.next())).rejects.toBe("enough");
    }
  });

  it("asks less often when it is told to, and goes on", async () => {
    const busy = (url: URL, n: number) =>
      url.pathname.endsWith("/logs") && n < 4 ? refusal(429, "rate_limited", {}, { "retry-after": "7" }) : undefined;
    const { collect, clock, began } = serverOf({ lines: [at(0, "one")], end: 0, instead: busy });
    expect((await collect()).found).toEqual(["one"]);
    expect(clock.now() - began).toBeGreaterThan(21_000);
  });

  it.each([
    [{ limit: 0 }, "limit"],
    [{ until: "yesterday" }, "until"],
    [{ onGap: "x" as never }, "onGap"],
    [{ since: 5 as never }, "since"],
  ])("refuses %j before anything is sent", async (query, field) => {
    const { collect, asked } = serverOf({ lines: [] });
    const { failure } = await collect(query);
    expect(failure).toBeInstanceOf(InvalidRequestError);
    expect(failure).toMatchObject({ field });
    expect(asked).toEqual([]);
  });
});

describe("gaps", () => {
  const many = Array.from({ length: 12_000 }, (_, n) => at(n < 10 ? 0 : 300, String(n)));

  it("are an error, after all that came before", async () => {
    const { found, failure } = await serverOf({ lines: many, end: 1000 }).collect();
    expect(found).toHaveLength(10);
    expect(failure).toBeInstanceOf(LogGapError);
    expect(failure).toMatchObject({ code: "log_gap", after: expect.any(String), before: expect.any(String) });
  });

  it("are told to who asked for it, and the rest follows", async () => {
    const gaps: unknown[] = [];
    const { found, failure } = await serverOf({ lines: many, end: 1000 }).collect({ onGap: (gap) => gaps.push(gap) });
    expect(failure).toBeUndefined();
    expect(gaps).toHaveLength(1);
    expect(found).toEqual([...many.slice(0, 10), ...many.slice(-5000)].map(({ line }) => line));
  });

  it("are none at the beginning, nor where the newest lines hang together", async () => {
    const steady = Array.from({ length: 9000 }, (_, n) => at(n, String(n)));
    expect((await serverOf({ lines: steady, end: 9000 }).collect()).found).toHaveLength(9000);
    const past = Array.from({ length: 7000 }, (_, n) => at(-1, String(n)));
    expect((await serverOf({ lines: past }).collect()).found).toHaveLength(5000);
  });
});

describe("reading filtered logs", () => {
  const lines = Array.from({ length: 60 }, (_, n) =>
    at(n, String(n), { level: n % 10 === 0 ? "error" : "info", exec_id: n < 30 ? "exec-1" : "" }),
  );

  it("answers the newest that match, on any server", async () => {
    for (const extensions of [undefined, ["log_filters"]]) {
      const server = serverOf({ lines, ...(extensions && { extensions }) });
      server.clock.schedule(() => {}, 1000);
      server.clock.step();
      const found = async (query: LogsQuery) => (await server.read(query)).map(({ line }) => line);
      expect(await found({ level: "error", limit: 2 })).toEqual(["40", "50"]);
      expect(await found({ level: "error", exec_id: "exec-1" })).toEqual(["0", "10", "20"]);
      expect(await found({ exec_id: "", level: ["error", "warning"] })).toEqual(["30", "40", "50"]);
      if (!extensions)
        expect(await found({ until: new Date(server.began + 2).toISOString() })).toEqual(["0", "1", "2"]);
    }
  });

  it("does not answer what may be incomplete", async () => {
    const many = Array.from({ length: 5001 }, (_, n) => at(0, String(n), { level: n < 5 ? "error" : "info" }));
    const failure = await rejection(serverOf({ lines: many }).read({ level: "error" }));
    expect(failure).toBeInstanceOf(UnsupportedError);
    expect(failure).toMatchObject({ field: "since" });
    expect(await serverOf({ lines: many }).read({ level: "info", limit: 100 })).toHaveLength(100);
  });

  it("sends nothing for filters that make no sense", async () => {
    for (const query of [{ until: "x" }, { level: 5 as never }, { exec_id: "a", limit: -1 }]) {
      const server = serverOf({ lines });
      expect(await rejection(server.read(query))).toBeInstanceOf(InvalidRequestError);
      expect(server.asked).toEqual([]);
    }
  });
});
