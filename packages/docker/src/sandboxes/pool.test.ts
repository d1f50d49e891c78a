import { createVirtualClock } from "@porter-sandbox/testing";
import { describe, expect, it } from "vitest";
import { settled } from "../../test/settled.ts";
import type { DockerClient } from "../client.ts";
import type { DockerEvent, EventFeed } from "../events.ts";
import { createImages } from "../images.ts";
import { namesOf } from "../names.ts";
import type { Network } from "../network/network.ts";
import { createPool } from "./pool.ts";

/** An engine whose containers run on, or end as soon as they run. */
function setUp({ endsAtOnce = false } = {}) {
  let made = 0;
  const alive = new Set<string>();
  let listener: (event: DockerEvent) => void = () => {};
  const resyncs: (() => void)[] = [];
  const call = async (method: string, path: string) => {
    const [, kind, id = "", what] = path.split("/");
    if (kind === "images") return { Id: "image" };
    if (id === "create") {
      made += 1;
      return { Id: String(made) };
    }
    if (what === "start") {
      if (endsAtOnce) listener({ action: "die", container: id, attributes: {} });
      else alive.add(id);
    }
    if (method === "DELETE") alive.delete(id);
    return { State: { Running: alive.has(id) }, Image: "image" };
  };
  const client = { call } as unknown as DockerClient;
  const events = {
    ready: async () => {},
    listen(given) {
      listener = given;
      return () => {};
    },
    onResync(given) {
      resyncs.push(given);
      return () => {};
    },
    close() {},
  } satisfies EventFeed;
  let held = 0;
  const network = {
    holder: async () => {
      held += 1;
      return { id: "holder", address: "" };
    },
    release: async () => {
      held -= 1;
    },
    refresh: async () => {},
  } as unknown as Network;
  const clock = createVirtualClock({ start: 0 });
  const pool = createPool({
    ...{ client, names: namesOf("test"), images: createImages(client, {}), events, clock, network },
    leftovers: { remove: async (id) => void alive.delete(id), close: async () => {} },
    ...{ limits: {}, isolation: {}, wanted: { image: "busybox:1", size: 2 } },
  });
  const take = (id: string) => pool.take({ id, name: id, image: "busybox:1", env: {}, volume_mounts: {} });
  return {
    ...{ pool, clock, alive, take },
    made: () => made,
    held: () => held,
    resync: () => resyncs.forEach((each) => void each()),
  };
}

describe("containers that are kept ready", () => {
  it("are left alone for a while when they end at once", async () => {
    const { pool, clock, made, held, take } = setUp({ endsAtOnce: true });
    pool.fill();
    await settled();
    expect([made(), held()]).toEqual([1, 0]);
    expect(await take("one")).toBeUndefined();
    await clock.advance(29_999);
    await settled();
    expect(made()).toBe(1);
    await clock.advance(1);
    await settled();
    expect([made(), held()]).toEqual([2, 0]);
    await pool.close();
    expect(clock.pending()).toBe(0);
  });

  it("are made anew soon after they were handed out", async () => {
    const { pool, clock, made, take } = setUp();
    pool.fill();
    await settled();
    expect(await take("one")).toMatchObject({ holder: "holder" });
    await clock.advance(100);
    await settled();
    expect(made()).toBe(3);
    await pool.close();
  });

  it("are looked at when news of their end may have been missed", async () => {
    const { pool, clock, alive, made, held, resync } = setUp();
    pool.fill();
    await settled();
    alive.clear();
    resync();
    await settled();
    expect(held()).toBe(0);
    await clock.advance(30_000);
    await settled();
    expect([made(), held(), alive.size]).toEqual([4, 2, 2]);
    await pool.close();
    expect(held()).toBe(0);
  });
});
