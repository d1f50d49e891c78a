import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { CallOptions, DockerClient } from "./client.ts";
import { DockerRefusal } from "./errors.ts";
import { createImages, parseReference } from "./images.ts";

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

describe("a container whose image is missing", () => {
  /** An engine that lacks the image at its first creates, so many of them. */
  function engineThatLacks(times: number) {
    const asked: string[] = [];
    const missing = new DockerRefusal(404, "No such image: box:1");
    const client = {
      call: async (method: string, path: string) => {
        asked.push(`${method} ${path}`);
        if (times > 0) {
          times -= 1;
          throw missing;
        }
        return { Id: "made" };
      },
      stream: async (method: string, path: string) => {
        asked.push(`${method} ${path}`);
        return Readable.from(['{"status":"Pull complete"}\n']);
      },
    };
    return { asked, missing, images: createImages(client as unknown as DockerClient, {}) };
  }

  it("is created when that has been pulled", async () => {
    const { asked, images } = engineThatLacks(1);
    expect(await images.create({ Image: "box:1" }, "name")).toBe("made");
    expect(asked).toEqual(["POST /containers/create", "POST /images/create", "POST /containers/create"]);
  });

  it("is not created, and nothing pulled again, when it is gone again after its pull", async () => {
    const { asked, missing, images } = engineThatLacks(2);
    await expect(images.create({ Image: "box:1" }, "name")).rejects.toBe(missing);
    expect(asked).toEqual(["POST /containers/create", "POST /images/create", "POST /containers/create"]);
  });
});

describe("an image reference", () => {
  it.each([
    ["busybox", "docker.io", "busybox", "latest"],
    ["library/busybox:1", "docker.io", "library/busybox", "1"],
    ["ghcr.io/a/b:v2", "ghcr.io", "ghcr.io/a/b", "v2"],
    ["localhost:5000/a", "localhost:5000", "localhost:5000/a", "latest"],
    ["127.0.0.1:5000/a/b@sha256:00ff", "127.0.0.1:5000", "127.0.0.1:5000/a/b", "sha256:00ff"],
    ["a/b:1@sha256:00ff", "docker.io", "a/b", "sha256:00ff"],
  ])("%s is taken apart", (image, registry, name, version) => {
    expect(parseReference(image)).toEqual({ registry, name, version });
  });
});
