import { operations } from "@porter-sandbox/spec/operations";
import { expect, test } from "vitest";
import { routeOf } from "./route.ts";

test("every operation is known by its method and path", () => {
  for (const [operation, { method, path }] of Object.entries(operations)) {
    const target = `${path.replace("{id}", "sbx-1")}?name=secret`;
    expect(routeOf(method, target)).toEqual({ operation, path, ...(path.includes("{id}") && { id: "sbx-1" }) });
  }
});

test.each([
  ["GET", "/v1/nothing/secret", { operation: "none" }],
  ["PATCH", "/v1/sandbox", { operation: "none" }],
  ["GET", "/", { operation: "none" }],
  ["GET", "", { operation: "none" }],
  ["HEAD", "/healthz", { operation: "healthz", path: "/healthz" }],
  ["GET", "/metrics?a=b", { operation: "metrics", path: "/metrics" }],
  ["GET", "http://host:1/v1/sandbox/counts?x", { operation: "countSandboxes", path: "/v1/sandbox/counts" }],
  ["GET", "/v1/sandbox/%00secret", { operation: "getSandbox", path: "/v1/sandbox/{id}" }],
])("%s %s: nothing of a request but what is known", (method, target, route) => {
  expect(routeOf(method, target)).toEqual(route);
});
