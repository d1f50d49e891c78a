// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is code as text
import { inFile, type Mutant } from "./mutant.ts";

/** How long sandboxes live, why they ended, and waiting for either. */
export const lifetimeMutants: readonly Mutant[] = [
  ...inFile("packages/api/src/control/lifetime.ts", [
    ["nothing expires", 'else await end(plane, id, "expired");', "", "ttl"],
  ]),
];
