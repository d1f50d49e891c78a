// Runs one measurement in this process. harness.ts starts it; started by hand (with --cpu-prof, say) it prints the rates.
import type { Job, Measurement, Memory, Rates, Suite, Work } from "./harness.ts";

/** Units of work a second in one round. */
async function round({ run, rest }: Work, { inFlight, roundMs }: Measurement): Promise<number> {
  globalThis.gc?.();
  const began = performance.now();
  let done = 0;
  const place = async () => {
    do {
      await run();
      done += 1;
    } while (performance.now() - began < roundMs);
  };
  await Promise.all(Array.from({ length: inFlight }, place));
  const rate = (done * 1000) / (performance.now() - began);
  await rest?.();
  return rate;
}

async function pairs(suite: Suite, measurement: Measurement): Promise<Rates> {
  const subject = await suite.open(measurement.subject, measurement.setting);
  const baseline = await suite.open(measurement.baseline, measurement.setting);
  const rates = { subject: [] as number[], baseline: [] as number[] };
  for (let pair = -measurement.warmUp; pair < measurement.pairs; pair++) {
    // A B, B A, A B, ...: neither is always the one that comes second.
    const first = pair % 2 === 0 ? subject : baseline;
    const one = await round(first, measurement);
    const two = await round(first === subject ? baseline : subject, measurement);
    if (pair < 0) continue;
    rates.subject.push(first === subject ? one : two);
    rates.baseline.push(first === subject ? two : one);
  }
  await subject.close?.();
  await baseline.close?.();
  return rates;
}

async function memory(suite: Suite, measurement: Measurement): Promise<Memory> {
  const work = await suite.open(measurement.subject, measurement.setting);
  const peak = () => process.resourceUsage().maxRSS * 1024;
  const used = () => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const [before, usedBefore] = [peak(), used()];
  let held = 0;
  const sampling = setInterval(() => {
    if (globalThis.gc) held = Math.max(held, used() - usedBefore);
  }, 20);
  for (let unit = 0; unit < measurement.pairs; unit++) await work.run();
  clearInterval(sampling);
  await work.close?.();
  return { before, peak: peak(), held };
}

const job = JSON.parse(process.argv[2] ?? "{}") as Job;
const suite = (await import(new URL(job.measurement.suite, import.meta.url).href)) as Suite;
const result = await (job.kind === "pairs" ? pairs : memory)(suite, job.measurement);
// Connections that a peer keeps alive must not keep this process.
if (process.send) process.send(result, () => process.exit(0));
else {
  console.log(JSON.stringify(result));
  process.exit(0);
}
