import { createSandboxApi, type SandboxApi } from "@porter-sandbox/api";
import { Porter } from "@porter-sandbox/core";
import { registerContract } from "@porter-sandbox/testing/contract";
import { afterAll, describe, expect, test } from "vitest";
import { testImage } from "./engine.ts";
import { type Bench, bench, missing, plan } from "./fixture.ts";

const allMemoryBytes = 400 * 1024 * 1024;
const capacity = { memory_bytes: allMemoryBytes };
const limits = { memory_bytes: allMemoryBytes / 10 };

describe.skipIf(missing !== undefined)("memory that is promised", () => {
  const open: Bench[] = [];
  const apis: SandboxApi[] = [];
  afterAll(async () => {
    for (const api of apis) await api.close();
    for (const each of open) await each.close();
  });
  const make = (installation?: string) => {
    const made = bench({ capacity, limits, ...(installation === undefined ? {} : { installation }) });
    open.push(made);
    return made;
  };

  const server = () => {
    const api = createSandboxApi({ engine: make().engine });
    apis.push(api);
    return api;
  };
  const api = missing === undefined ? server() : undefined;
  const cases = registerContract(
    {
      image: testImage,
      fetch: (input, init) => api?.fetch(input, init) ?? Promise.reject(new Error("no engine")),
      allMemoryBytes,
      bootTimeoutMs: 60_000,
      capabilities: ["queue", "exit_codes"],
    },
    { Porter, only: "queue: " },
  );
  test("has cases in the contract", () => expect(cases.length).toBeGreaterThan(3));
  // One after the other: they all share what is promised.
  for (const { name, run } of cases) test(name, { timeout: 120_000 }, async () => void (await run()));

  test("counts what a former server started, until it is gone", { timeout: 120_000 }, async () => {
    const resources = { memory_bytes: allMemoryBytes * 0.8 };
    const [first, second] = [plan({ resources }), plan({ resources })];
    const former = make();
    await former.engine.startSandbox(first, new AbortController().signal);
    await former.engine.close();

    const { engine } = make(former.installation);
    await engine.attachSandbox(first.id);
    let begun = false;
    const starting = engine.startSandbox(second, new AbortController().signal, () => {
      begun = true;
    });
    await engine.exec(first.id, { exec_id: "ex-1", command: ["true"], stdin: false }).then(({ exit }) => exit);
    expect(begun).toBe(false);
    await engine.stopSandbox(first.id);
    await starting;
    expect(begun).toBe(true);
  });
});
