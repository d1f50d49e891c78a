// Examines the packages as they are published: node scripts/package-checks.ts [--json file], after scripts/pack.ts.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundleChecks } from "./checks/bundles.ts";
import type { Check } from "./checks/check.ts";
import { installChecks, installInto } from "./checks/installs.ts";
import { manifestChecks } from "./checks/manifests.ts";
import { line } from "./counts.ts";
import { publicPackages } from "./pack.ts";
import { root } from "./process.ts";

const { values } = parseArgs({ options: { json: { type: "string" } } });
const packages = publicPackages();
const absent = packages.filter(({ tarball }) => !existsSync(tarball)).map(({ name }) => name);
if (absent.length > 0) {
  console.error(`not packed yet: ${absent.join(", ")}; run \`pnpm run pack\` first`);
  process.exit(2);
}

/** The packages that are installed without a registry, since they pull in nothing. */
const alone = ["porter-sandbox", "@porter-sandbox/core", "@porter-sandbox/edge"];
const project = mkdtempSync(join(tmpdir(), "porter-sandbox-project-"));
const counts = { passed: 0, failed: 0, skipped: 0 };
try {
  await installInto(
    project,
    packages.filter(({ name }) => alone.includes(name)),
  );
  const checks: Check[] = [
    ...packages.flatMap((each) => manifestChecks(each, join(root, "runtimes/node_modules", each.name))),
    ...installChecks(project),
    ...bundleChecks(project),
  ];
  for (const check of checks) {
    try {
      const remark = await check.run();
      counts.passed++;
      console.log(`ok    ${check.name}${remark === undefined ? "" : `: ${remark}`}`);
    } catch (error) {
      counts.failed++;
      console.log(`FAIL  ${check.name}\n${error instanceof Error ? error.message : error}`);
    }
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}
console.log(line(counts));
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
