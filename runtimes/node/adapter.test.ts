import * as sdk from "porter-sandbox";
import { afterEach, expect, test, vi } from "vitest";
import { destinationOf, expectUnconfigured, nodeOnly } from "../adapter.ts";

afterEach(() => vi.unstubAllEnvs());

test("Node gets the Node adapter, which has files", () => {
  expect(
    Object.keys(sdk)
      .filter((name) => nodeOnly.includes(name))
      .sort(),
  ).toEqual(nodeOnly);
});

test("Node's adapter is configured by process.env", async () => {
  vi.stubEnv("PORTER_SANDBOX_BASE_URL", "http://from-environment.test/base/");
  vi.stubEnv("PORTER_SANDBOX_API_KEY", "key-of-the-environment");
  expect(await destinationOf(() => new sdk.Porter())).toEqual({
    url: "http://from-environment.test/base/v1/volume",
    authorization: "Bearer key-of-the-environment",
  });
});

test("an env that is handed in is the only one that is read", () => {
  vi.stubEnv("PORTER_SANDBOX_BASE_URL", "http://from-environment.test");
  expectUnconfigured(() => new sdk.Porter({ env: {} }));
});
