import { expect, test } from "bun:test";
import * as sdk from "porter-sandbox";
import { downloadFile, uploadFile } from "porter-sandbox/files";
import { destinationOf, nodeOnly } from "../adapter.ts";

test("Bun gets the edge adapter, and files only from porter-sandbox/files", () => {
  expect(Object.keys(sdk).filter((name) => nodeOnly.includes(name))).toEqual([]);
  expect([typeof downloadFile, typeof uploadFile]).toEqual(["function", "function"]);
});

test("Bun's adapter is configured by process.env", async () => {
  process.env.PORTER_SANDBOX_BASE_URL = "http://from-environment.test";
  try {
    expect(await destinationOf(() => new sdk.Porter())).toEqual({
      url: "http://from-environment.test/v1/volume",
      authorization: null,
    });
  } finally {
    delete process.env.PORTER_SANDBOX_BASE_URL;
  }
});
