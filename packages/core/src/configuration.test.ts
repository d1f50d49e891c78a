import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ConnectionOptions, type Environment, resolveConfiguration } from "./configuration.ts";
import { ConfigurationError } from "./errors/client-errors.ts";

const token = (claims: unknown) =>
  ["eyJhbGciOiJub25lIn0", Buffer.from(JSON.stringify(claims)).toString("base64url"), "sig"].join(".");
const key = token({ project_id: 42, name: "ümläut??>>" });
const resolve = (options: ConnectionOptions, env: Environment = {}) => {
  const { baseUrl, apiKey } = resolveConfiguration(options, env);
  return { baseUrl, apiKey };
};
const everything = {
  PORTER_SANDBOX_BASE_URL: "https://env.example/base/",
  PORTER_CLUSTER_ID: "7",
  PORTER_SANDBOX_API_KEY: key,
  KUBERNETES_SERVICE_HOST: "10.0.0.1",
};

describe("where the API is", () => {
  it.each<[string, ConnectionOptions, Environment, string]>([
    ["the option before everything", { baseUrl: "http://a.example" }, everything, "http://a.example"],
    ["its path kept", { baseUrl: "https://host/api/v2/x" }, {}, "https://host/api/v2/x"],
    ["trailing slashes dropped", { baseUrl: "https://host/api///" }, {}, "https://host/api"],
    ["the variable before the cluster", {}, everything, "https://env.example/base"],
    [
      "the cluster with the key's project",
      {},
      { ...everything, PORTER_SANDBOX_BASE_URL: "" },
      "https://dashboard.porter.run/api/v2/alpha/projects/42/clusters/7",
    ],
    [
      "the cluster with the option's key",
      { apiKey: key },
      { PORTER_CLUSTER_ID: "7" },
      "https://dashboard.porter.run/api/v2/alpha/projects/42/clusters/7",
    ],
    [
      "inside the cluster",
      {},
      { KUBERNETES_SERVICE_HOST: "10.0.0.1" },
      "http://sandbox-api.porter-sandbox-system.svc.cluster.local:8080",
    ],
    ["a fetch of the caller's", { fetch: () => {} }, everything, "http://sandbox-api.local"],
    ["a fetch of the caller's with a URL", { fetch: () => {}, baseUrl: "http://x:1/" }, everything, "http://x:1"],
  ])("%s", (_, options, env, expected) => {
    expect(resolve(options, env).baseUrl).toBe(expected);
  });

  it("follows a key that is a function, once the key is known", () => {
    const { baseUrl } = resolve({ apiKey: () => key }, { PORTER_CLUSTER_ID: "a/b" });
    expect((baseUrl as (key: string) => string)(token({ project_id: 9 }))).toBe(
      "https://dashboard.porter.run/api/v2/alpha/projects/9/clusters/a%2Fb",
    );
  });

  it("names every way to set it when there is none", () => {
    for (const way of [
      "PORTER_CLUSTER_ID",
      "PORTER_SANDBOX_API_KEY",
      "baseUrl",
      "PORTER_SANDBOX_BASE_URL",
      "KUBERNETES_SERVICE_HOST",
    ])
      expect(() => resolve({})).toThrow(way);
    expect(() => resolve({})).toThrow(ConfigurationError);
  });

  it("says that the cluster is missing when there is a key", () => {
    expect(() => resolve({}, { PORTER_SANDBOX_API_KEY: key })).toThrow("PORTER_CLUSTER_ID is missing");
  });

  it.each([
    ["no key", undefined],
    ["no JWT", "secret-key"],
    ["no project", token({})],
    ["a project as text", token({ project_id: "42" })],
    ["project zero", token({ project_id: 0 })],
    ["half a project", token({ project_id: 1.5 })],
    ["claims that are null", token(null)],
    ["claims that are no base64", "a.%%%.c"],
  ])("refuses a cluster with %s, without showing the key", (_, PORTER_SANDBOX_API_KEY) => {
    const run = () => resolve({}, { PORTER_CLUSTER_ID: "7", PORTER_SANDBOX_API_KEY });
    expect(run).toThrow(ConfigurationError);
    expect(run).toThrow("PORTER_CLUSTER_ID");
    if (PORTER_SANDBOX_API_KEY) expect(run).not.toThrow(PORTER_SANDBOX_API_KEY);
  });

  it.each([
    "",
    "host",
    "/v1",
    "ftp://host",
    "http://",
    "http://user:pw@host",
    "http://host?token=x",
    "http://host/#x",
    "http://host?",
    "http://host/#",
  ])("refuses %j as a base URL", (baseUrl) => {
    expect(() => resolve({ baseUrl })).toThrow(/^baseUrl: /);
    if (baseUrl) expect(() => resolve({}, { PORTER_SANDBOX_BASE_URL: baseUrl })).toThrow(/^PORTER_SANDBOX_BASE_URL: /);
  });
});

describe("which key is used", () => {
  it("is the option before the variable, and none is fine", () => {
    const baseUrl = "http://a.example";
    expect(resolve({ baseUrl, apiKey: "mine" }, everything).apiKey).toBe("mine");
    expect(resolve({ baseUrl }, everything).apiKey).toBe(key);
    expect(resolve({ baseUrl }).apiKey).toBeUndefined();
  });

  it("never comes from the environment when the caller brings a fetch", () => {
    const asked: string[] = [];
    const env = new Proxy(everything as Environment, {
      get: (target, name: string) => {
        asked.push(name);
        return target[name];
      },
    });
    expect(resolve({ fetch: () => {} }, env).apiKey).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it("is trimmed, and refused without being shown when it cannot be a header", () => {
    expect(resolve({ baseUrl: "http://a", apiKey: " abc\n" }).apiKey).toBe("abc");
    for (const apiKey of ["", "  ", "se\ncret", "schlüssel", 5 as unknown as string])
      expect(() => resolve({ baseUrl: "http://a", apiKey })).toThrow(
        /^apiKey: must be visible ASCII characters, at least one$/,
      );
  });
});

it("never fails but with a ConfigurationError, whatever it is given", () => {
  const text = fc.option(
    fc.oneof(fc.string(), fc.constantFrom(key, "http://a/", "https://b:1/c//", "ftp://x", "http://u:p@h")),
    { nil: undefined },
  );
  fc.assert(
    fc.property(
      fc.record({ apiKey: text, baseUrl: text }),
      fc.record({
        PORTER_SANDBOX_BASE_URL: text,
        PORTER_CLUSTER_ID: text,
        PORTER_SANDBOX_API_KEY: text,
        KUBERNETES_SERVICE_HOST: text,
      }),
      (options, env) => {
        try {
          const { baseUrl } = resolveConfiguration(options, env);
          expect(baseUrl).toMatch(/^https?:\/\/.*[^/]$/i);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError);
        }
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});
