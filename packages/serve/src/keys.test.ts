import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSandboxApi } from "@porter-sandbox/api";
import { createMemoryEngine } from "@porter-sandbox/testing";
import { afterAll, expect, test } from "vitest";
import { hashKey, keyAuth, newKey, readKeyFile } from "./keys.ts";

const folder = mkdtempSync(join(tmpdir(), "porter-sandbox-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fileWith = (text: string): string => {
  const path = join(folder, "keys");
  writeFileSync(path, text);
  return path;
};

test("of several keys each gets in, and nothing else does", async () => {
  const keys = [newKey(), newKey()];
  const api = createSandboxApi({ engine: createMemoryEngine(), auth: keyAuth(keys.map(hashKey)) });
  const ask = async (authorization?: string) => {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    return (await api.fetch(new Request("http://api.test/v1/sandbox", { headers }))).status;
  };
  for (const key of keys) expect(await ask(`Bearer ${key}`)).toBe(200);
  const [key = ""] = keys;
  for (const wrong of [
    undefined,
    `Bearer ${newKey()}`,
    `Bearer ${key.slice(1)}`,
    `Bearer ${hashKey(key)}`,
    `Basic ${key}`,
  ]) {
    expect(await ask(wrong)).toBe(401);
  }
  await api.close();
});

test("new keys differ and are long", () => {
  const keys = new Set(Array.from({ length: 50 }, newKey));
  expect(keys.size).toBe(50);
  for (const key of keys) expect(key).toMatch(/^psk_[\w-]{43}$/);
});

test("hashes that are none, or no hash at all, are refused", () => {
  expect(() => keyAuth([])).toThrow("keys: must be one or more");
  expect(() => keyAuth([hashKey("a"), "sha256:12"])).toThrow("keys[1]: must be sha256:");
});

test("a key file holds keys and hashes, with comments between them", () => {
  const [first, second] = [newKey(), newKey()];
  const path = fileWith(`# team a\n${first}\r\n\n  ${hashKey(second)}  \n`);
  expect(readKeyFile(path)).toEqual([hashKey(first), hashKey(second)]);
});

test.each([
  ["a short key", "# one\ntoo-short-a-secret", "line 2: must be"],
  ["a key with white space", `${"x".repeat(40)} ${"y".repeat(40)}`, "line 1: must be"],
  ["a broken hash", "sha256:abc", "line 1: must be"],
  ["no key", "# none\n", "must have at least one key"],
])("%s is refused with its line, and is not shown", (_, text, message) => {
  const path = fileWith(text);
  expect(() => readKeyFile(path)).toThrow(`key file ${path}`);
  expect(() => readKeyFile(path)).toThrow(message);
  expect(() => readKeyFile(path)).not.toThrow(/secret|xxx|abc/);
});

test("a key file that is not there is named", () => {
  expect(() => readKeyFile("/nowhere/keys")).toThrow("key file /nowhere/keys: cannot be read (ENOENT)");
});
