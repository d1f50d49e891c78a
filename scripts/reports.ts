import type { Counts } from "./counts.ts";

/** One test as its runner reported it. */
export interface ReportedTest {
  /** Its full name, with the names of its groups before it. */
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** How it failed, as the runner says it. */
  readonly message?: string;
}

/** Reads vitest's JSON report. A file that failed before its first test is one failed test. */
export function readVitestReport(json: string): ReportedTest[] {
  const report = JSON.parse(json) as {
    testResults: {
      name: string;
      status: string;
      message?: string;
      assertionResults: { fullName: string; status: string; failureMessages?: string[] | null }[];
    }[];
  };
  return report.testResults.flatMap((file): ReportedTest[] => {
    if (file.assertionResults.length === 0 && file.status === "failed") {
      return [{ name: file.name, outcome: "failed", message: file.message ?? "failed before its first test" }];
    }
    return file.assertionResults.map(({ fullName, status, failureMessages }) => ({
      name: fullName.trim(),
      outcome: status === "passed" || status === "failed" ? status : "skipped",
      ...(status === "failed" ? { message: (failureMessages ?? []).join("\n") } : {}),
    }));
  });
}

/** Reads the part of JUnit's XML that Deno and Bun write. */
export function readJunitReport(xml: string): ReportedTest[] {
  return [...xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map((match): ReportedTest => {
    const [, attributes = "", inside = ""] = match;
    const name = unescapeXml(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? "");
    if (/<skipped\b/.test(inside)) return { name, outcome: "skipped" };
    const failure = /<(?:failure|error)\b([^>]*?)(?:\/>|>([\s\S]*?)<\/(?:failure|error)>)/.exec(inside);
    if (failure === null) return { name, outcome: "passed" };
    const [, said = "", text = ""] = failure;
    const message = `${/\bmessage="([^"]*)"/.exec(said)?.[1] ?? ""}\n${text.replace(/<!\[CDATA\[|\]\]>/g, "")}`;
    return { name, outcome: "failed", message: unescapeXml(message).trim() };
  });
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#([0-9]+)|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return entities[String(name)] ?? whole;
  });
}

export function countTests(tests: readonly ReportedTest[]): Counts {
  const count = (outcome: ReportedTest["outcome"]) => tests.filter((test) => test.outcome === outcome).length;
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}

/**
 * What is wrong with a report although its tests passed: a test that should have been there and is not, a skip that
 * nobody reviewed, a reviewed skip that is none any more.
 *
 * @param expected the full name of each test that has to be in the report
 * @param reviewed the full names of the tests that may be skipped
 */
export function findSurprises(
  tests: readonly ReportedTest[],
  { expected, reviewed }: { readonly expected: readonly string[]; readonly reviewed: readonly string[] },
): string[] {
  const outcomes = new Map(tests.map(({ name, outcome }) => [name, outcome]));
  const allowed = new Set(reviewed);
  const skipped = tests.filter(({ outcome }) => outcome === "skipped").map(({ name }) => name);
  return [
    ...expected.filter((name) => !outcomes.has(name)).map((name) => `missing: ${name}`),
    ...skipped.filter((name) => !allowed.has(name)).map((name) => `skipped without a reviewed reason: ${name}`),
    ...reviewed.filter((name) => outcomes.get(name) !== "skipped").map((name) => `reviewed skip that is none: ${name}`),
  ];
}
