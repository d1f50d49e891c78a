// What `import` costs: a Node program that imports the built client and does nothing else, against an empty one.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { publishedFile } from "./packages.ts";
import { type Report, row } from "./report.ts";
import { estimate, median } from "./statistics.ts";

export async function imports(quick: boolean, progress: (text: string) => void): Promise<Report> {
  const home = mkdtempSync(join(tmpdir(), "porter-sandbox-bench-"));
  const program = (name: string, text: string) => {
    const file = join(home, `${name}.mjs`);
    writeFileSync(file, text);
    return file;
  };
  const time = (file: string) => {
    const began = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8", env: {} });
    if (status !== 0) throw new Error(`the program that was timed failed:\n${stderr}`);
    return performance.now() - began;
  };
  const empty = program("empty", "");
  const subjects: [name: string, url: string | undefined][] = [
    ["nothing", undefined],
    ["porter-sandbox", pathToFileURL(publishedFile("node")).href],
    ...["ky", "openapi-fetch", "undici", "e2b", "@vercel/sandbox"].map((name): [string, string] => [
      name,
      import.meta.resolve(name),
    ]),
  ];
  const rows = [];
  for (const [name, url] of subjects) {
    progress(name);
    const file = program(name.replace("/", "-"), url ? `import ${JSON.stringify(url)};` : "");
    const [with_, without]: [number[], number[]] = [[], []];
    for (let pair = -2; pair < (quick ? 5 : 30); pair++) {
      const swapped = pair % 2 !== 0;
      const [one, two] = [time(swapped ? empty : file), time(swapped ? file : empty)];
      if (pair < 0) continue;
      with_.push(swapped ? two : one);
      without.push(swapped ? one : two);
    }
    const ratios = with_.map((milliseconds, pair) => milliseconds / (without[pair] ?? Number.NaN));
    const detail = `${median(with_).toFixed(1)} ms, empty ${median(without).toFixed(1)} ms`;
    rows.push(row(name, estimate([ratios]), detail, name === "porter-sandbox" ? { atMost: 1.25 } : undefined));
  }
  rmSync(home, { recursive: true });
  return { name: "import", title: `start of a program that imports it, as a ratio to an empty program`, rows };
}
