import { describe, expect, it } from "vitest";
import type { CallOptions, DockerClient } from "./client.ts";
import { createImages } from "./images.ts";

describe("a pull that does not end", () => {
  it("is called off for all who wait when the engine is closed, and so are later ones", async () => {
    const stream = (_method: string, _path: string, { signal }: CallOptions) =>
      new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    const images = createImages({ stream } as unknown as DockerClient, {});
    const waiting = [images.pull("slow:1"), images.pull("slow:1"), images.pull("slow:2")];
    const ends = Promise.allSettled(waiting);
    images.close();
    const reason = { code: "engine_error", message: "the engine is closed" };
    for (const end of await ends) expect(end).toMatchObject({ status: "rejected", reason });
    await expect(images.pull("slow:3")).rejects.toMatchObject(reason);
  });
});
