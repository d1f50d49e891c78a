/** The whole contract suite against a server on a port, as the command starts it: SQLite, keys, the memory engine. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSandboxApi } from "@porter-sandbox/api";
import { Porter } from "@porter-sandbox/core";
import { createMemoryEngine } from "@porter-sandbox/testing";
import { type Capability, capabilities, contractCases, registerContract } from "@porter-sandbox/testing/contract";
import { afterAll, describe, expect, test } from "vitest";
import { createSqliteStore, hashKey, keyAuth, newKey, serve } from "../src/index.ts";

const apiKey = newKey();
const envGroup = { name: "shared", key: "SHARED", value: "from the group" };
const maxFileBytes = 2 * 1024 * 1024;
const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "porter-sandbox-serve-"));

const store = createSqliteStore(join(folder, "store.sqlite"));
const errors: unknown[] = [];
const api = createSandboxApi({
  engine: createMemoryEngine(),
  store,
  auth: keyAuth([hashKey(newKey()), hashKey(apiKey)]),
  cors: { origins: "*" },
  envGroups: { [envGroup.name]: { [envGroup.key]: envGroup.value } },
  limits: { fileBytes: maxFileBytes, drainMs: 1000 },
  onError: (error) => errors.push(error),
});
const server = await serve(api, { store, log: false, limits: { drainMs: 1000 } });

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * What a real server has no reason for, a shell, which answers only at the end of a command, and a queue, whose cases take
 * all the memory from the others that run at the same time. Reviewed: anything else that is skipped fails the last test here.
 */
const absent: readonly Capability[] = ["control", "no_extensions", "refuses_unsupported", "shell", "queue"];

const cases = registerContract(
  {
    fetch: (input, init) => globalThis.fetch(input, init),
    baseUrl: server.url,
    apiKey,
    image: "busybox:1",
    envGroup,
    maxFileBytes,
    bootTimeoutMs: 30_000,
    capabilities: capabilities.filter((name) => !absent.includes(name)),
  },
  { Porter },
);

describe("the contract on a served API with a SQLite store", { concurrent: true }, () => {
  for (const { name, skip, run } of cases) {
    test.skipIf(skip !== undefined)(name, { timeout: 60_000 }, async () => void (await run()));
  }
});

test("only what needs a fake is skipped, and nothing went wrong inside", () => {
  const skipped = cases.filter(({ skip }) => skip !== undefined).map(({ name }) => name);
  const expected = contractCases.filter(({ needs }) => needs.some((need) => absent.includes(need)));
  expect(skipped.sort()).toEqual(expected.map(({ name }) => name).sort());
  expect(cases.length - skipped.length).toBeGreaterThanOrEqual(100);
  expect(errors).toEqual([]);
});
