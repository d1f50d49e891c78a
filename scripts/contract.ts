// Runs the contract suite against any server of the Sandbox API:
//   pnpm contract --base-url URL [--api-key KEY] [--image IMAGE] [--only TEXT] [--without A,B] [--control-url URL] [--json]
import { parseArgs } from "node:util";
import { Porter } from "../packages/node/src/index.ts";
import {
  type Capability,
  type CaseResult,
  capabilities,
  capabilityMatrix,
  contractCases,
  probeCapabilities,
  runContract,
  type Target,
} from "../packages/testing/src/contract.ts";
import { remoteControl } from "../packages/testing/src/index.ts";

const usage = `Usage: pnpm contract --base-url URL [options]

  --base-url URL       the server; a path in it is kept. Required
  --api-key KEY        sent as a bearer token. Default: PORTER_SANDBOX_API_KEY
  --image IMAGE        an image with echo, cat, ls, true, false, sleep, printenv, mkdir and touch. Default: busybox:1
  --only TEXT          only cases whose name contains TEXT
  --without A,B        capabilities that the server is not to be held to, of
                       ${capabilities.join(", ")}
  --control-url URL    where a fake lets its clock and faults be moved
  --boot-timeout SECS  how long a sandbox may take to start. Default: 60
  --concurrency N      how many cases run at once. Default: 4
  --json               one line of JSON for each case, and nothing else, on standard output
`;

class UsageError extends Error {}

interface Command {
  readonly target: Omit<Target, "capabilities">;
  readonly without: readonly string[];
  readonly only: string | undefined;
  readonly json: boolean;
  readonly concurrency: number;
}

function readCommand(args: string[]): Command {
  const { values } = parse(args);
  const baseUrl = values["base-url"];
  if (baseUrl === undefined) throw new UsageError("--base-url is required");
  checkUrl("--base-url", baseUrl);
  const controlUrl = values["control-url"];
  if (controlUrl !== undefined) checkUrl("--control-url", controlUrl);
  const without = (values.without ?? "").split(",").filter(Boolean);
  for (const name of without) {
    if (!(capabilities as readonly string[]).includes(name)) {
      throw new UsageError(`--without: ${name} is no capability; there are ${capabilities.join(", ")}`);
    }
  }
  const only = values.only;
  if (only !== undefined && !contractCases.some(({ name }) => name.includes(only))) {
    throw new UsageError(`--only: no case has "${only}" in its name`);
  }
  // biome-ignore lint/suspicious/noUndeclaredEnvVars: no task of turbo runs this
  const apiKey = values["api-key"] ?? process.env.PORTER_SANDBOX_API_KEY;
  return {
    target: {
      fetch: (input, init) => fetch(input, init),
      baseUrl,
      image: values.image ?? "busybox:1",
      bootTimeoutMs: number("--boot-timeout", values["boot-timeout"] ?? "60") * 1000,
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(controlUrl === undefined ? {} : { control: remoteControl(controlUrl) }),
    },
    without,
    only,
    json: values.json ?? false,
    concurrency: number("--concurrency", values.concurrency ?? "4"),
  };
}

function parse(args: string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args,
      options: {
        "base-url": text,
        "api-key": text,
        image: text,
        only: text,
        without: text,
        "control-url": text,
        "boot-timeout": text,
        concurrency: text,
        json: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function checkUrl(option: string, text: string): void {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? "")) {
    throw new UsageError(`${option}: must be an http or https URL (got "${text}")`);
  }
}

function number(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new UsageError(`${option}: must be a whole number of at least 1 (got "${text}")`);
  }
  return value;
}

/** Why cases were skipped, each reason once, with how many. */
function skipReasons(results: readonly CaseResult[]): string[] {
  const reasons = new Map<string, number>();
  for (const { outcome, reason = "" } of results) {
    if (outcome === "skipped") reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return [...reasons].map(([reason, count]) => `  ${count} because ${reason}`);
}

async function main(args: string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(usage);
    return 0;
  }
  const { target, without, only, json, concurrency } = readCommand(args);
  const say = (line: string) => (json ? undefined : console.log(line));

  const found = await probeCapabilities(target);
  const kept: Capability[] = found.filter((name) => !without.includes(name));
  say(`${target.baseUrl} has ${kept.join(", ")}`);

  const results = await runContract(
    { ...target, capabilities: kept },
    {
      Porter,
      only,
      concurrency,
      onResult(result) {
        const { name, outcome, ms, reason } = result;
        if (json) console.log(JSON.stringify({ name, outcome, ms, reason }));
        else if (outcome === "passed") console.log(`ok    ${name} (${ms} ms)`);
        else if (outcome === "failed") console.log(`FAIL  ${name} (${ms} ms)\n      ${reason}`);
      },
    },
  );

  const count = (outcome: CaseResult["outcome"]) => results.filter((result) => result.outcome === outcome).length;
  say(`\n${capabilityMatrix(results)}\n`);
  for (const { name, outcome, reason } of results) if (outcome === "failed") say(`FAIL  ${name}\n      ${reason}`);
  const reasons = skipReasons(results);
  if (reasons.length > 0) say(`Skipped:\n${reasons.join("\n")}`);
  say(`${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`);
  return count("failed") > 0 || count("passed") === 0 ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsage = error instanceof UsageError;
  const { message, cause } = error as Error;
  const reason = cause instanceof Error ? ` (${cause.message || cause.name})` : "";
  console.error(isUsage ? `${message}\n\n${usage}` : `contract: ${message}${reason}`);
  process.exitCode = isUsage ? 2 : 1;
}
