import { PassThrough } from "node:stream";
import { createVirtualClock } from "@porter-sandbox/testing";
import { describe, expect, it } from "vitest";
import { settled } from "../test/settled.ts";
import type { DockerClient } from "./client.ts";
import { DockerUnreachable } from "./errors.ts";
import { createEventFeed } from "./events.ts";
import { namesOf } from "./names.ts";

function setUp() {
  const streams: PassThrough[] = [];
  let away = false;
  let tries = 0;
  const stream = async () => {
    tries += 1;
    if (away) throw new DockerUnreachable("away");
    const body = new PassThrough();
    streams.push(body);
    return body;
  };
  const clock = createVirtualClock({ start: 0 });
  const feed = createEventFeed({ stream } as unknown as DockerClient, namesOf("test"), clock);
  const goAway = (value: boolean) => {
    away = value;
  };
  return { feed, clock, streams, goAway, tries: () => tries };
}

describe("the feed of events", () => {
  it("is one try at a time and one timer, however many wait for it while the engine is away", async () => {
    const { feed, clock, goAway, tries } = setUp();
    goAway(true);
    for (let round = 0; round < 5; round += 1) {
      const waiting = Array.from({ length: 100 }, () => feed.ready());
      expect((await Promise.allSettled(waiting)).every(({ status }) => status === "rejected")).toBe(true);
      expect(clock.pending()).toBe(1);
    }
    expect(tries()).toBe(5);
    goAway(false);
    await feed.ready();
    expect(clock.pending()).toBe(0);
  });

  it("is taken up again by itself, with growing pauses, and then has everybody look", async () => {
    const { feed, clock, streams, goAway, tries } = setUp();
    let looks = 0;
    feed.onResync(() => {
      looks += 1;
    });
    await feed.ready();
    expect(looks).toBe(0);
    goAway(true);
    streams[0]?.destroy();
    for (const ms of [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      await settled();
      const before = tries();
      await clock.advance(ms - 1);
      expect(tries()).toBe(before);
      await clock.advance(1);
      expect(tries()).toBe(before + 1);
    }
    goAway(false);
    await settled();
    await clock.advance(5_000);
    await settled();
    expect([looks, streams.length]).toEqual([1, 2]);
  });

  it("rests before an engine that cuts it at once is asked again, and less when it held", async () => {
    const { feed, clock, streams, tries } = setUp();
    await feed.ready();
    for (const ms of [100, 200, 400]) {
      streams.at(-1)?.destroy();
      await settled();
      await clock.advance(ms - 1);
      const before = tries();
      await clock.advance(1);
      await settled();
      expect(tries()).toBe(before + 1);
    }
    await clock.advance(5_000);
    streams.at(-1)?.destroy();
    await settled();
    const before = tries();
    await clock.advance(100);
    expect(tries()).toBe(before + 1);
  });

  it("leaves no timer when it is closed", async () => {
    const { feed, clock, streams } = setUp();
    await feed.ready();
    streams[0]?.destroy();
    await settled();
    expect(clock.pending()).toBe(1);
    feed.close();
    expect(clock.pending()).toBe(0);
  });
});
