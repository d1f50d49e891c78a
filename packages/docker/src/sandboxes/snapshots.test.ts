import { describe, expect, it } from "vitest";
import { snapshotConfig } from "./snapshots.ts";

describe("a snapshot's settings", () => {
  it("are the image's, and hold no value of the sandbox's environment", () => {
    const image = { Id: "", Size: 1, Config: { Env: ["PATH=/bin", "EMPTY="], Cmd: ["sh"], Entrypoint: null } };
    expect(snapshotConfig(image, ["PATH=/mine", "TOKEN=secret", "EMPTY=full"], { a: "b" })).toEqual({
      Labels: { a: "b" },
      Env: ["PATH=/bin", "EMPTY=", "TOKEN"],
      Cmd: ["sh"],
      Entrypoint: [],
      OpenStdin: false,
    });
  });
});
