import { expect } from "vitest";
import { test } from "./vitest.ts";

test("each test has a fake of its own: first", async ({ fake }) => {
  expect((await fake.fetch("http://x/v1/volume")).status).toBe(200);
  expect(await fake.control.requests()).toHaveLength(1);
});

test("each test has a fake of its own: second", async ({ fake }) => {
  expect(await fake.control.requests()).toEqual([]);
});

test("what is left behind fails the test", { fails: true }, async ({ fake }) => {
  await fake.fetch("http://x/v1/volume", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
});

test.describe("with options", () => {
  test.override({ fakeOptions: { start: 5000 } });
  test("the fake takes them", ({ fake }) => {
    expect(fake.clock.now()).toBe(5000);
  });
});
