import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const root = new URL("../", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), "utf8");
const text = read("docs/security.md");

/** The letters that stand for files. */
const short = Object.fromEntries(
  [...text.matchAll(/`([A-Z])` is\s+`([^`]+)`/g)].map(([, letter, file]) => [letter, file]),
);

interface Row {
  readonly promise: string;
  readonly held: string;
}
const rows: Row[] = text
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (promise|---)/.test(line))
  .map((line) => {
    const [, promise = "", held = ""] = /^\| (.*) \| (.*) \|$/.exec(line) ?? [];
    return { promise, held };
  });

interface Reference {
  readonly file: string;
  readonly name: string;
}
const referencesOf = ({ held }: Row): Reference[] =>
  [...held.matchAll(/(?:`([^`]+)`|\b([A-Z])): "([^"]+)"(?:; |$)/g)].map(([, file, letter = "", name = ""]) => ({
    file: file ?? short[letter] ?? letter,
    name,
  }));

/** The names of a file's tests, and of the contract suite's cases: what is written as the name of a function that tests. */
function testsIn(file: string): string[] {
  const source = read(file);
  const found = file.includes("/contract/cases/")
    ? source.matchAll(/^ {2}"((?:[^"\\]|\\.)+)": (?:\{|async|\[|\()/gm)
    : source.matchAll(/\b(?:it|test)(?:\.\w+)*(?:\([^"`]*?\)|\(\s*\[[\s\S]*?\]\s*\))?\(\s*"((?:[^"\\]|\\.)+)"/g);
  return [...found].map(([, name = ""]) => name);
}

describe("the promises of docs/security.md", () => {
  test("are many, and each of them names what holds it, and nothing else", () => {
    expect(rows.length).toBeGreaterThan(30);
    for (const row of rows) {
      expect(row.promise, JSON.stringify(row)).not.toBe("");
      const names = referencesOf(row);
      expect(names.length, row.promise).toBeGreaterThan(0);
      const written = names.map(({ name }) => `"${name}"`).join("").length;
      const quoted = [...row.held.matchAll(/"[^"]*"/g)].join("").length;
      expect(written, `${row.promise}: something in its second column is no reference`).toBe(quoted);
    }
  });

  test.each(rows.flatMap((row) => referencesOf(row)))("$file has a test called $name", ({ file, name }) => {
    expect(existsSync(new URL(file, root)), file).toBe(true);
    expect(testsIn(file)).toContain(name);
  });

  test.each([short.I ?? "", short.E ?? ""])("name every test of %s", (file) => {
    const named = rows.flatMap(referencesOf).filter((reference) => reference.file === file);
    const tests = testsIn(file);
    expect(tests.length).toBeGreaterThan(8);
    expect([...new Set(named.map(({ name }) => name))].sort()).toEqual([...tests].sort());
  });
});
