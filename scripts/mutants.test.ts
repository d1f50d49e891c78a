import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { expect, test } from "vitest";
import { contractCases } from "../packages/testing/src/contract.ts";
import { catalogue } from "./mutants/catalogue.ts";
import { mutate, pathOf } from "./mutants/mutant.ts";

const subjects = new Set(contractCases.map(({ name }) => name.slice(0, name.indexOf(":"))));
const source = (file: string) => readFileSync(file, "utf8");

test("every mutant's text stands in its file exactly once, so none is stale, and what it makes of it is code", () => {
  const broken = catalogue.flatMap((mutant) => {
    try {
      stripTypeScriptTypes(mutate(mutant, source(pathOf(mutant))));
      return [];
    } catch (error) {
      return [`${mutant.name}: ${(error as Error).message}`];
    }
  });
  expect(broken).toEqual([]);
});

test("mutants have names of their own, and subjects that there are", () => {
  const names = catalogue.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  for (const mutant of catalogue) {
    expect(mutant.subjects, mutant.name).not.toEqual([]);
    expect(
      mutant.subjects.filter((subject) => !subjects.has(subject)),
      mutant.name,
    ).toEqual([]);
  }
});

test("a text that is not there once, and one that changes nothing, are refused", () => {
  const mutant = { name: "x", file: "f.ts", find: "a", replace: "b", subjects: [] };
  expect(mutate(mutant, "cat")).toBe("cbt");
  expect(() => mutate(mutant, "banana")).toThrow("occurs 3 times");
  expect(() => mutate(mutant, "dog")).toThrow("occurs 0 times");
  expect(() => mutate({ ...mutant, replace: "a" }, "cat")).toThrow("changes nothing");
});
