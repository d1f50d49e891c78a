import { createVirtualClock } from "@porter-sandbox/testing";
import { describe, expect, it } from "vitest";
import { settled } from "../test/settled.ts";
import type { DockerClient } from "./client.ts";
import { DockerRefusal, DockerUnreachable } from "./errors.ts";
import { createLeftovers } from "./leftovers.ts";

function setUp() {
  const asked: string[] = [];
  const failures: Error[] = [];
  const answers: Promise<void>[] = [];
  const resyncs: (() => void)[] = [];
  const call = async (method: string, path: string) => {
    asked.push(`${method} ${path}`);
    await answers.shift();
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
  };
  const clock = createVirtualClock();
  const onResync = (listener: () => void) => {
    resyncs.push(listener);
    return () => {};
  };
  const leftovers = createLeftovers({ call } as unknown as DockerClient, { onResync }, clock);
  return { asked, failures, answers, clock, leftovers, resync: () => resyncs.forEach((listener) => void listener()) };
}

describe("leftovers", () => {
  it("are removed at once, and then it is over", async () => {
    const { asked, clock, leftovers, resync } = setUp();
    await leftovers.remove("a");
    resync();
    await clock.advance(60_000);
    expect(asked).toEqual(["DELETE /containers/a"]);
  });

  it("are tried again after a while, and when the engine is back, until they are gone", async () => {
    const { asked, failures, clock, leftovers, resync } = setUp();
    failures.push(new DockerUnreachable("away"), new DockerUnreachable("away"), new DockerRefusal(500, "busy"));
    await leftovers.remove("a");
    await clock.advance(5_000);
    await settled();
    expect(asked).toHaveLength(2);
    resync();
    await settled();
    expect(asked).toHaveLength(3);
    await clock.advance(5_000);
    await settled();
    await clock.advance(60_000);
    expect(asked).toEqual(Array(4).fill("DELETE /containers/a"));
  });

  it("that are being removed are waited for at the end", async () => {
    const { answers, leftovers } = setUp();
    let answer = () => {};
    answers.push(new Promise<void>((resolve) => (answer = resolve)));
    void leftovers.remove("a");
    let ended = false;
    const end = leftovers.close().then(() => (ended = true));
    await settled();
    expect(ended).toBe(false);
    answer();
    await end;
  });

  it("that are gone, or going, are let be; so is everything after the end", async () => {
    const { asked, failures, clock, leftovers } = setUp();
    failures.push(new DockerRefusal(404, "none"), new DockerRefusal(409, "removal in progress"));
    await leftovers.remove("a");
    await leftovers.remove("b");
    await clock.advance(60_000);
    expect(asked).toHaveLength(2);
    failures.push(new DockerUnreachable("away"));
    await leftovers.remove("c");
    await leftovers.close();
    await clock.advance(60_000);
    expect(asked).toHaveLength(3);
  });
});
