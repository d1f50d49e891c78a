import * as sdk from "porter-sandbox";
import { expect, test } from "vitest";
import { destinationOf, expectUnconfigured, nodeOnly } from "../adapter.ts";

test("browsers get the edge adapter", () => {
  expect(Object.keys(sdk).filter((name) => nodeOnly.includes(name))).toEqual([]);
});

test("a page has no environment: options configure the client", async () => {
  expectUnconfigured(() => new sdk.Porter());
  expect(await destinationOf(() => new sdk.Porter({ baseUrl: "http://from-options.test" }))).toEqual({
    url: "http://from-options.test/v1/volume",
    authorization: null,
  });
});
