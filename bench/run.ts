// `pnpm bench [name...] [--json] [--quick]`: measures, prints, and never fails for a figure, only for a crash.
import { availableParallelism } from "node:os";
import { docker } from "./docker.ts";
import { fake } from "./fake.ts";
import { files } from "./files.ts";
import { imports } from "./import.ts";
import { build } from "./packages.ts";
import { type Report, table, verdict } from "./report.ts";
import { requests } from "./requests.ts";
import { size } from "./size.ts";
import { spawn } from "./spawn.ts";

const benchmarks: Record<string, (quick: boolean, progress: (text: string) => void) => Promise<Report>> = {
  size,
  import: imports,
  requests,
  files,
  spawn,
  fake,
  docker,
};

const words = process.argv.slice(2);
const quick = words.includes("--quick");
const json = words.includes("--json");
const names = words.filter((word) => !word.startsWith("--"));
const unknown = [
  ...names.filter((name) => !(name in benchmarks)),
  ...words.filter((word) => word.startsWith("--") && word !== "--quick" && word !== "--json"),
];
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(", ")}; there are ${Object.keys(benchmarks).join(", ")}, --json and --quick`);
  process.exit(1);
}

const say = (text: string) => process.stderr.write(`${text}\n`);
say("building");
build();

const reports: Report[] = [];
for (const [name, measure] of Object.entries(benchmarks)) {
  if (names.length > 0 && !names.includes(name)) continue;
  const report = await measure(quick, (text) => say(`${name}: ${text}`));
  reports.push(report);
  if (!json) console.log(`\n${table(report)}`);
}

const machine = `Node ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores${quick ? ", --quick" : ""}`;
if (json) {
  const judged = reports.map((report) => ({
    ...report,
    rows: report.rows.map((each) => ({ ...each, verdict: verdict(each) })),
  }));
  console.log(JSON.stringify({ machine, reports: judged }, null, 2));
} else console.log(machine);
