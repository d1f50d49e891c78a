import { createSandboxApi, type SandboxApi } from "@porter-sandbox/api";
import { Porter } from "@porter-sandbox/core";
import {
  type Capability,
  type CaseResult,
  capabilities,
  capabilityMatrix,
  contractCases,
  registerContract,
} from "@porter-sandbox/testing/contract";
import { afterAll, describe, expect, test } from "vitest";
import { type DockerEngine, dockerEngine } from "../src/index.ts";
import { whyUnenforceable } from "../src/network/egress.ts";
import { testImage } from "./engine.ts";
import { bench, host, missing, newId } from "./fixture.ts";

/** What is skipped on real containers, each with its reason. Any other skip is a failure. */
const lacking: Partial<Record<Capability, string>> = {
  egress_names: "a packet filter holds IPv4 addresses and ranges; anything else is refused",
  control: "real containers have neither a virtual clock nor seeded faults",
  internal_ports: "this engine connects no sandboxes with each other",
  object_volumes: "Docker has none",
  queue: "its cases take all the memory from the others that run at the same time: see queue.docker.test.ts",
  no_extensions: "this server has its extensions",
};

const unfiltered = whyUnenforceable({ kind: "socket", path: host ?? "" });
if (unfiltered !== undefined) lacking.egress = `no packet filter here: ${unfiltered}`;

describe.skipIf(missing !== undefined)(`the contract on containers ${missing ?? ""}`, { concurrent: true }, () => {
  const apiKey = "contract-key-of-the-containers";
  const envGroup = { name: "shared", key: "SHARED", value: "from the group" };
  const maxFileBytes = 2 * 1024 * 1024;
  const installation = newId("contract");
  const results: CaseResult[] = [];
  const problems: unknown[] = [];
  let made: { engine: DockerEngine; api: SandboxApi } | undefined;
  const api = () => {
    if (made === undefined) {
      const engine = dockerEngine({
        host,
        installation,
        egress: unfiltered === undefined ? "enforced" : "unenforced",
        metricsIntervalMs: 1_000,
      });
      const api = createSandboxApi({
        engine,
        auth: { keys: [apiKey] },
        cors: { origins: "*" },
        envGroups: { [envGroup.name]: { [envGroup.key]: envGroup.value } },
        limits: { fileBytes: maxFileBytes },
        onError: (error) => problems.push(error),
      });
      made = { engine, api };
    }
    return made.api;
  };

  afterAll(async () => {
    if (made === undefined) return;
    console.log(`\n${capabilityMatrix(results)}\n`);
    for (const problem of problems) console.log("reported by the server:", problem);
    await made.api.close();
    const left = bench({ installation });
    await left.close();
  });

  const cases = registerContract(
    {
      image: testImage,
      fetch: (input, init) => api().fetch(input, init),
      apiKey,
      envGroup,
      maxFileBytes,
      bootTimeoutMs: 150_000,
      capabilities: capabilities.filter((name) => lacking[name] === undefined),
    },
    { Porter },
  );
  // Without an engine one line says it all.
  for (const { name, skip, run } of missing === undefined ? cases : []) {
    const needs = contractCases.find((entry) => entry.name === name)?.needs ?? [];
    test.skipIf(skip !== undefined)(name, { timeout: 240_000 }, async () => {
      const began = Date.now();
      const entry = { name, needs, seen: [] };
      try {
        await run();
        results.push({ ...entry, outcome: "passed", ms: Date.now() - began });
      } catch (error) {
        results.push({ ...entry, outcome: "failed", ms: Date.now() - began, error });
        throw error;
      }
    });
    if (skip !== undefined) results.push({ name, needs, seen: [], outcome: "skipped", reason: skip, ms: 0 });
  }

  test("nothing is skipped but what was reviewed", () => {
    const unreviewed = cases.flatMap(({ name, skip }) => {
      const needs = contractCases.find((entry) => entry.name === name)?.needs ?? [];
      return skip !== undefined && !needs.some((need) => lacking[need] !== undefined) ? [`${name}: ${skip}`] : [];
    });
    expect(unreviewed).toEqual([]);
  });
});
