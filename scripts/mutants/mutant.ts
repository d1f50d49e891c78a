import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A change to the sources that breaks a promise, so that some case of the contract suite must fail. */
export interface Mutant {
  /** What is broken, in words. Unique. */
  readonly name: string;
  /** The source file, from the root of the repository. */
  readonly file: string;
  /** Text that occurs in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The subjects of the suite that are run on it. */
  readonly subjects: readonly string[];
}

const root = join(import.meta.dirname, "../..");

export const pathOf = (mutant: Mutant): string => join(root, mutant.file);

/** The source with the mutation in it. Throws when the text is not there exactly once: the catalogue is stale then. */
export function mutate(mutant: Mutant, source: string): string {
  const found = source.split(mutant.find).length - 1;
  if (found !== 1) {
    throw new Error(
      `mutant "${mutant.name}" is stale: ${JSON.stringify(mutant.find)} occurs ${found} times in ${mutant.file}`,
    );
  }
  if (mutant.find === mutant.replace) throw new Error(`mutant "${mutant.name}" changes nothing`);
  return source.replace(mutant.find, () => mutant.replace);
}

export const mutatedSource = (mutant: Mutant): string => mutate(mutant, readFileSync(pathOf(mutant), "utf8"));

/** A mutant of a file in short: its name, the text, what stands in its place, and the subjects of the suite to run. */
export type Row = readonly [name: string, find: string, replace: string, ...subjects: string[]];

export const inFile = (file: string, rows: readonly Row[]): Mutant[] =>
  rows.map(([name, find, replace, ...subjects]) => ({ name, file, find, replace, subjects }));
