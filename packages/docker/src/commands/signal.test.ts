import { createVirtualClock } from "@porter-sandbox/testing";
import { describe, expect, it } from "vitest";
import type { CallOptions, DockerClient } from "../client.ts";
import { createImages } from "../images.ts";
import { namesOf } from "../names.ts";
import { killRest } from "./signal.ts";

/** Answers how many helpers were made, and what was asked of the processes. */
async function restOf({ processes = 2, podman = false, inside = false }) {
  const asked: string[] = [];
  let helpers = 0;
  const call = async (_method: string, path: string, { query }: CallOptions = {}) => {
    if (path.endsWith("/top")) {
      asked.push(String(query?.ps_args));
      return { Processes: Array.from({ length: processes }, (_, at) => [String(at)]) };
    }
    if (path === "/containers/create" || path.endsWith("/exec")) helpers += 1;
    return { Id: "1", StatusCode: 0, ExitCode: 0 };
  };
  const stream = async function* () {};
  const client = { call, stream, isPodman: async () => podman } as unknown as DockerClient;
  const options = {
    ...{ client, names: namesOf("test"), images: createImages(client, {}), clock: createVirtualClock({ start: 0 }) },
    leftovers: { remove: async () => {}, close: async () => {} },
    helperImage: "busybox:1",
    inside: async () => inside,
  };
  await killRest(options, "box", "ex-1");
  return { asked, helpers };
}

describe("what a command left behind", () => {
  it("is looked for only where anything runs beside the engine's init and the main process", async () => {
    expect(await restOf({ processes: 2 })).toEqual({ asked: ["-eo pid"], helpers: 0 });
    expect(await restOf({ processes: 3 })).toEqual({ asked: ["-eo pid"], helpers: 1 });
  });

  it("is counted by Podman in its own words, since others have it run something in the sandbox", async () => {
    expect(await restOf({ processes: 2, podman: true })).toEqual({ asked: ["pid"], helpers: 0 });
  });

  it("is always looked for where the processes cannot be seen from outside", async () => {
    expect(await restOf({ processes: 0, inside: true })).toEqual({ asked: [], helpers: 1 });
  });
});
