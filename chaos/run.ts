/** `pnpm chaos [--rounds N] [--seed S] [--clients C] [--only KIND]`: see `--help`. */
import { parseArgs } from "node:util";
import { runChaos } from "./chaos.ts";
import { disturbances } from "./disturbance.ts";
import { wholeNumber } from "./whole-number.ts";

const usage = `Clients at work while the server, the Docker engine and connections fail; then what they were told is compared
with what is there. Needs root and dockerd.

  --rounds N     how often something fails (default 6)
  --seed S       the same operations and failures again; the machine's own timing stays its own (default: a new one)
  --clients C    how many work at once (default 4)
  --only KIND    ${disturbances.join(", ")}; several times for several
`;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    rounds: { type: "string", default: "6" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
    clients: { type: "string", default: "4" },
    only: { type: "string", multiple: true },
    help: { type: "boolean", short: "h" },
  },
});

if (values.help) process.stdout.write(usage);
else {
  const only = values.only?.map((word) => {
    const kind = disturbances.find((known) => known === word);
    if (kind === undefined) throw new Error(`--only: must be one of ${disturbances.join(", ")} (got ${word})`);
    return kind;
  });
  const seed = wholeNumber("--seed", values.seed, 0);
  console.log(`seed ${seed}`);
  const report = await runChaos({
    rounds: wholeNumber("--rounds", values.rounds, 1),
    seed,
    clients: wholeNumber("--clients", values.clients, 1),
    only,
    say: console.log,
  });
  if (typeof report === "string") {
    console.log(`skipped: ${report}`);
  } else {
    if (report.violations.length > 0) console.log(`\n${report.complaints.join("\n")}`);
    console.log(
      `\nseed ${seed}: ${report.sandboxes} sandboxes, ${JSON.stringify(report.counts)}, ${report.cuts} connections cut, ` +
        `${report.violations.length} violations`,
    );
    process.exitCode = report.violations.length > 0 ? 1 : 0;
  }
}
