import * as sdk from "porter-sandbox";
import { expect, test } from "vitest";
import { destinationOf, expectUnconfigured, nodeOnly } from "../adapter.ts";

test("Workers get the edge adapter", () => {
  expect(Object.keys(sdk).filter((name) => nodeOnly.includes(name))).toEqual([]);
});

test("a Worker's bindings configure the client; bindings that are no strings are left alone", async () => {
  const untouched = {
    get(): never {
      throw new Error("read a namespace");
    },
  };
  const env = {
    PORTER_SANDBOX_BASE_URL: "http://from-bindings.test",
    PORTER_SANDBOX_API_KEY: "key-of-the-bindings",
    PORTER_CLUSTER_ID: untouched,
  };
  expect(await destinationOf(() => new sdk.Porter({ env }))).toEqual({
    url: "http://from-bindings.test/v1/volume",
    authorization: "Bearer key-of-the-bindings",
  });
});

test("without bindings that say where the API is there is no client", () => {
  expectUnconfigured(() => new sdk.Porter({ env: {} }));
});
