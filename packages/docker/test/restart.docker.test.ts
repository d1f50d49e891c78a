import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DockerEngine, dockerEngine } from "../src/index.ts";
import { startTestEngine, type TestEngine } from "./engine.ts";
import { forever, missing, newId, outputOf, plan, readPart } from "./fixture.ts";

async function psOf(engine: DockerEngine, id: string): Promise<string> {
  const exec = await engine.exec(id, { exec_id: newId("ex"), command: ["ps", "-o", "args"], stdin: false });
  return (await outputOf(exec)).stdout;
}

/** An engine of its own, since it is stopped and started. */
describe.skipIf(missing !== undefined || process.geteuid?.() !== 0)(`an engine that goes away ${missing ?? ""}`, () => {
  let own: TestEngine | undefined;
  beforeAll(async () => {
    const started = await startTestEngine({ apart: true });
    if (typeof started === "string") throw new Error(started);
    own = started;
  });
  afterAll(() => own?.stop());

  it("is waited for, and what ended meanwhile is told", async () => {
    if (own?.restart === undefined) return expect.unreachable("the engine is not a private one");
    const engine = dockerEngine({ host: own.host, installation: newId("t"), egress: "unenforced" });
    const [first, second, volume] = [plan(), plan(), newId("vol")];
    const { ended } = await engine.startSandbox(first, forever);
    await engine.createVolume({ id: volume, type: "disk" });
    await engine.files(volume).write("/kept", new Response("kept").body ?? new ReadableStream());
    const exec = await engine.exec(first.id, { exec_id: newId("ex"), command: ["sleep", "1000"], stdin: false });
    // Restarting before it runs would be another story.
    await expect.poll(async () => (await psOf(engine, first.id)).includes("sleep 1000")).toBe(true);
    const outcome = exec.exit.then(
      ({ exit_code }) => `ended with ${exit_code}`,
      (error: { code: string }) => error.code,
    );

    await own.restart();
    // The daemon ends its containers when it is told to end.
    expect(await ended).toMatchObject({ exit_code: expect.any(Number) });
    expect(await outcome).toMatch(/^ended with (137|143)$|^engine_error$|^not_running$/);
    expect(await new Response(await readPart(engine.files(volume), "/kept", 0, 4)).text()).toBe("kept");
    const again = await engine.startSandbox(second, forever);
    await engine.stopSandbox(second.id);
    expect(await again.ended).toMatchObject({ exit_code: 137 });
    for (const id of [first.id, second.id]) await engine.removeSandbox(id);
    await engine.deleteVolume(volume);
    await engine.close();
  });

  it("is said not to answer, by name, when there is none", async () => {
    const engine = dockerEngine({ host: "unix:///nowhere/docker.sock", egress: "unenforced" });
    const refused = { code: "engine_error", message: expect.stringContaining("/nowhere/docker.sock does not answer") };
    await expect(engine.startSandbox(plan(), forever)).rejects.toMatchObject(refused);
    await expect(engine.inventory()).rejects.toMatchObject(refused);
    await expect(engine.files("vol-1").list("/")).rejects.toMatchObject(refused);
    await engine.close();
  });
});
