import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PullProgress } from "../src/index.ts";
import { type Bench, bench, forever, missing, plan } from "./fixture.ts";
import { credentials, push, registryMissing, startRegistry, type TestRegistry } from "./registry.ts";

const skip = missing ?? registryMissing;

describe.skipIf(skip !== undefined)(`images ${skip ?? ""}`, () => {
  let open: TestRegistry;
  let shut: TestRegistry;
  let b: Bench;
  let digest: string;
  const progress: PullProgress[] = [];
  beforeAll(async () => {
    [open, shut] = await Promise.all([startRegistry(), startRegistry({ shut: true })]);
    b = bench({
      registries: { [shut.address]: credentials },
      onPullProgress: (step) => progress.push(step),
    });
    digest = await push(b.client, open.address, "box");
    await push(b.client, shut.address, "box");
  });
  afterAll(async () => {
    await b?.close();
    await Promise.all([open?.stop(), shut?.stop()]);
  });
  const start = async (image: string, from = b) => {
    const asked = plan({ image });
    await from.engine.startSandbox(asked, forever);
    await from.engine.removeSandbox(asked.id);
  };
  const forget = (image: string) => b.client.call("DELETE", `/images/${image}`, { query: { force: true } });

  it("are pulled when they are missing, by tag or by digest, once for all who ask", async () => {
    const byTag = `${open.address}/box:1`;
    await Promise.all([start(byTag), start(byTag), start(byTag)]);
    expect(progress.filter(({ image, status }) => image === byTag && /^Status: /.test(status))).toHaveLength(1);
    const before = progress.length;
    await start(byTag);
    expect(progress).toHaveLength(before);
    await forget(byTag);
    await start(`${open.address}/box@${digest}`);
    expect(progress.length).toBeGreaterThan(before);
    await forget(`${open.address}/box@${digest}`);
  });

  it("come from a registry that asks who it is", async () => {
    const image = `${shut.address}/box:1`;
    await start(image);
    await forget(image);
    const stranger = bench();
    await expect(start(image, stranger)).rejects.toMatchObject({ code: "image_pull" });
    await stranger.close();
    const wrong = bench({ registries: { [shut.address]: { username: "porter", password: "hunter2-hunter2" } } });
    const refusal = await start(image, wrong).catch((error: Error) => error);
    expect(refusal).toMatchObject({ code: "image_pull" });
    expect(String(refusal)).not.toContain("hunter2");
    await wrong.close();
  });

  it("that do not exist are refused at once, with the reason", async () => {
    for (const image of [
      `${open.address}/box:none`,
      `${open.address}/none:1`,
      `${open.address}/box@sha256:${"0".repeat(64)}`,
    ]) {
      const began = Date.now();
      await expect(start(image)).rejects.toMatchObject({
        code: "image_pull",
        message: expect.stringMatching(new RegExp(`${image}.*(not found|unknown)`)),
      });
      expect(Date.now() - began).toBeLessThan(5_000);
    }
  });
});
