// What a benchmark hands back, and how it reads on a terminal.
import type { Estimate } from "./statistics.ts";

/** What a ratio has to be; absent where there is nothing to reach, as with peers. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

export interface Row {
  readonly subject: string;
  /** Exact ratios (sizes, bytes) have no interval. */
  readonly ratio: number;
  readonly interval?: readonly [low: number, high: number] | undefined;
  readonly target?: Target | undefined;
  /** The measured values behind the ratio, in words. */
  readonly detail: string;
}

export interface Report {
  readonly name: string;
  /** What was compared with what. */
  readonly title: string;
  readonly rows: readonly Row[];
  readonly notes?: readonly string[] | undefined;
}

/**
 * `holds`: all of the interval is on the right side of the target. `reached`: the interval reaches it, so the measurement
 * does not contradict it. `missed`: it does.
 */
export type Verdict = "holds" | "reached" | "missed";

export function verdict({ ratio, interval = [ratio, ratio], target }: Row): Verdict | undefined {
  if (!target) return undefined;
  const [low, high] = interval;
  const [worst, best] =
    "atLeast" in target ? [low - target.atLeast, high - target.atLeast] : [target.atMost - high, target.atMost - low];
  return worst >= 0 ? "holds" : best >= 0 ? "reached" : "missed";
}

export const row = (subject: string, { ratio, low, high }: Estimate, detail: string, target?: Target): Row => ({
  subject,
  ratio,
  interval: [low, high],
  target,
  detail,
});

const targetText = (target: Target | undefined) =>
  !target ? "" : "atLeast" in target ? `at least ${target.atLeast}` : `at most ${target.atMost}`;

/** The report as a Markdown table: it reads on a terminal and pastes into the README. */
export function table({ name, title, rows, notes = [] }: Report): string {
  const cells = [
    ["subject", "ratio", "95 % interval", "target", "verdict", "measured"],
    ...rows.map((each) => [
      each.subject,
      each.ratio.toFixed(2),
      each.interval ? `${each.interval[0].toFixed(2)} to ${each.interval[1].toFixed(2)}` : "",
      targetText(each.target),
      verdict(each) ?? "",
      each.detail,
    ]),
  ];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0))) ?? [];
  const lines = cells.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`);
  lines.splice(1, 0, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
  return [`${name}: ${title}`, "", ...lines, ...(notes.length ? ["", ...notes] : []), ""].join("\n");
}
