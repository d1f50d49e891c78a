import { apiMutants } from "./api.ts";
import { coreMutants } from "./core.ts";
import type { Mutant } from "./mutant.ts";
import { specMutants } from "./spec.ts";
import { testingMutants } from "./testing.ts";

/** Every mutant, by the package that it breaks. */
export const catalogue: readonly Mutant[] = [...specMutants, ...apiMutants, ...testingMutants, ...coreMutants];
