import { operations } from "@porter-sandbox/spec/operations";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createHarness } from "../../test/harness.ts";
import { createMemoryStore } from "../memory-store.ts";

test("nothing that a fuzzer sends is a 500", async () => {
  const store = createMemoryStore();
  const { ask, run, errors } = createHarness({ store, envGroups: { g: { A: "1" } } });
  const id = await run({ name: "known" });
  const volume = (await ask("POST", "/v1/volume", {})).body.id;
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom(
      "",
      "busybox:1",
      "/",
      "..",
      "/a/../b",
      "known",
      "__proto__",
      "constructor",
      id,
      volume,
      "5m",
      "bytes=0-",
      "2026-01-01T00:00:00Z",
    ),
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: "small" },
      text,
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(text, tie("any"), { maxKeys: 3 }),
    ),
  })).any;
  const strings = fc.dictionary(text, text, { maxKeys: 3 });
  const spec = fc.record(
    {
      image: fc.oneof(fc.constant("busybox:1"), value),
      snapshot_id: value,
      name: fc.oneof(text, value),
      tags: fc.oneof(strings, value),
      command: fc.oneof(fc.array(text), value),
      args: fc.oneof(fc.array(text), value),
      env: fc.oneof(strings, value),
      env_groups: fc.oneof(fc.array(fc.constantFrom("g", "h", "__proto__")), value),
      volume_mounts: fc.oneof(
        fc.dictionary(fc.constantFrom("/data", "/a/b", "/"), fc.constantFrom(volume, "x")),
        value,
      ),
      networking: fc.oneof(fc.constant([{ port: 8080 }]), value),
      egress: fc.oneof(fc.record({ allowed_destinations: fc.array(text) }), value),
      resources: fc.oneof(fc.record({ cpu: text, memory: text }), value),
      ttl_seconds: fc.oneof(fc.integer({ min: -1, max: 10 }), value),
    },
    { requiredKeys: ["image"] },
  );
  const body = fc.oneof(
    spec,
    value,
    fc.record({ command: fc.array(text) }),
    fc.record({ from: text, to: text }),
    fc.record({ name: text, type: text, object: value }, { requiredKeys: [] }),
  );
  const names = [
    "path",
    "search",
    "page",
    "tag",
    "phase",
    "since",
    "limit",
    "metric",
    "name",
    "start_time",
    "start_time_utc",
    "end_time",
  ];
  const query = fc.array(fc.tuple(fc.constantFrom(...names), text), { maxLength: 3 });
  const operation = fc.constantFrom(...Object.values(operations));
  const headers = fc.record(
    {
      Range: fc.constantFrom("bytes=0-1", "bytes=-", "lines=1-2", "bytes=9-"),
      "Idempotency-Key": fc.constantFrom("k", "l", "a b", ""),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      operation,
      fc.oneof(fc.constantFrom(id, volume), text),
      body,
      query,
      headers,
      async (op, key, sent, params, more) => {
        const encode = (part: string) => encodeURIComponent(part.replace(/\p{Surrogate}/gu, ""));
        const search = params.map(([name, one]) => `${name}=${encode(one)}`).join("&");
        const path = `${op.path.replace("{id}", encode(key) || "x")}?${search}`;
        const answer = await ask(
          op.method,
          path,
          op.method === "POST" || op.method === "PUT" ? (sent ?? "null") : undefined,
          {
            ...(more as Record<string, string>),
          },
        );
        expect([op.path, answer.status, errors.map(String)]).toEqual([op.path, expect.any(Number), []]);
        expect(answer.status).toBeLessThan(500);
        if (answer.status >= 400)
          expect(answer.body).toMatchObject({ error: expect.any(String), code: expect.any(String) });
        expect(answer.headers.get("X-Request-Id")).not.toBeNull();
        // Every status is one that the document names, or that any path may have.
        const path404 = key.includes("/") || [".", "..", ""].includes(key);
        if (!path404) expect([...op.statuses, 405]).toContain(answer.status);
      },
    ),
    { numRuns: 600, seed: 1 },
  );
}, 30_000);
