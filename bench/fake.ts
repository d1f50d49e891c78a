// What the fake costs when much is in it: 1,000, 10,000 and 100,000 sandboxes side by side, asked the same things in turn.
// A cost that does not grow has a ratio near 1 between the largest and the smallest.
import { fork } from "node:child_process";
import { createFakeSandboxApi } from "@porter-sandbox/testing";
import { type Report, type Row, row } from "./report.ts";
import { estimate, median } from "./statistics.ts";

type Fake = ReturnType<typeof createFakeSandboxApi>;

const origin = "http://sandbox-api.local";
/** Every tenth sandbox has the same `workflow`, so what matches grows with what exists; a `batch` is always 40. */
const workflows = 10;
const batch = 40;

async function create(fake: Fake, number: number): Promise<void> {
  const body = JSON.stringify({
    image: "python:3.12-slim",
    name: `bench-${number}`,
    tags: { workflow: `w${number % workflows}`, batch: `b${Math.floor(number / batch)}` },
  });
  const headers = { "Content-Type": "application/json" };
  const answer = await fake.fetch(new Request(`${origin}/v1/sandbox/run`, { method: "POST", headers, body }));
  await answer.text();
  if (answer.status !== 200) throw new Error(`create answered ${answer.status}`);
}

interface Page {
  readonly sandboxes: readonly unknown[];
  readonly pagination: { readonly total_pages: number; readonly has_next_page: boolean };
}

async function page(fake: Fake, query: string): Promise<Page> {
  const answer = await fake.fetch(new Request(`${origin}/v1/sandbox?${query}`));
  if (answer.status !== 200) throw new Error(`list answered ${answer.status}`);
  return (await answer.json()) as Page;
}

/** A fake with `count` sandboxes, and the milliseconds that every thousand of them took. */
async function filled(count: number): Promise<{ fake: Fake; thousands: number[]; bytesEach: number }> {
  const fake = createFakeSandboxApi();
  globalThis.gc?.();
  const before = process.memoryUsage();
  const thousands: number[] = [];
  for (let number = 0, began = performance.now(); number < count; number++) {
    await create(fake, number);
    if (number % 1000 !== 999) continue;
    // What a test's own list of requests takes is not the sandboxes'.
    await fake.control.clearRequests();
    thousands.push(performance.now() - began);
    began = performance.now();
  }
  globalThis.gc?.();
  const after = process.memoryUsage();
  const used = (usage: NodeJS.MemoryUsage) => usage.heapUsed + usage.external;
  return { fake, thousands, bytesEach: (used(after) - used(before)) / count };
}

/** Walks the pages of one workflow and counts what is on them. */
async function walk(fake: Fake): Promise<{ found: number; pages: number }> {
  let found = 0;
  for (let number = 1; ; number++) {
    const { sandboxes, pagination } = await page(fake, `tag=workflow%3Dw3&page=${number}`);
    found += sandboxes.length;
    if (!pagination.has_next_page) return { found, pages: number };
  }
}

const questions: Record<string, (fake: Fake) => Promise<unknown>> = {
  "page by a tag of 40 sandboxes": (fake) => page(fake, "tag=batch%3Db3"),
  "page by a tag of a tenth of them": (fake) => page(fake, "tag=workflow%3Dw3"),
  "second page by that tag": (fake) => page(fake, "tag=workflow%3Dw3&page=2"),
  "page by two tags": (fake) => page(fake, "tag=workflow%3Dw3&tag=batch%3Db3"),
  "page by a tag and a phase": (fake) => page(fake, "tag=workflow%3Dw3&phase=running"),
  "page of everything": (fake) => page(fake, ""),
};

/** Microseconds that one call takes, over `times` of them. */
async function cost(times: number, call: (index: number) => Promise<unknown>): Promise<number> {
  const began = performance.now();
  for (let index = 0; index < times; index++) await call(index);
  return ((performance.now() - began) * 1000) / times;
}

async function measure(quick: boolean): Promise<Report> {
  const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
  const rounds = quick ? 6 : 24;
  // Compiles the code before anything counts.
  await filled(2_000);
  const stores = [];
  for (const size of sizes) stores.push({ size, ...(await filled(size)), next: size });
  const [small, large] = [stores[0], stores.at(-1)];
  if (!small || !large) throw new Error("no sizes");

  const compare = async (name: string, ask: (store: (typeof stores)[number]) => Promise<number>): Promise<Row> => {
    const costs = new Map<number, number[]>(sizes.map((size) => [size, []]));
    for (let round = -3; round < rounds; round++) {
      for (const store of round % 2 === 0 ? stores : stores.toReversed()) {
        const microseconds = await ask(store);
        if (round >= 0) costs.get(store.size)?.push(microseconds);
        await store.fake.control.clearRequests();
      }
    }
    const of = (size: number) => costs.get(size) ?? [];
    const ratios = of(large.size).map((microseconds, index) => microseconds / (of(small.size)[index] ?? Number.NaN));
    const detail = sizes.map((size) => `${median(of(size)).toFixed(0)} µs at ${size.toLocaleString("en")}`).join(", ");
    return row(name, estimate([ratios]), detail, { atMost: 1.25 });
  };

  const rows = [
    await compare("create", async (store) => {
      // The smallest is filled anew each time: it would not stay small.
      if (store.size === 1_000) Object.assign(store, await filled(1_000), { next: 1_000 });
      return cost(100, () => create(store.fake, store.next++));
    }),
  ];
  for (const [name, ask] of Object.entries(questions)) {
    rows.push(await compare(name, ({ fake }) => cost(20, () => ask(fake))));
  }

  const began = performance.now();
  const { found, pages } = await walk(large.fake);
  const walked = performance.now() - began;
  const perThousand = (times: readonly number[]) => `${median(times).toFixed(0)} ms`;
  const notes = [
    `${large.size.toLocaleString("en")} sandboxes were created in ${(large.thousands.reduce((sum, each) => sum + each, 0) / 1000).toFixed(1)} s: a thousand in ${perThousand(large.thousands.slice(0, 5))} at first, in ${perThousand(large.thousands.slice(-5))} at last.`,
    `All ${found.toLocaleString("en")} with one tag were listed in ${pages} pages, ${((walked * 1000) / pages).toFixed(0)} µs a page.`,
    `${large.bytesEach.toFixed(0)} bytes a sandbox, records and indexes and the memory engine included.`,
  ];
  for (const { fake } of stores) await fake.close();
  const title = `cost at ${large.size.toLocaleString("en")} sandboxes as a ratio to ${small.size.toLocaleString("en")}`;
  return { name: "fake", title, rows, notes };
}

/** In a process of its own, where garbage can be collected on demand, so that bytes can be counted. */
export function fake(quick: boolean, progress: (text: string) => void): Promise<Report> {
  progress("filling and asking");
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, quick ? ["--quick"] : [], { execArgv: ["--expose-gc"] });
    let report: Report | undefined;
    child.on("message", (message) => {
      report = message as Report;
    });
    child.on("error", reject);
    child.on("exit", (code) => (report && code === 0 ? resolve(report) : reject(new Error(`exit code ${code}`))));
  });
}

if (import.meta.main) {
  const report = await measure(process.argv.includes("--quick"));
  if (process.send) process.send(report, () => process.exit(0));
  else console.log(report);
}
