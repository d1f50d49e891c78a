import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseQuery } from "./query.ts";

describe("parseQuery", () => {
  it("reads every type of value", () => {
    const search =
      "?start_time=2026-11-20T09:30:00Z&tag=a%3Db&tag=c%3Dd&phase=running&include_filter_values=true&page=2&search=my+s&other=1";
    expect(parseQuery("listSandboxes", search)).toEqual({
      ok: true,
      values: {
        start_time: Date.UTC(2026, 10, 20, 9, 30),
        end_time: undefined,
        search: "my s",
        tag: ["a=b", "c=d"],
        phase: ["running"],
        image: undefined,
        include_filter_values: true,
        page: 2,
      },
    });
  });

  it("takes an empty value for none", () => {
    expect(parseQuery("getSandboxLogs", "limit=&since=")).toEqual({
      ok: true,
      values: { limit: undefined, since: undefined, until: undefined, level: [], exec_id: undefined },
    });
  });

  it.each([
    ["listSandboxes", "page=0", "page"],
    ["listSandboxes", "page=1.5", "page"],
    ["listSandboxes", "page=1e3", "page"],
    ["listSandboxes", "page=99999999999999999999", "page"],
    ["listSandboxes", "page=1&page=2", "page"],
    ["listSandboxes", "phase=sleeping", "phase"],
    ["listSandboxes", "start_time=yesterday", "start_time"],
    ["listSandboxes", "include_filter_values=toString", "include_filter_values"],
    ["lookupSandbox", "", "name"],
    ["lookupSandbox", "name=", "name"],
    ["lookupSandbox", "name=%00", "name"],
    ["lookupSandbox", "name=%ff", "query"],
    ["lookupSandbox", "name=%", "query"],
    ["getSandboxMetrics", "metric=heat", "metric"],
  ] as const)("%s refuses %j and names %s", (operation, search, field) => {
    expect(parseQuery(operation, search)).toMatchObject({ ok: false, violation: { field } });
  });

  it("never throws on any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom("page=", "tag=", "start_time=", ""), (text, start) => {
        parseQuery("listSandboxes", start + text);
        parseQuery("listSandboxes", new URLSearchParams({ search: text, page: text }).toString());
      }),
    );
  });
});
