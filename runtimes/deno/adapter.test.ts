import * as sdk from "porter-sandbox";
import { downloadFile, uploadFile } from "porter-sandbox/files";
import { destinationOf, expectSame, expectUnconfigured, nodeOnly } from "../adapter.ts";

Deno.test("Deno gets the edge adapter, and files only from porter-sandbox/files", () => {
  expectSame(
    Object.keys(sdk).filter((name) => nodeOnly.includes(name)),
    [],
  );
  expectSame([typeof downloadFile, typeof uploadFile], ["function", "function"]);
});

Deno.test({
  name: "Deno's adapter reads the variables it has permission for",
  permissions: { env: ["PORTER_SANDBOX_BASE_URL"] },
  async fn() {
    Deno.env.set("PORTER_SANDBOX_BASE_URL", "http://from-environment.test");
    expectSame(await destinationOf(() => new sdk.Porter()), {
      url: "http://from-environment.test/v1/volume",
      authorization: null,
    });
  },
});

Deno.test({
  name: "without any permission Deno's adapter is configured by options, and asks for nothing",
  permissions: "none",
  async fn() {
    expectUnconfigured(() => new sdk.Porter());
    expectSame(await destinationOf(() => new sdk.Porter({ baseUrl: "http://from-options.test" })), {
      url: "http://from-options.test/v1/volume",
      authorization: null,
    });
  },
});
