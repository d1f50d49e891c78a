// What the fake costs when much is in it: 1,000, 10,000 and 100,000 sandboxes side by side, asked the same things in turn.
// A cost that does not grow has a ratio near 1 between the largest and the smallest.
import { fork } from "node:child_process";
import { createFakeSandboxApi, type FakeSandboxApi as Fake } from "@porter-sandbox/testing";
import { type Report, type Row, row, type Target } from "./report.ts";
import { estimate, median } from "./statistics.ts";

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

interface Filled {
  readonly fake: Fake;
  /** Milliseconds that each thousand of creates took. */
  readonly thousands: readonly number[];
  readonly bytesEach: number;
}

const bytesUsed = () => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

async function filled(count: number): Promise<Filled> {
  const fake = createFakeSandboxApi();
  const before = bytesUsed();
  const thousands: number[] = [];
  for (let number = 0, began = performance.now(); number < count; number++) {
    await create(fake, number);
    if (number % 1000 !== 999) continue;
    // What a test's own list of requests takes is not the sandboxes'.
    await fake.control.clearRequests();
    thousands.push(performance.now() - began);
    began = performance.now();
  }
  return { fake, thousands, bytesEach: (bytesUsed() - before) / count };
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

interface Question {
  readonly name: string;
  readonly query: string;
  /** An exact number of pages takes a look at every match of one of two filters: that grows, and is shown, not judged. */
  readonly walks?: boolean;
}

const questions: readonly Question[] = [
  { name: "page by a tag of 40 sandboxes", query: "tag=batch%3Db3" },
  { name: "page by a tag of a tenth of them", query: "tag=workflow%3Dw3" },
  { name: "second page by that tag", query: "tag=workflow%3Dw3&page=2" },
  { name: "page by both tags", query: "tag=workflow%3Dw3&tag=batch%3Db3" },
  { name: "page of everything", query: "" },
  { name: "page by the larger tag and a phase", query: "tag=workflow%3Dw3&phase=running", walks: true },
];

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
  const stores: (Filled & { size: number; next: number })[] = [];
  for (const size of sizes) stores.push({ size, ...(await filled(size)), next: size });
  const [small, large] = [stores[0], stores.at(-1)];
  if (!small || !large) throw new Error("no sizes");

  const compare = async (
    name: string,
    ask: (store: (typeof stores)[number]) => Promise<number>,
    target: Target | undefined,
  ): Promise<Row> => {
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
    return row(name, estimate([ratios]), detail, target);
  };

  const flat = { atMost: 1.25 };
  const rows = [
    await compare(
      "create",
      async (store) => {
        // The smallest is filled anew now and then: it would not stay small.
        if (store.size === 1_000 && store.next > 2_000) Object.assign(store, await filled(1_000), { next: 1_000 });
        const one = () => create(store.fake, store.next++);
        // The first after another fake's turn find cold caches.
        await cost(20, one);
        return cost(100, one);
      },
      flat,
    ),
  ];
  for (const { name, query, walks } of questions) {
    rows.push(await compare(name, ({ fake }) => cost(20, () => page(fake, query)), walks ? undefined : flat));
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
