import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRecorder } from "./recorder.ts";
import { operationOf } from "./routes.ts";

describe("the recorder", () => {
  it("writes down what was asked and how it went, without secrets", () => {
    const recorder = createRecorder(() => 42, 10);
    const entry = recorder.start(
      new Request("http://x/v1/sandbox/a%20b/logs?limit=5&tag=a%3D1&tag=b&access_token=s3cret", {
        headers: { Authorization: "Bearer s3cret", "X-Api-Key": "s3cret", Accept: "a/b", "Idempotency-Key": "abc" },
      }),
    );
    entry.status = 200;
    recorder.finish(entry);
    recorder.finish(entry, { aborted: true });
    expect(recorder.list()).toEqual([
      {
        method: "GET",
        path: "/v1/sandbox/a%20b/logs",
        query: [
          ["limit", "5"],
          ["tag", "a=1"],
          ["tag", "b"],
          ["access_token", "[redacted]"],
        ],
        headers: { accept: "a/b", authorization: "[redacted]", "idempotency-key": "abc", "x-api-key": "[redacted]" },
        operation: "getSandboxLogs",
        status: 200,
        aborted: false,
        finished: true,
        time: 42,
      },
    ]);
    expect(JSON.stringify(recorder.list())).not.toContain("s3cret");
  });

  it("keeps the newest, and knows what has not finished for longer", () => {
    const recorder = createRecorder(() => 0, 3);
    const first = recorder.start(new Request("http://x/first"));
    for (let i = 0; i < 20; i++) recorder.finish(recorder.start(new Request(`http://x/${i}`)));
    expect(recorder.list().map((each) => each.path)).toEqual(["/17", "/18", "/19"]);
    expect(recorder.unfinished()).toEqual(["GET /first"]);
    recorder.finish(first);
    expect(recorder.unfinished()).toEqual([]);
    recorder.clear();
    expect(recorder.list()).toEqual([]);
  });
});

describe("operations by path", () => {
  it.each([
    ["GET", "/healthz", "healthz"],
    ["GET", "/v1/sandbox", "listSandboxes"],
    ["GET", "/v1/sandbox/lookup", "lookupSandbox"],
    ["GET", "/v1/sandbox/some-id", "getSandbox"],
    ["POST", "/v1/sandbox/run", "createSandbox"],
    ["DELETE", "/v1/volume/lookup", "deleteVolume"],
    ["PUT", "/v1/volume/v/files/content", "writeVolumeFile"],
    ["PATCH", "/v1/sandbox/some-id", undefined],
    ["GET", "/v1/sandbox/", undefined],
    ["GET", "/v1/sandbox/a/b/c", undefined],
  ])("%s %s is %s", (method, path, operation) => {
    expect(operationOf(method, path)).toBe(operation);
  });

  it("is a question that any path can be asked", () => {
    fc.assert(fc.property(fc.webPath(), (path) => void operationOf("GET", path)));
  });
});
