import type { Contract } from "./suite.ts";

declare module "vitest" {
  interface ProvidedContext {
    contract: Contract;
  }
}

/** Reads what run.ts wrote into the variable `CONTRACT`. */
export function readContract(text: string | undefined): Contract {
  if (text === undefined) throw new Error("CONTRACT is not set: start the runners with `node runtimes/run.ts`");
  return JSON.parse(text) as Contract;
}

/** What the configurations of the runtimes that vitest drives share. */
export const contractTest = (folder: string) => ({
  root: folder,
  include: ["*.test.ts"],
  testTimeout: 60_000,
  provide: { contract: readContract(process.env.CONTRACT) },
});
