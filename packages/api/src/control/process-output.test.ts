import { describe, expect, test } from "vitest";
import { settle } from "../../test/manual-clock.ts";
import { encode, follow, setUp } from "../../test/played-command.ts";

describe("a reader", () => {
  const limits = { replayBytes: 1000, readerStallMs: 30_000 };

  test("that comes late gets what is kept, and a gap for what is not", async () => {
    const { spawn, played, get } = await setUp({ limits });
    const process = await spawn();
    await process.cancel();
    for (let i = 0; i < 10; i += 1) played().out.enqueue(encode(String(i).repeat(500)));
    await settle();
    played().end();
    const late = follow(await get(`${process.at}/output`));
    await late.all();
    expect(late.events[1]).toEqual({ type: "gap", stream: "stdout", from: 0, to: 4000 });
    expect(late.text.stdout).toBe("8".repeat(500) + "9".repeat(500));
    expect(late.decoder.end).toMatchObject({ stdout_bytes: 5000 });
  });

  test("that rests makes the command rest, and misses nothing", async () => {
    const { spawn, played, clock } = await setUp({ limits });
    const process = await spawn();
    for (let i = 0; i < 20; i += 1) played().out.enqueue(encode(String(i % 10).repeat(500)));
    await settle();
    const pulls = played().pulls;
    await clock.advance(29_000);
    expect(played().pulls).toBe(pulls);
    const reading = process.all();
    await settle();
    played().end();
    await reading;
    expect(process.text.stdout).toHaveLength(10_000);
    expect(process.events.map(({ type }) => type)).not.toContain("gap");
  });

  test("that takes nothing for too long is waited for no more, and finds a gap", async () => {
    const { spawn, played, clock } = await setUp({ limits });
    const process = await spawn();
    for (let i = 0; i < 20; i += 1) played().out.enqueue(encode(String(i % 10).repeat(500)));
    await clock.advance(30_000);
    played().end();
    await settle();
    await process.all();
    expect(process.events.filter(({ type }) => type === "gap")).toEqual([
      { type: "gap", stream: "stdout", from: 0, to: 9000 },
    ]);
    expect(process.decoder.end).toMatchObject({ stdout_bytes: 10_000 });
  });

  test("of a command that was quiet for long still misses nothing when it speaks", async () => {
    const { spawn, played, clock } = await setUp({ limits });
    const process = await spawn();
    const reading = process.all();
    await clock.advance(120_000);
    for (let i = 0; i < 20; i += 1) played().out.enqueue(encode("x".repeat(500)));
    played().end();
    await reading;
    expect(process.text.stdout).toHaveLength(10_000);
    expect(process.events.map(({ type }) => type)).not.toContain("gap");
  });

  test("beside another gets the same", async () => {
    const { spawn, played, get } = await setUp({ limits });
    const process = await spawn();
    const other = follow(await get(`${process.at}/output`));
    const reading = Promise.all([process.all(), other.all()]);
    for (let i = 0; i < 8; i += 1) played().out.enqueue(encode(String(i).repeat(500)));
    played().end();
    await reading;
    expect(other.text.stdout).toBe(process.text.stdout);
    expect(other.text.stdout).toHaveLength(4000);
  });

  test("may not begin beyond what was written", async () => {
    const { spawn, ask } = await setUp();
    const process = await spawn();
    expect(await ask("GET", `${process.at}/output?stderr_offset=1`)).toMatchObject({
      status: 416,
      body: { code: "range_not_satisfiable", field: "stderr_offset" },
    });
    expect((await ask("GET", `${process.at}/output?stderr_offset=-1`)).status).toBe(400);
    expect((await ask("GET", `${process.at}-x/output`)).status).toBe(404);
  });

  test("that only asks what there is, with a HEAD, is none that the command waits for", async () => {
    const { spawn, ask, played } = await setUp({ limits: { replayBytes: 10 } });
    const first = await spawn();
    await first.cancel();
    const head = await ask("HEAD", `${first.at}/output`);
    expect([head.status, head.headers.get("Content-Type")]).toEqual([200, "application/vnd.sandbox.exec-stream"]);
    for (let piece = 0; piece < 10; piece += 1) {
      played().out.enqueue(encode("0123456789"));
      await settle();
    }
    expect((await ask("GET", first.at)).body).toMatchObject({ stdout_bytes: 100 });
  });
});
