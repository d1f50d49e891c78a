/** `pnpm soak [--sandboxes N] [--engine docker|memory] [--parallel P]`: see `--help`. */
import { parseArgs } from "node:util";
import { runSoak } from "./soak.ts";
import { wholeNumber } from "./whole-number.ts";

const usage = `Sandboxes created, used and ended, one after the other; then the server's memory and open files must be where they
were after the first tenth.

  --sandboxes N             how many, after that (default 1000)
  --engine docker|memory    default docker, an engine of its own where this is root, with dockerd
  --parallel P              how many live at once (default 8)
`;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    sandboxes: { type: "string", default: "1000" },
    engine: { type: "string", default: "docker" },
    parallel: { type: "string", default: "8" },
    help: { type: "boolean", short: "h" },
  },
});

if (values.help) process.stdout.write(usage);
else {
  const engine = (["docker", "memory"] as const).find((name) => name === values.engine);
  if (engine === undefined) throw new Error(`--engine: must be docker or memory (got ${values.engine})`);
  const report = await runSoak({
    engine,
    sandboxes: wholeNumber("--sandboxes", values.sandboxes, 4),
    parallel: wholeNumber("--parallel", values.parallel, 1),
    say: console.log,
  });
  if (typeof report === "string") console.log(`skipped: ${report}`);
  else {
    for (const violation of report.violations) console.log(`VIOLATION ${violation}`);
    process.exitCode = report.violations.length > 0 ? 1 : 0;
  }
}
