import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { licencesOf } from "./licences.ts";

test("each package from elsewhere goes with its licence, once, and one without any may not be bundled", () => {
  const folder = mkdtempSync(join(tmpdir(), "porter-sandbox-licences-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const lay = (name: string, licence?: string) => {
    const at = join(folder, "node_modules", name);
    mkdirSync(at, { recursive: true });
    if (licence !== undefined) writeFileSync(join(at, "LICENSE"), licence);
    return [join(at, "index.js"), join(at, "more.js")];
  };
  const ours = [...lay("@porter-sandbox/core"), join(folder, "packages/api/src/index.ts")];
  expect(licencesOf(ours)).toBeUndefined();
  const files = [...ours, ...lay("zod", "MIT of zod\n"), ...lay("@hono/node-server", "MIT of hono")];
  const dashes = "-".repeat(80);
  expect(licencesOf(files)).toBe(`@hono/node-server\n\nMIT of hono\n\n${dashes}\n\nzod\n\nMIT of zod\n`);
  expect(() => licencesOf([...files, ...lay("bare")])).toThrow("bare has no licence file");
});
